"""Report modules and functions larger than the house likes; a compass, never a failure."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.steps import ROOT

PACKAGES = ("dispatch", "telephony", "classifier", "analytics", "portal", "hotline", "scripts")
LONGEST_MODULE = 250
LONGEST_FUNCTION = 40


def oversized() -> Iterator[str]:
    """Yield one line for each module or function above the limit."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield from _of_module(path)


def _of_module(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    where = path.relative_to(ROOT)
    lines = text.count("\n")
    if lines > LONGEST_MODULE:
        yield f"{where}: {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{where}:{node.lineno} {node.name}: {length} lines"


def main() -> int:
    """Print the report."""
    found = list(oversized())
    for line in found:
        print(f"  large: {line}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
