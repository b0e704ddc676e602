"""Tickets of the same event, found among others; and an index that may be damaged."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from classifier.errors import IndexUnusable
from classifier.near_index import Mark, NearIndex, require_intact
from classifier.near_search import NearSearch
from classifier.near_words import (
    DIVISION_UNKNOWN,
    PLACE_UNKNOWN,
    Look,
    division_likeness,
    place_likeness,
    same_event,
)
from dispatch.domain.ports import TicketText
from tests.classifier.near_pairs import indexed, measured, tickets

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)
CITY = Path(__file__).resolve().parents[2] / "hotline" / "city"


def parents() -> dict[str, str | None]:
    """The demo city's divisions."""
    with (CITY / "divisions.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["parent"] or None for row in csv.DictReader(file)}


PARENTS = parents()


def others(count: int) -> list[TicketText]:
    """Requests of the demo city that stand around the pairs."""
    with (CITY / "corpus.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for _, row in zip(range(count), csv.DictReader(file), strict=False)]
    return [
        TicketText(1000 + i, row["text"], "", row["division"] or None, None, NOW, open=True)
        for i, row in enumerate(rows)
    ]


def test_the_same_event_in_other_words_is_found_and_other_places_and_subjects_are_not(
    tmp_path: Path,
) -> None:
    search = indexed(tmp_path / "near", [*tickets(NOW), *others(300)], PARENTS)
    found = measured(search, NOW)
    assert found.recall3 >= 0.9
    assert found.precision >= 0.65
    assert found.recall3 > found.without_recall + 0.1
    assert found.precision > found.without_precision


def test_before_place_and_division_are_filled_in_most_are_found_by_the_words_alone(
    tmp_path: Path,
) -> None:
    search = indexed(tmp_path / "near", [*tickets(NOW), *others(300)], PARENTS)
    found = measured(search, NOW, bare=True)
    assert found.recall3 >= 0.65
    assert found.precision > found.without_precision


def test_a_likeness_is_a_probability_and_falls_with_age() -> None:
    one = Look.of("文澜路老电影院门口水管爆了", "文澜路", "990702003")
    days = timedelta(days=30)
    fresh = same_event(one, one, PARENTS, timedelta(0), days)
    old = same_event(one, one, PARENTS, days, days)
    assert 0 < old < fresh < 1


def test_a_division_agrees_with_itself_with_the_one_above_and_with_no_neighbour() -> None:
    def of(code: str | None) -> Look:
        return Look.of("水管爆了", "", code)

    street = of("990702003")
    assert division_likeness(street, of("990702003"), PARENTS) == 1
    assert 0.5 < division_likeness(of("990702"), street, PARENTS) < 1
    assert division_likeness(street, of("990703"), PARENTS) == 0
    assert division_likeness(street, of(None), PARENTS) == DIVISION_UNKNOWN


def test_a_place_told_in_the_words_is_held_against_the_field_and_a_kind_of_place_is_none() -> None:
    ticket = Look.of("水管爆了", "锦绣花园小区", None)
    assert place_likeness(Look.of("锦绣花园水管爆了", "", None), ticket) > 0.9
    assert place_likeness(Look.of("铁牛坊街水管爆了", "", None), ticket) == 0
    assert place_likeness(Look.of("我们小区水管爆了", "", None), ticket) == PLACE_UNKNOWN


def test_closed_tickets_are_found_as_answered_only_and_those_of_the_category_first(
    tmp_path: Path,
) -> None:
    text = "路灯不亮，晚上走路看不见"
    rows = [
        TicketText(1, text, "", None, "0303", NOW, open=True),
        TicketText(2, text, "", None, "0303", NOW, open=False),
        TicketText(3, text, "", None, "0101", NOW, open=False),
    ]
    search = indexed(tmp_path / "near", rows)
    assert [near.ticket_id for near in search.answered(text, category="0101")] == [3, 2]
    opened = search.same_event(text, since=SINCE, now=NOW)
    assert [near.ticket_id for near in opened] in ([], [1])


def test_older_tickets_are_not_offered(tmp_path: Path) -> None:
    row = TicketText(1, "鼓台街路灯不亮", "鼓台街", "990702", None, NOW, open=True)
    search = indexed(tmp_path / "near", [row])
    ask = partial(search.same_event, "鼓台街路灯不亮", place="鼓台街", division="990702", now=NOW)
    assert ask(since=SINCE)
    assert not ask(since=NOW)


@pytest.mark.parametrize("text", ["", " \n", "a" * 1_000_000, "。" * 9999, "\x00\x01", "的了"])
def test_nothing_that_is_typed_makes_the_search_fail(tmp_path: Path, text: str) -> None:
    search = indexed(tmp_path / "near", tickets(NOW))
    assert search.same_event(text, since=SINCE, now=NOW) == ()
    assert search.answered(text) == ()


def test_a_reader_sees_what_the_writer_committed_since(tmp_path: Path) -> None:
    index = NearIndex(tmp_path / "near")
    index.put([], [], Mark(complete=True))
    search = NearSearch(tmp_path / "near", dict)
    assert search.ready
    row = TicketText(7, "鼓台街路灯不亮", "鼓台街", "990702", None, NOW, open=True)
    index.put([row], [], Mark(fact=1, complete=True))
    where = {"place": "鼓台街", "division": "990702"}
    ask = partial(search.same_event, "鼓台街路灯不亮", since=SINCE, now=NOW, **where)
    assert [near.ticket_id for near in ask()] == [7]
    index.put([], [7], Mark(fact=2, complete=True))
    assert ask() == ()
    index.close()


def test_a_search_without_an_index_is_not_ready_and_makes_none(tmp_path: Path) -> None:
    search = NearSearch(tmp_path / "near", dict)
    assert not search.ready
    assert search.same_event("鼓台街路灯不亮", since=SINCE, now=NOW) == ()
    assert not (tmp_path / "near").exists()


@pytest.mark.parametrize("suffix", [".term", ".store", ".idx", ".fieldnorm", ".json"])
def test_a_damaged_file_is_noticed_before_it_is_read(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "near"
    indexed(folder, tickets(NOW))
    path = next(p for p in folder.glob(f"*{suffix}") if not p.name.startswith("."))
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 0xFF
    path.write_bytes(body)
    with pytest.raises(IndexUnusable):
        NearIndex(folder)
    search = NearSearch(folder, dict)
    assert not search.ready
    assert search.answered("路灯不亮") == ()


def test_an_index_of_another_look_is_refused(tmp_path: Path) -> None:
    index = NearIndex(tmp_path / "near")
    index.put([], [], Mark(look=0, complete=True))
    index.close()
    require_intact(tmp_path / "near")
    with pytest.raises(IndexUnusable):
        NearIndex(tmp_path / "near").mark()
