"""docs/glossary.md says what the code says, word for word."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from dispatch.domain import (
    call_terms,
    judging_terms,
    knowledge_terms,
    learning_terms,
    reporting_terms,
    terms,
    vocabulary,
)
from dispatch.domain.events import FACTS
from dispatch.domain.ports import AgentState
from dispatch.domain.vocabulary import Labelled

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
ENUMS: dict[str, type[Labelled]] = {
    name: cls
    for module in (
        vocabulary,
        terms,
        call_terms,
        learning_terms,
        judging_terms,
        reporting_terms,
        knowledge_terms,
    )
    for name, cls in inspect.getmembers(module, inspect.isclass)
    if issubclass(cls, Labelled) and cls is not Labelled
} | {"AgentState": AgentState}


def rows(heading: str) -> list[tuple[str, ...]]:
    """The cells of the table under a heading, without code marks."""
    _, _, rest = PAGE.partition(f"\n{heading}\n")
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in lines[1:]]


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_each_word_has_its_row(name: str) -> None:
    written = [(m.label, f"{name}.{m.name}", m.value) for m in ENUMS[name]]
    assert rows(f"### {name}") == written


def test_no_list_of_words_is_left_out_or_left_over() -> None:
    assert sorted(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == sorted(ENUMS)


def test_each_fact_has_its_row() -> None:
    assert rows("## Facts") == [(fact.label, name) for name, fact in FACTS.items()]


def test_each_thing_exists_under_its_name_and_has_one_name() -> None:
    things = rows("## Things and deeds")
    assert len(things) > 20
    for _, path, _ in things:
        module, _, name = path.rpartition(".")
        assert hasattr(import_module(module), name), path
    for column in (0, 1):
        words = [row[column] for row in things]
        assert len(words) == len(set(words))


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_no_two_words_of_a_list_read_the_same(name: str) -> None:
    labels = [member.label for member in ENUMS[name]]
    assert all(labels)
    assert len(labels) == len(set(labels))
