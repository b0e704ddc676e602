"""`make lock`: write the exact versions of .venv to constraints.txt."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires

from scripts.steps import ROOT

HEADER = """\
# Exact versions for every Python from 3.11 up, written by `make lock` on 3.11.
# Installed with `pip install -c constraints.txt -e .`; pip leaves out
# what a platform does not need.
"""


def main() -> int:
    """Freeze what is installed, without the project itself and without places on this machine."""
    assert requires("hotline") is not None, "install the project first: make setup"
    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "freeze", "--exclude-editable", "--exclude", "hotline"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    pins = [line for line in frozen if "==" in line and " @ " not in line]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")
    print(f"constraints.txt：{len(pins)} 个版本", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
