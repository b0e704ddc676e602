"""The forecast: what a day's kind, its weather and the last days change; how wide the range is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from analytics import forecast_history
from analytics.forecast import LEAST_DAYS, CallDay, DayFacts, DayKind, day_facts, forecast
from analytics.periods import Period
from analytics.staffing import HALF_HOURS
from benchmarks.forecast import a_week_ago, four_weeks, published_days, share_off
from dispatch.bus import Database
from dispatch.domain.errors import RoleNotAllowed
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.contacts import Contact
from dispatch.models.reporting import DayNote

RULES = Rules(load_profile("default"), load_calendar())
FIRST = date(2026, 3, 2)  # a Monday


def past(days: int, *, weather: Mapping[int, str] | None = None, seed: int = 1) -> list[CallDay]:
    """Days of 10 calls a half-hour by day and 1 by night; weekends half, storms double."""
    dice = np.random.default_rng(seed)
    shape = np.array([1.0] * 14 + [10.0] * 24 + [1.0] * 10)
    made = []
    for n in range(days):
        facts = day_facts(FIRST + timedelta(days=n), RULES.calendar, (weather or {}).get(n, ""))
        factor = (0.5 if facts.off else 1.0) * (2.0 if facts.weather == "storm" else 1.0)
        made.append(CallDay(facts, dice.poisson(shape * factor).tolist()))
    return made


def ahead(days: list[CallDay], after: int = 1, weather: str = "") -> DayFacts:
    day = days[-1].facts.day + timedelta(days=after)
    return day_facts(day, RULES.calendar, weather)


def test_kinds_of_days_come_from_the_calendar() -> None:
    kinds = {
        day: day_facts(date.fromisoformat(day), RULES.calendar).kind
        for day in ("2025-09-26", "2025-09-27", "2025-09-28", "2025-10-01", "2025-10-09")
    }
    assert list(kinds.values()) == [
        DayKind.WORKING,
        DayKind.WEEKEND,
        DayKind.MAKEUP,
        DayKind.HOLIDAY,
        DayKind.FIRST_BACK,
    ]


def test_a_year_the_calendar_does_not_cover_goes_by_weekdays() -> None:
    assert day_facts(date(2099, 6, 6), RULES.calendar).kind is DayKind.WEEKEND
    assert day_facts(date(2099, 6, 5), RULES.calendar).kind is DayKind.WORKING


def test_weekends_and_nights_are_told_apart() -> None:
    days = past(54)  # ends on a Friday before the May holiday
    friday, saturday = forecast(days[:53], [ahead(days[:53]), ahead(days[:53], 2)])
    assert friday.facts.day.weekday() == 4
    assert saturday.total < friday.total * 0.7
    assert friday.expected[20] == pytest.approx(10, rel=0.25)
    assert friday.expected[2] == pytest.approx(1, rel=0.6)


def test_a_storm_told_of_beforehand_is_counted_in() -> None:
    days = past(54, weather={8: "storm", 15: "storm", 24: "storm", 37: "storm"})
    calm, storm = forecast(days, [ahead(days, 3), ahead(days, 3, "storm")])
    assert storm.total == pytest.approx(calm.total * 2, rel=0.2)


def test_weather_never_seen_changes_nothing() -> None:
    days = past(30)
    calm, odd = forecast(days, [ahead(days), ahead(days, weather="locusts")])
    assert odd.expected == pytest.approx(calm.expected)


def test_a_level_that_has_risen_is_carried_on_and_fades() -> None:
    days = past(56)
    risen = [
        CallDay(day.facts, [count * 2 for count in day.calls]) if n >= 49 else day
        for n, day in enumerate(days)
    ]
    usual = forecast(days, [ahead(days, 1), ahead(days, 15)])
    now = forecast(risen, [ahead(days, 1), ahead(days, 15)])
    first, later = (new.total / old.total for new, old in zip(now, usual, strict=True))
    assert first > 1.3
    assert later < first


def test_too_little_history_gives_no_forecast_and_a_silent_past_neither() -> None:
    days = past(LEAST_DAYS)
    assert forecast(days, [ahead(days)])
    assert forecast(days[:-1], [ahead(days)]) == ()
    silent = [CallDay(day.facts, [0] * HALF_HOURS) for day in days]
    assert forecast(silent, [ahead(days)]) == ()


def test_it_beats_the_seasonal_naive_peers_and_its_range_holds() -> None:
    days = published_days(RULES)
    errors: list[tuple[float, float, float]] = []
    inside = []
    for cut in (len(days) - 14, len(days) - 7):
        history, real = days[:cut], days[cut : cut + 7]
        found = forecast(history[-182:], [day.facts for day in real])
        truth = np.array([day.calls for day in real], dtype=float)
        said = np.array([day.expected for day in found])
        errors.append(
            (
                share_off(said, truth),
                share_off(a_week_ago(history), truth),
                share_off(four_weeks(history), truth),
            )
        )
        inside.append(
            (truth >= np.array([day.low for day in found]))
            & (truth <= np.array([day.high for day in found]))
        )
    ours, week, month = (sum(column) for column in zip(*errors, strict=True))
    assert ours < week
    assert ours < month
    assert 0.85 < np.concatenate(inside).mean() < 0.99


def call(n: int, at: datetime, **more: object) -> Contact:
    values: dict[str, object] = {"direction": "inbound", "queued_at": at, "queue": "hotline"}
    return Contact(call_id=f"f{n}", started_at=at, **(values | more))


def test_history_counts_who_asked_for_an_agent_by_the_citys_half_hours(database: Database) -> None:
    day = datetime(2026, 11, 17, tzinfo=SHANGHAI)
    with database.work() as session:
        session.add_all(
            [
                call(1, day, talk_s=100.0),
                call(2, day + timedelta(minutes=29, seconds=59), talk_s=200.0),
                call(3, day + timedelta(minutes=30), queue="enterprise"),
                call(4, day + timedelta(hours=23, minutes=59)),
                call(5, day, direction="outbound"),
                call(6, day, queued_at=None),
                DayNote(day=day.date(), weather="storm", at=day),
            ]
        )
    period = Period(day.date(), day.date())
    with database.read() as session:
        counted = forecast_history.calls_by_half_hour(session, SYSTEM, period)
        assert {n: c for n, c in enumerate(counted[day.date()]) if c} == {0: 2, 1: 1, 47: 1}
        own = forecast_history.calls_by_half_hour(session, SYSTEM, period, queue="enterprise")
        assert sum(own[day.date()]) == 1
        known = forecast_history.call_days(session, SYSTEM, day.date(), RULES)
        assert [(one.facts.day, one.facts.weather) for one in known] == [(day.date(), "storm")]
        long = forecast_history.handling(session, SYSTEM, day.date(), RULES)
    assert (long.talk_s, long.talks) == (150, 2)
    assert (long.wrap_s, long.wraps) == (RULES.profile.staffing.usual_wrap_s, 0)


def test_only_who_reads_the_citys_figures_reads_them(database: Database) -> None:
    agent = Actor(name="话务员", role=Role.AGENT)
    period = Period(FIRST, FIRST)
    with database.read() as session, pytest.raises(RoleNotAllowed):
        forecast_history.calls_by_half_hour(session, agent, period)
