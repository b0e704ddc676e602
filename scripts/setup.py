"""`make setup`: everything needed to run the hotline, inside this folder; starts nothing."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

from scripts import frontend, machine
from scripts.steps import PYTHON, ROOT, VENV, Step, perform, run
from telephony.asterisk.program import extracted_asterisk, system_asterisk

PIP_CURES = {
    "No matching distribution": "软件源里没有这个版本，或连不上软件源；"
    "请检查网络与 pip 配置（pip config list）后重试",
    "CERTIFICATE_VERIFY_FAILED": "证书不被信任；请用 PIP_CERT 指定本单位的根证书后重试",
    "No space left": "磁盘已满（约需 1 GB）；请腾出空间后重试",
    "Read timed out": "下载超时；请稍后重试，已下载的部分不会重来",
}


def environment() -> None:
    """Create .venv; Debian ships venv's other half in a package of its own."""
    if importlib.util.find_spec("ensurepip") is None:
        machine.apt_install(["python3-venv"], why="创建 Python 环境需要 python3-venv")
    # One that works is kept, with what somebody has put into it; one of another Python is not.
    fresh = [] if environment_works() else ["--clear"]
    run(
        [sys.executable, "-m", "venv", *fresh, VENV],
        log="venv",
        cure="请安装 python3-venv（sudo apt-get install python3-venv）后重试",
    )


def environment_works() -> bool:
    """Tell whether .venv has a pip and belongs to the Python that runs this."""
    if not (PYTHON.exists() and (VENV / "bin" / "pip").exists()):
        return False
    told = subprocess.run([PYTHON, "--version"], capture_output=True, text=True, check=False)
    return told.stdout.split()[1:] == [platform.python_version()]


def install(target: str, log: str) -> None:
    """Install the project, editable, with the exact versions of constraints.txt."""
    run(
        [
            *(PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"),
            *("-c", ROOT / "constraints.txt", "-e", target),
        ],
        log=log,
        cure="请检查网络与 pip 软件源后重试",
        cures=PIP_CURES,
    )


def python_steps(*, development: bool) -> list[Step]:
    """Return the steps that make .venv, with the tools of development or without."""
    locked: list[Path | str] = [ROOT / "constraints.txt", ROOT / "pyproject.toml", sys.version]
    steps = [
        Step(
            name="venv",
            title="创建 Python 环境 .venv",
            run=environment,
            inputs=[sys.version],
            ready=lambda: PYTHON.exists() and (VENV / "bin" / "pip").exists(),
        ),
        Step(
            name="python",
            title="安装 Python 依赖（约 400 MB，按 constraints.txt 的版本）",
            run=lambda: install(".", "pip"),
            inputs=locked,
            ready=lambda: (VENV / "bin" / "hotline").exists(),
        ),
    ]
    if development:
        steps.append(
            Step(
                name="python-dev",
                title="安装检查与测试工具",
                run=lambda: install(".[dev]", "pip-dev"),
                inputs=locked,
                ready=lambda: (VENV / "bin" / "pytest").exists(),
            )
        )
    return steps


def asterisk_steps() -> list[Step]:
    """Return the step that puts Asterisk into .tools, or finds the system's own."""
    installer = ROOT / "telephony" / "asterisk" / "install.py"

    def fetch() -> None:
        run(
            [PYTHON, "-m", "telephony.asterisk.install", "asterisk"],
            log="asterisk",
            cure="请检查 apt 源后重试；也可安装系统自带的 asterisk（20 至 22 版），"
            "或改用 docker/ 里的容器",
        )

    def present() -> bool:
        return bool(extracted_asterisk() or system_asterisk())

    if not installer.exists():
        return []
    return [
        Step(
            name="asterisk",
            title="准备 Asterisk 电话交换程序",
            run=fetch,
            inputs=[installer, installer.with_name("packages.py")],
            ready=present,
        )
    ]


def model_steps() -> list[Step]:
    """Return the step that trains the demo model from the project's own corpus."""
    corpus = ROOT / "hotline" / "city"
    data = ROOT / os.environ.get("HOTLINE_DATA_DIR", "var")
    return [
        Step(
            name="model",
            title="用演示语料训练分类模型",
            run=lambda: run(
                [VENV / "bin" / "hotline", "demo", "model"],
                log="model",
                cure="请查看日志；若与语料无关，请带日志报告问题",
            ),
            inputs=[corpus, ROOT / "classifier"],
            ready=lambda: (data / "models" / "current").exists(),
        )
    ]


def main() -> int:
    """Run the steps asked for: all of them, or one part (`make check` needs only Python)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["python", "frontend"])
    parser.add_argument("--development", action="store_true", help="also checkers and test tools")
    chosen = parser.parse_args()
    status = 0
    if chosen.only != "frontend":
        status = perform(python_steps(development=chosen.development))
    if status == 0 and chosen.only != "python":
        status = perform(frontend.steps())
    if status == 0 and chosen.only is None:
        status = perform(asterisk_steps()) or perform(model_steps())
    return status


if __name__ == "__main__":
    sys.exit(main())
