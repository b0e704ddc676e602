"""Make Asterisk and SIPp available without root; skipped when they are.

``python -m telephony.asterisk.install [asterisk|sipp] [--tools DIR]`` (both when none is named).
Only the standard library, so it runs before anything is installed.
"""

import argparse
import fcntl
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from telephony.asterisk.errors import InstallFailed, ProgramMissing
from telephony.asterisk.packages import (
    OWN_SUITE,
    PrivateApt,
    candidate_suites,
    extract,
    require_tools,
)
from telephony.asterisk.program import (
    PROJECT_TOOLS,
    extracted_asterisk,
    find_sipp,
    supported,
    system_asterisk,
)

Say = Callable[[str], None]
CONTAINER_WAY = "也可改用容器方式：make containers-test"


def install_asterisk(tools: Path, say: Say) -> str:
    """Find or fetch Asterisk 20 to 22; returns one line saying what is used."""
    present = system_asterisk() or extracted_asterisk(tools)
    if present is None:
        fetch("asterisk", tools / "asterisk", accepts=supported, say=say)
        present = extracted_asterisk(tools)
    if present is None:
        raise InstallFailed(f"解包后的 Asterisk 不完整，请删除 {tools / 'asterisk'} 后重试")
    return f"Asterisk {present.version}（{present.origin}）"


def install_sipp(tools: Path, say: Say) -> str:
    """Find or fetch SIPp; returns one line saying what is used."""
    try:
        present = find_sipp(tools)
    except ProgramMissing:
        fetch("sip-tester", tools / "sipp", accepts=lambda version: True, say=say)
        present = find_sipp(tools)
    return f"SIPp {present.version}（{present.origin}）"


def fetch(package: str, target: Path, *, accepts: Callable[[str], bool], say: Say) -> None:
    """Extract `package` and its closure to `target` from the first suite that has it.

    Raises InstallFailed with what each suite said when none has an accepted version.
    """
    require_tools()
    target.parent.mkdir(parents=True, exist_ok=True)
    seen: list[str] = []
    for suite in candidate_suites(say):
        label = "本机软件源" if suite.name == OWN_SUITE else suite.name
        say(f"{package}：读取{label}的软件目录")
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".apt-") as folder:
            apt = PrivateApt(Path(folder), suite, say)
            apt.prepare()
            version = apt.candidate_version(package)
            if version is None or not accepts(version):
                seen.append(_verdict(label, version, apt.complaints))
                continue
            say(f"{package} {version}：取自{label}")
            _extract_whole(apt.download(package), target, version, say)
            return
    raise InstallFailed(
        f"没有软件源提供合适的 {package}：\n  "
        + "\n  ".join(seen)
        + f"\n请检查网络与 apt 软件源，或由管理员 apt-get install {package}。{CONTAINER_WAY}"
    )


def _extract_whole(archives: list[Path], target: Path, version: str, say: Say) -> None:
    """Unpack beside the target and rename, so a broken attempt never looks installed."""
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    extract(archives, partial, say)
    (partial / ".installed").write_text(version + "\n")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _verdict(label: str, version: str | None, complaints: list[str]) -> str:
    said = f"{label}：版本 {version} 不在 20–22 之内" if version else f"{label}：没有这个软件包"
    return said + (f"（apt：{complaints[0]}）" if complaints else "")


def main(arguments: list[str] | None = None) -> int:
    """Command-line entry; 0 when everything asked for is there."""
    parser = argparse.ArgumentParser(prog="python -m telephony.asterisk.install")
    parser.add_argument("program", nargs="?", choices=("asterisk", "sipp"), help="缺省为两者")
    parser.add_argument("--tools", type=Path, default=PROJECT_TOOLS, help="安装目录")
    chosen = parser.parse_args(arguments)
    tools: Path = chosen.tools.resolve()
    tools.mkdir(parents=True, exist_ok=True)

    def say(text: str) -> None:
        print(f"  {text}", file=sys.stderr, flush=True)

    steps = {"asterisk": install_asterisk, "sipp": install_sipp}
    names = [chosen.program] if chosen.program else list(steps)
    with (tools / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second waits, then skips
        for name in names:
            began = time.monotonic()
            try:
                used = steps[name](tools, say)
            except InstallFailed as error:
                print(f"错误：{error}", file=sys.stderr)
                return 1
            print(f"{used}，用时 {time.monotonic() - began:.1f} 秒", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
