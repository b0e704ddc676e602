"""The working calendar: its days against a public package, its arithmetic against its laws."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.calendar_years import YearPlan, join_years, parse_provisional, parse_year
from dispatch.domain.errors import PolicyError
from dispatch.domain.policy import load_calendar
from dispatch.domain.worktime import SHANGHAI, CalendarOutOfRange, NaiveMoment

CALENDAR = load_calendar()
CALM = settings(deadline=None)  # a busy machine is no failure
DAYS = st.dates(date(2021, 1, 1), date(2034, 12, 31))
SECONDS = st.integers(0, 24 * 3600 - 1)
SPANS = st.integers(0, 400 * 3600).map(lambda seconds: timedelta(seconds=seconds))
MOMENTS = st.builds(
    lambda day, second: datetime.combine(day, time(), SHANGHAI) + timedelta(seconds=second),
    DAYS,
    SECONDS,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize("year", range(2020, 2027))
def test_every_announced_day_agrees_with_the_public_package(year: int) -> None:
    day = date(year, 1, 1)
    while day.year == year:
        assert CALENDAR.is_working_day(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_years_without_a_notice_are_provisional_and_the_others_are_not() -> None:
    assert CALENDAR.provisional_years == frozenset(range(2027, 2036))
    assert CALENDAR.is_provisional(date(2026, 12, 31), date(2027, 1, 4))
    assert not CALENDAR.is_provisional(date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    "day", ["2027-01-01", "2027-02-05", "2027-02-08", "2028-10-03", "2029-02-13", "2035-05-01"]
)
def test_a_provisional_year_still_knows_the_statutory_days(day: str) -> None:
    assert not CALENDAR.is_working_day(date.fromisoformat(day))


@pytest.mark.parametrize("year", range(2027, 2036))
def test_a_provisional_year_lists_no_weekend_and_works_on_none(year: int) -> None:
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range(365)]
    assert not any(CALENDAR.is_working_day(day) for day in days if day.weekday() >= 5)
    off = sum(not CALENDAR.is_working_day(day) for day in days if day.weekday() < 5)
    assert 9 <= off <= 13  # thirteen statutory days, less those on weekends that nobody makes up


@pytest.mark.parametrize(
    ("start", "n", "expected"),
    [
        ("2025-09-26", 1, "2025-09-28"),  # a make-up Sunday counts
        ("2025-09-30", 1, "2025-10-09"),  # eight days off
        ("2025-10-04", 1, "2025-10-09"),  # from inside the holiday
        ("2025-10-10", 1, "2025-10-11"),  # a make-up Saturday
        ("2025-10-10", -5, "2025-09-26"),
        ("2026-02-14", 1, "2026-02-24"),
        ("2026-02-24", -1, "2026-02-14"),
        ("2026-02-18", 0, "2026-02-24"),
        ("2026-02-13", 0, "2026-02-13"),
    ],
)
def test_working_days_are_counted_over_holidays_and_make_up_days(
    start: str, n: int, expected: str
) -> None:
    assert CALENDAR.add_working_days(date.fromisoformat(start), n) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        ("2025-09-26 10:00", 120, "2025-09-26 12:00"),  # ends with the morning, not at 14:00
        ("2025-09-26 11:00", 120, "2025-09-26 15:00"),  # over lunch
        ("2025-09-26 12:30", 60, "2025-09-26 15:00"),  # from lunch
        ("2025-09-26 16:30", 120, "2025-09-28 09:30"),  # into a make-up Sunday
        ("2025-09-30 17:00", 60, "2025-10-09 09:00"),  # over the holiday
        ("2025-10-03 03:00", 420, "2025-10-09 17:30"),  # one full day from a day off
        ("2025-09-26 07:00", 0, "2025-09-26 08:30"),  # nothing: the next opening
        ("2025-09-26 17:30", 0, "2025-09-26 17:30"),
        ("2025-09-28 09:30", -120, "2025-09-26 16:30"),
    ],
)
def test_working_time_runs_only_in_office_hours(start: str, minutes: int, expected: str) -> None:
    assert CALENDAR.add_working_time(at(start), timedelta(minutes=minutes)) == at(expected)


def test_subtracting_lands_on_an_opening_rather_than_the_closing_before_it() -> None:
    assert CALENDAR.subtract_working_time(at("2025-09-26 15:00"), timedelta(hours=1)) == at(
        "2025-09-26 14:00"
    )
    assert CALENDAR.subtract_working_time(at("2025-10-09 08:30"), timedelta(hours=7)) == at(
        "2025-09-30 08:30"
    )


def test_moments_of_any_zone_are_read_in_shanghai() -> None:
    utc = datetime.fromisoformat("2025-09-26T02:00:00+00:00")
    assert CALENDAR.add_working_time(utc, timedelta(hours=1)) == at("2025-09-26 11:00")


def test_a_moment_without_a_zone_is_refused_by_name() -> None:
    with pytest.raises(NaiveMoment, match="缺少时区"):
        CALENDAR.is_working_moment(datetime(2025, 9, 26, 10))  # noqa: DTZ001


@pytest.mark.parametrize("day", [date(2019, 12, 31), date(2036, 1, 1)])
def test_a_day_outside_the_calendar_is_refused_by_name(day: date) -> None:
    with pytest.raises(CalendarOutOfRange, match="2020-01-01 至 2035-12-31"):
        CALENDAR.add_working_days(day, 1)


def test_counting_past_the_last_year_is_refused_by_name() -> None:
    with pytest.raises(CalendarOutOfRange):
        CALENDAR.add_working_days(date(2035, 12, 1), 100)


def test_a_moment_before_all_calendars_is_refused_by_name() -> None:
    with pytest.raises(CalendarOutOfRange):
        CALENDAR.is_working_moment(datetime.fromisoformat("0001-01-01T00:00:00+14:00"))


@CALM
@given(start=DAYS, n=st.integers(1, 200))
def test_adding_then_subtracting_working_days_is_the_identity(start: date, n: int) -> None:
    working = CALENDAR.working_day_on_or_after(start)
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(working, n), -n) == working


@CALM
@given(start=DAYS, n=st.integers(0, 200), more=st.integers(0, 60))
def test_more_working_days_never_end_earlier_and_never_on_a_day_off(
    start: date, n: int, more: int
) -> None:
    end = CALENDAR.add_working_days(start, n)
    assert CALENDAR.is_working_day(end)
    assert CALENDAR.add_working_days(start, n + more) >= end


@CALM
@given(start=DAYS, n=st.integers(1, 60))
def test_working_days_agree_with_counting_on_the_fingers(start: date, n: int) -> None:
    day, left = start, n
    while left:
        day += timedelta(days=1)
        left -= CALENDAR.is_working_day(day)
    assert CALENDAR.add_working_days(start, n) == day


@CALM
@given(start=MOMENTS, span=SPANS)
def test_adding_working_time_passes_exactly_that_time_and_ends_at_work(
    start: datetime, span: timedelta
) -> None:
    end = CALENDAR.add_working_time(start, span)
    assert CALENDAR.is_working_moment(end)
    assert end >= start
    assert CALENDAR.working_time_between(start, end) == span


@CALM
@given(start=MOMENTS, span=SPANS)
def test_subtracting_what_was_added_leaves_no_working_time(
    start: datetime, span: timedelta
) -> None:
    back = CALENDAR.subtract_working_time(CALENDAR.add_working_time(start, span), span)
    assert CALENDAR.is_working_moment(back)
    assert CALENDAR.working_time_between(start, back) == timedelta()


@CALM
@given(start=MOMENTS, later=SPANS, span=SPANS)
def test_a_later_start_never_ends_earlier(
    start: datetime, later: timedelta, span: timedelta
) -> None:
    assert CALENDAR.add_working_time(start + later, span) >= CALENDAR.add_working_time(start, span)


@CALM
@given(first=MOMENTS, second=MOMENTS, third=MOMENTS)
def test_working_time_between_adds_up(first: datetime, second: datetime, third: datetime) -> None:
    between = CALENDAR.working_time_between
    assert between(first, second) + between(second, third) == between(first, third)
    assert between(first, second) == -between(second, first)


@CALM
@given(first=MOMENTS, hours=st.integers(0, 300))
def test_working_time_agrees_with_counting_minutes(first: datetime, hours: int) -> None:
    start = first.replace(second=0)
    step = timedelta(minutes=30)
    start = start.replace(minute=start.minute // 30 * 30)
    ticks = [start + n * step for n in range(hours * 2)]
    worked = sum(
        CALENDAR.is_working_moment(tick) and CALENDAR.is_working_moment(tick + step)
        for tick in ticks
        if not (tick.hour == 12 or (tick.hour, tick.minute) == (17, 30))
    )
    assert CALENDAR.working_time_between(start, start + hours * 2 * step) == worked * step


def test_other_working_hours_keep_the_days_and_the_version() -> None:
    long_day = CALENDAR.with_hours(((time(9), time(18)),))
    assert long_day.version == CALENDAR.version
    assert long_day.close_of(date(2025, 10, 10)) == at("2025-10-10 18:00")
    assert long_day.working_day_length == timedelta(hours=9)


@pytest.mark.parametrize(
    "hours",
    [(), ((time(9), time(9)),), ((time(14), time(17)), (time(9), time(12)))],
)
def test_senseless_working_hours_are_refused(hours: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(PolicyError, match="工作时段"):
        CALENDAR.with_hours(hours)


def test_one_changed_day_changes_the_version() -> None:
    plain = YearPlan(year=2027, holidays=frozenset())
    changed = YearPlan(year=2027, holidays=frozenset({date(2027, 3, 1)}))
    assert join_years([plain]).version != join_years([changed]).version


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"year": 2025, "source": "x", "holidays": []}, "不认识的键 holidays"),
        ({"source": "x"}, "缺少 year"),
        (
            {
                "year": 2025,
                "source": "x",
                "holiday": [{"first": date(2025, 1, 2), "last": date(2025, 1, 1)}],
            },
            "last 早于 first",
        ),
        (
            {
                "year": 2025,
                "source": "x",
                "holiday": [{"first": date(2024, 1, 1), "last": date(2024, 1, 1)}],
            },
            "其他年份",
        ),
        (
            {
                "year": 2025,
                "source": "x",
                "holiday": [
                    {
                        "first": date(2025, 1, 1),
                        "last": date(2025, 1, 1),
                        "makeup": [date(2025, 1, 3)],
                    }
                ],
            },
            "不是周末",
        ),
        (
            {"year": 2025, "source": "x", "holiday": [{"first": "元旦", "last": date(2025, 1, 1)}]},
            "应是日期",
        ),
    ],
)
def test_a_wrong_year_file_is_refused_with_the_key_at_fault(
    document: dict[str, object], message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_year(document)


def test_a_gap_or_a_double_year_is_refused() -> None:
    years = parse_provisional({"year": [{"year": 2027}, {"year": 2029}]})
    with pytest.raises(PolicyError, match="2028"):
        join_years(years)
    with pytest.raises(PolicyError, match="重复"):
        join_years([years[0], years[0]])
