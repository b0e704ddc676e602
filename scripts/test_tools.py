"""What the tests need besides .venv: Chromium, Chinese fonts, PostgreSQL and SIPp, all real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import machine
from scripts.steps import PYTHON, ROOT, TOOLS, VENV, Step, perform, run

CREATE_NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/hotline-tests.conf")


def system_chromium() -> str | None:
    """The Chromium to drive: what HOTLINE_CHROMIUM names, the system's, None for playwright's own.

    The one without a window of its own comes first: the same pages cost it a fifth less. A snap
    cannot read our folders.
    """
    named = os.environ.get("HOTLINE_CHROMIUM")
    if named:
        return named
    programs = ("chromium-headless-shell", "chromium", "google-chrome")
    found = next(filter(None, map(shutil.which, programs)), None)
    return found if found and "/snap/" not in str(Path(found).resolve()) else None


def chromium() -> bool:
    """Tell whether a Chromium that can be driven is here."""
    found = system_chromium()
    if found is not None:
        return Path(found).exists()
    return any(Path.home().glob(".cache/ms-playwright/chromium-*"))


def chinese_font() -> bool:
    """Tell whether pages with Chinese text would show glyphs instead of boxes."""
    lister = shutil.which("fc-list")
    if lister is None:
        return False
    told = subprocess.run([lister, ":lang=zh-cn"], capture_output=True, text=True, check=False)
    return bool(told.stdout.strip())


def driver_library() -> bool:
    """Tell whether playwright's driver can start: it wants a library a bare Debian lacks."""
    return any(Path("/usr/lib").glob("*/libatomic.so.1"))


def postgresql() -> bool:
    """Tell whether the server programs are here; no running server is needed."""
    if os.environ.get("HOTLINE_TEST_PG_URL"):
        return True
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or bool(shutil.which("initdb"))


def sipp() -> bool:
    """Tell whether SIPp is installed, by the system or in .tools."""
    return (TOOLS / "sipp").exists() or shutil.which("sipp") is not None


def _browser_complete() -> bool:
    return chromium() and chinese_font() and driver_library()


def _install_browser() -> None:
    others = ["fontconfig", "fonts-noto-cjk", "libatomic1"]
    if chromium():
        machine.apt_install(others, why="页面测试需要中文字体")
    elif machine.is_ubuntu():
        # Ubuntu's chromium package is a snap and cannot be driven from here.
        machine.apt_install(others, why="页面测试需要中文字体")
        run(
            [VENV / "bin" / "playwright", "install", "--with-deps", "chromium"],
            log="chromium",
            cure="Ubuntu 的 chromium 是 snap，不能用于测试；"
            "请安装 google-chrome，或用 HOTLINE_CHROMIUM 指明浏览器路径后重试",
        )
    else:
        # Chromium without a window of its own: smaller, and a fifth less work for each page.
        machine.apt_install(
            ["chromium-headless-shell", *others], why="页面测试需要 Chromium 与中文字体"
        )


def _install_postgresql() -> None:
    """Install the server programs without letting the package start a server of its own."""
    why = "测试需要 PostgreSQL 服务器程序"
    folder = CREATE_NO_CLUSTER.parent
    line = f"mkdir -p {folder} && echo 'create_main_cluster = false' > {CREATE_NO_CLUSTER}"
    machine.as_root(["sh", "-c", line], why=why)
    try:
        machine.apt_install(["postgresql"], why=why)
    finally:
        machine.as_root(["rm", "-f", str(CREATE_NO_CLUSTER)], why=why)


def _install_sipp() -> None:
    run(
        [PYTHON, "-m", "telephony.asterisk.install", "sipp"],
        log="sipp",
        cure="请检查 apt 源，或安装系统的 sip-tester 包后重试",
    )


def steps() -> list[Step]:
    """Return the steps; each looks at the machine first and touches it only if something lacks."""
    found = [
        Step(
            name="test-browser",
            title="安装 Chromium 与中文字体（约 170 MB）",
            run=lambda: None if _browser_complete() else _install_browser(),
            ready=_browser_complete,
        ),
        Step(
            name="test-postgresql",
            title="安装 PostgreSQL 服务器程序",
            run=lambda: None if postgresql() else _install_postgresql(),
            ready=postgresql,
        ),
    ]
    installer = ROOT / "telephony" / "asterisk" / "install.py"
    if installer.exists():
        found.append(
            Step(
                name="test-sipp",
                title="准备 SIPp 测试话机",
                run=_install_sipp,
                inputs=[installer, installer.with_name("packages.py")],
                ready=sipp,
            )
        )
    return found


if __name__ == "__main__":
    sys.exit(perform(steps()))
