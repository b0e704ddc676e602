"""For every figure, on cities that hypothesis makes: rows, spans and parts add up."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.facts import by_units, definition, value
from analytics.figures import BY_CODE, CATALOGUE, Figure, PeriodRule
from analytics.filters import FILTERS, fits
from analytics.left_out import left_out
from analytics.periods import Period
from analytics.rates import Mean, Rate, Value
from analytics.rolling import lowest
from analytics.row_kinds import ContactRow, Row
from analytics.rows import Part, every_row, rows
from analytics.scope import NO, NOTHING, WORDS, YES, Scope
from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.limits import SourceLevel
from dispatch.domain.people import SYSTEM
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Channel, DepartmentKind, Disposition, RequestKind
from tests.analytics.figures_made import (
    AGENTS,
    CATEGORIES,
    DIVISIONS,
    LINES,
    NOW,
    SPAN,
    UNITS,
    City,
    cities,
    found_city,
    put,
)

RULES = Rules(load_profile("default"), load_calendar())

CHOICES: dict[str, tuple[str, ...]] = {
    "unit": (*UNITS, NOTHING),
    "branch": UNITS,
    "tier": (*(kind.value for kind in DepartmentKind), NOTHING),
    "category": (*CATEGORIES, NOTHING),
    "kind": tuple(kind.value for kind in RequestKind),
    "channel": tuple(channel.value for channel in Channel),
    "line": (*LINES, NOTHING),
    "territory": (*DIVISIONS, NOTHING),
    "agent": (*AGENTS, NOTHING),
    "business": (YES, NO),
    "source": (*(level.value for level in SourceLevel), NOTHING),
    "disposition": (*(ending.value for ending in Disposition), NOTHING),
    "queue": ("hotline", "enterprise", NOTHING),
}
"""What a filter may be set to in the made cities."""

PARTITIONS = {
    **{
        name: CHOICES[name]
        for name in (
            *("unit", "tier", "kind", "channel", "line", "agent", "business"),
            *("source", "disposition", "queue"),
        )
    },
    "category": ("01", "02", NOTHING),
    "territory": ("1", NOTHING),
}
"""Values that are a whole together, none of them with another."""

SCOPES = st.builds(
    lambda chosen: Scope(**chosen),
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in CHOICES.items()}
    ).filter(lambda chosen: len(chosen) <= 3),
)

quick = settings(
    # By day a few cities, the same every time; at night many, and new ones.
    max_examples=6 if settings().derandomize else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class _Over(Exception):
    """The example is over; nothing of it is kept."""


@pytest.fixture(scope="module")
def database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("figures") / "hotline.db"
    shutil.copy(sqlite_template, path)
    opened = Database(f"sqlite:///{path}")
    with opened.work() as session:
        found_city(session)
    yield opened
    opened.dispose()


@contextmanager
def living(database: Database, city: City) -> Iterator[Session]:
    """A session in which the city is there; afterwards it never was."""
    try:
        with database.work() as session:
            put(session, city)
            yield session
            raise _Over
    except _Over:
        pass


def _value(session: Session, figure: Figure, period: Period, scope: Scope) -> Value:
    return value(session, SYSTEM, figure.code, period, RULES, scope=scope, now=NOW)


def _sum(figure: Figure, parts: list[Value]) -> Value:
    rates = [part for part in parts if isinstance(part, Rate)]
    means = [part for part in parts if isinstance(part, Mean)]
    assert len(rates if figure.is_rate else means) == len(parts)
    return sum(rates, Rate()) if figure.is_rate else sum(means, Mean())


@quick
@given(city=cities(), scope=SCOPES)
def test_rows_add_up_for_every_figure_and_filter(
    database: Database, city: City, scope: Scope
) -> None:
    with living(database, city) as session:
        for figure in CATALOGUE:
            if not fits(figure, scope):
                with pytest.raises(NotFound, match=f"{figure.name}不分"):
                    _value(session, figure, SPAN, scope)
                continue
            found = _value(session, figure, SPAN, scope)

            def every(part: Part, code: str = figure.code) -> list[Row]:
                return list(
                    every_row(session, SYSTEM, code, SPAN, RULES, part=part, scope=scope, now=NOW)
                )

            if isinstance(found, Rate):
                assert len(every(Part.HITS)) == found.hits, figure.code
                assert len(every(Part.MISSED)) == found.missed, figure.code
            else:
                counted = [row.counted for row in every(Part.JUDGED)]
                assert None not in counted
                assert len(counted) == found.n, figure.code
                assert sum(one or 0 for one in counted) == found.total, figure.code


@quick
@given(city=cities(), scope=SCOPES, cuts=st.sets(st.integers(1, SPAN.days - 1), max_size=4))
def test_parts_of_a_period_add_up_to_the_whole(
    database: Database, city: City, scope: Scope, cuts: set[int]
) -> None:
    first_days = [SPAN.first + timedelta(days=n) for n in (0, *sorted(cuts))]
    last_days = [*(day - timedelta(days=1) for day in first_days[1:]), SPAN.last]
    spans = [Period(*ends) for ends in zip(first_days, last_days, strict=True)]
    with living(database, city) as session:
        for figure in CATALOGUE:
            if fits(figure, scope):
                parts = [_value(session, figure, span, scope) for span in spans]
                if figure.period is PeriodRule.AT_END:
                    # What was so at the end of the last part was so at the end of the whole.
                    parts = parts[-1:]
                assert _sum(figure, parts) == _value(session, figure, SPAN, scope), figure.code


@quick
@given(city=cities(), scope=SCOPES, name=st.sampled_from(sorted(PARTITIONS)))
def test_parts_by_one_filter_add_up_to_the_whole(
    database: Database, city: City, scope: Scope, name: str
) -> None:
    rest = Scope(**{key: set_ for key, set_ in scope.chosen.items() if key != name})
    with living(database, city) as session:
        for figure in CATALOGUE:
            # The 24 hours of one line are that line's alone: its parts are questions of their own.
            if name not in FILTERS[figure.subject] or figure.code == "connection_24h_rate":
                continue
            if fits(figure, rest):
                whole = _value(session, figure, SPAN, rest)
                scopes = [Scope(**rest.chosen, **{name: one}) for one in PARTITIONS[name]]
                parts = [_value(session, figure, SPAN, one) for one in scopes]
                assert _sum(figure, parts) == whole, (figure.code, name)


@quick
@given(city=cities(), unit=st.sampled_from(UNITS))
def test_a_list_by_units_says_what_each_unit_says(
    database: Database, city: City, unit: str
) -> None:
    with living(database, city) as session:
        for figure in CATALOGUE:
            if "unit" not in FILTERS[figure.subject]:
                continue
            by_unit = by_units(session, SYSTEM, figure.code, SPAN, RULES, now=NOW)
            alone = _value(session, figure, SPAN, Scope(unit=unit))
            nothing: Value = Rate() if figure.is_rate else Mean()
            assert by_unit.get(unit, nothing) == alone, (figure.code, unit)
            branch = _value(session, figure, SPAN, Scope(branch="XQ"))
            both = [by_unit[one] for one in ("XQ", "ZJ") if one in by_unit]
            assert _sum(figure, both) == branch


@quick
@given(city=cities())
def test_what_is_left_out_makes_the_difference(database: Database, city: City) -> None:
    with living(database, city) as session:
        changed = {one.figure.code: one for one in left_out(session, SYSTEM, SPAN, RULES, now=NOW)}
        for figure in CATALOGUE:
            found = _value(session, figure, SPAN, Scope())
            out = rows(session, SYSTEM, figure.code, SPAN, RULES, part=Part.EXCLUDED, now=NOW)
            one = changed.get(figure.code)
            assert (one is not None) == bool(out), figure.code
            if one is not None:
                assert one.after == found
                assert one.before.judged - one.after.judged == len(out)


@quick
@given(city=cities())
def test_any_24_hours_are_tested_at_every_call(database: Database, city: City) -> None:
    """Against the same counted call by call in Python."""
    with living(database, city) as session:
        code = "connection_24h_rate"
        eve = Period(SPAN.first - timedelta(days=1), SPAN.last)
        offered = [
            row
            for row in every_row(session, SYSTEM, "connection_rate", eve, RULES, now=NOW)
            if isinstance(row, ContactRow)
        ]
        answered = {
            row.id
            for row in every_row(
                session, SYSTEM, "connection_rate", eve, RULES, part=Part.HITS, now=NOW
            )
            if isinstance(row, ContactRow)
        }
        windows: dict[int, Rate] = {}
        for call in offered:
            until = _minute(call)
            since = until - timedelta(hours=24)
            near = [c for c in offered if since < _minute(c) <= until]
            if call.started_at >= SPAN.start:
                windows[call.id] = Rate(sum(c.id in answered for c in near), len(near))
        good = {id_ for id_, rate in windows.items() if rate.hits * 100 >= rate.judged * 95}
        hits = every_row(session, SYSTEM, code, SPAN, RULES, part=Part.HITS, now=NOW)
        assert {row.id for row in hits if isinstance(row, ContactRow)} == good
        worst = lowest(session, SYSTEM, SPAN, RULES)
        assert (worst is None) == (not windows)
        if worst is not None:
            assert worst.rate.percent == min(
                r.percent for r in windows.values() if r.percent is not None
            )


def _minute(call: ContactRow) -> datetime:
    return call.started_at.replace(second=0, microsecond=0)


def test_every_figure_has_a_definition_and_says_where_it_is_from() -> None:
    for code, figure in BY_CODE.items():
        what = definition(code, SPAN, RULES, NOW)
        assert figure.is_rate == (what.value is None and what.worked is None)
        assert figure.name
        assert figure.source
        assert figure.minimum(RULES) >= 1
    assert len(BY_CODE) == len(CATALOGUE)
    assert len({figure.name for figure in CATALOGUE}) == len(CATALOGUE)


def test_every_filter_has_a_name() -> None:
    assert {name for known in FILTERS.values() for name in known} <= WORDS.keys()
    assert WORDS.keys() == CHOICES.keys()
