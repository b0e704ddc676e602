"""Every golden number about tickets and clocks has a test that bears it in its name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
GOLDEN = {
    2: "working days over a make-up Sunday and eight days off",
    3: "a limit in hours knows no calendar",
    4: "a limit in natural days that ends on a holiday moves on",
    5: "yellow once, red once, and neither after a reply",
    6: "a designated unit may not return",
    7: "the accused cannot receive, and every look is logged",
    8: "a longer statutory limit prevails, with an interim reply",
    9: "the same matter again is informed, not dispatched",
    10: "fifty callers, one dispatch, fifty answers",
    12: "one set of answers, three denominators",
    13: "who was not reached is not satisfied, unless the policy says so",
    14: "no extension after due; the second needs the higher approver",
}
"""Number → what it says, in short."""


def named() -> set[str]:
    """The names of all test functions there are."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("number", GOLDEN, ids=lambda number: f"{number:02}")
def test_a_golden_number_has_its_test(number: int) -> None:
    assert [name for name in named() if name.startswith(f"test_golden_{number:02}_")]
