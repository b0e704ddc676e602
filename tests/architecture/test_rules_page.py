"""docs/rules.md leads from a rule's name to its key, function and test, and all of them exist."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

from dispatch.domain.policy import load_profile

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text("utf-8")
MARKS = load_profile("default").marks
TABLES = {"limit", "acknowledge", "ladder", "trigger", "reason", "lint"}


def rows() -> list[list[str]]:
    """The cells of each rule."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_key_of_the_policy_is_on_the_page_with_its_evidence() -> None:
    written = dict(re.findall(r"`([a-z_]+\.[a-z_]+)` ([A-Z])", PAGE))
    assert written == {key: mark.evidence.value for key, mark in MARKS.items()}


def test_every_table_of_the_policy_is_on_the_page() -> None:
    assert set(re.findall(r"\[\[([a-z_]+)\]\]", PAGE)) >= TABLES


def test_every_function_named_exists() -> None:
    named = re.findall(r"`([a-z_.]+):(\w+)`", PAGE)
    assert len(named) >= len(rows())
    for module, name in named:
        assert hasattr(importlib.import_module(module), name), f"{module}:{name}"


def test_every_test_named_exists() -> None:
    there: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        there |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    named = {name for row in rows() for name in re.findall(r"`(test_\w+)`", row[-1])}
    assert len(named) > len(rows()) / 2
    assert not named - there


def test_each_rule_is_there_once_with_a_function_and_a_test() -> None:
    names = [row[0] for row in rows()]
    assert len(names) == len(set(names))
    assert all(len(row) == 4 and row[2] and row[3] for row in rows())
