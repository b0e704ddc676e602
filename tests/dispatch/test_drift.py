"""The drift report counts what happened in each week, and each figure leads to its tickets."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from dispatch.bus import Database
from dispatch.domain.drift import DriftFigure, by_chance, divergence
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.catalog import Category
from dispatch.service import drift, intake

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)  # Wednesday
MONDAY = date(2026, 11, 23)
READER = Actor(name="中心", role=Role.CENTER)


def test_the_divergence_is_that_of_lin_in_bits() -> None:
    assert divergence({"a": 3, "b": 3}, {"a": 50, "b": 50}) == 0
    assert divergence({"a": 5}, {"b": 9}) == 1
    assert divergence({"a": 1}, {"a": 1, "b": 1}) == pytest.approx(0.311278, abs=1e-6)
    assert divergence({}, {"a": 1}) is None
    assert by_chance({"a": 50, "b": 50}, {"a": 50, "b": 50}) == pytest.approx(0.0036067, abs=1e-6)


def test_two_samples_of_the_same_differ_about_as_much_as_chance_says() -> None:
    chosen, shares = Random(1), [40, 25, 15, 10, 6, 4]
    parts = [Counter(chosen.choices("abcdef", shares, k=100)) for _ in range(40)]
    measured = [divergence(a, b) or 0 for a, b in zip(parts[::2], parts[1::2], strict=True)]
    expected = by_chance(parts[0], parts[1]) or 0
    assert sum(measured) / len(measured) == pytest.approx(expected, rel=0.5)


def take(
    database: Database, at: datetime, category: str | None, said: dict[str, Any] | None, **more: int
) -> str:
    """A ticket with what the model had said of it; its number."""
    form = intake.RequestForm(
        content="路灯不亮", kind=RequestKind.COMPLAINT, category=category, suggestion=said
    )
    with database.work() as s:
        ticket = intake.open_ticket(s, SYSTEM, form, now=at)
        for name, value in more.items():
            setattr(ticket, name, value)
        return ticket.number


def said(model: str, best: str, chance: float, *, sure: bool) -> dict[str, Any]:
    """As intake keeps it."""
    return {"model": model, "categories": [[best, chance]], "departments": [], "sure": sure}


def test_each_week_is_counted_for_all_models_and_for_each(database: Database) -> None:
    with database.work() as s:
        s.add(Category(code="01", name="甲", level=1))
        s.add(Category(code="02", name="乙", level=1))
    for day in range(3, 35):
        take(database, NOW - timedelta(days=day), "01", said("v1", "01", 0.5, sure=False))
    wrong = take(database, NOW, "02", said("v1", "01", 0.6, sure=False), dispatches=1)
    back = take(database, NOW, "02", said("v2", "02", 0.9, sure=True), dispatches=2, returns=1)
    take(database, NOW, "02", None)
    with database.read() as s:
        weeks = drift.weekly(s, until=NOW, weeks=2)
    assert [(w.monday, w.version, w.tickets) for w in weeks] == [
        (MONDAY, "", 2),
        (MONDAY, "v1", 1),
        (MONDAY, "v2", 1),
        (MONDAY - timedelta(days=7), "", 7),
        (MONDAY - timedelta(days=7), "v1", 7),
    ]
    newest = weeks[0]
    assert newest.confidence == pytest.approx(0.75)
    assert (newest.sure_share, newest.taken_share, newest.return_share) == (0.5, 0.5, 0.5)
    assert newest.mix_shift == 1
    assert weeks[3].mix_shift == 0
    assert weeks[3].return_share is None
    behind = {
        DriftFigure.ALL: {wrong, back},
        DriftFigure.UNSURE: {wrong},
        DriftFigure.NOT_TAKEN: {wrong},
        DriftFigure.RETURNED: {back},
    }
    with database.read() as s:
        for figure, numbers in behind.items():
            found = drift.tickets_behind(s, READER, monday=MONDAY, figure=figure)
            assert set(found) == numbers, figure
        nobody = Actor(name="别的单位", role=Role.DEPARTMENT)
        assert drift.tickets_behind(s, nobody, monday=MONDAY, figure=DriftFigure.ALL) == []
        of_v2 = drift.tickets_behind(s, READER, monday=MONDAY, figure=DriftFigure.ALL, version="v2")
    assert of_v2 == [back]
