"""What the machine has, and how to give it more: Debian 12 or newer, Ubuntu 24.04."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.steps import StepError, run


def is_ubuntu() -> bool:
    """Tell Ubuntu, where Chromium is only a snap, from Debian."""
    release = Path("/etc/os-release")
    return release.exists() and "ID=ubuntu" in release.read_text().splitlines()


def apt_install(packages: Sequence[str], *, why: str) -> None:
    """Install packages of the distribution, as root or through sudo.

    Raises StepError with the command to type where neither is possible.
    """
    by_hand = "sudo apt-get update && sudo apt-get install -y " + " ".join(packages)
    if shutil.which("apt-get") is None:
        raise StepError(
            f"{why}，但本机没有 apt-get（目前支持 Debian 12 及以上、Ubuntu 24.04）",
            f"请用本机的软件包管理器安装：{'、'.join(packages)}，然后重试",
        )
    prefix = _as_root(why, by_hand)
    wait = ["-o", "DPkg::Lock::Timeout=600"]
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    cures = {
        "Could not get lock": "另一个 apt 正在运行；等它结束后重试",
        "Unable to locate package": f"软件源里没有这个包；请检查 apt 源后运行：{by_hand}",
        "Temporary failure resolving": "软件源的主机名解析失败；请检查网络或代理后重试",
        "Failed to fetch": "下载失败；请检查网络或 apt 源后重试",
        "No space left": "磁盘已满；请腾出空间后重试",
    }
    apt = [*prefix, "apt-get", *wait]
    run([*apt, "update"], log="apt-update", cure=f"请手工运行：{by_hand}", env=env, cures=cures)
    run(
        [*apt, "install", "-y", "--no-install-recommends", *packages],
        log="apt-install",
        cure=f"请手工运行：{by_hand}",
        env=env,
        cures=cures,
    )


def as_root(command: Sequence[str], *, why: str) -> None:
    """Run one command as root, or say what to type."""
    prefix = _as_root(why, "sudo " + " ".join(command))
    run([*prefix, *command], log="as-root", cure="请手工运行：sudo " + " ".join(command))


def _as_root(why: str, by_hand: str) -> list[str]:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        raise StepError(f"{why}，但当前用户不是 root，也没有 sudo", f"请以 root 运行：{by_hand}")
    # Without a terminal nobody can type a password: fail at once instead of hanging.
    return ["sudo", "-E"] if sys.stdin.isatty() else ["sudo", "-n", "-E"]
