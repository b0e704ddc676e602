"""Clocks against dates worked out by hand on the notices of 2025 and 2026, in every profile."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.counting import limit_due
from dispatch.domain.deadlines import (
    Clock,
    clock_for,
    extended_due,
    extension_apply_by,
    follow_up_by,
    handling_start,
    redo_clock,
    return_by,
    supervision_due,
)
from dispatch.domain.limits import (
    DayEnd,
    Evidence,
    Limit,
    LimitMeaning,
    LimitStart,
    LimitUnit,
)
from dispatch.domain.policy import load_calendar, load_profile, profile_names
from dispatch.domain.profile_file import parse_profile
from dispatch.domain.remaining import remaining
from dispatch.domain.vocabulary import RequestKind, Urgency
from dispatch.domain.worktime import SHANGHAI
from tests.dispatch.due_by_hand import BY_HAND, COMPLAINT, HOURS, INQUIRY, PRAISE, WORKING_DAYS

CALENDAR = load_calendar()
CALM = settings(deadline=None)  # a busy machine is no failure


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def clock(
    profile: str,
    start: str,
    kind: RequestKind = COMPLAINT,
    urgency: Urgency = Urgency.ROUTINE,
    *,
    stated: Limit | None = None,
    statutory: Limit | None = None,
) -> Clock:
    return clock_for(
        load_profile(profile),
        CALENDAR,
        kind=kind,
        urgency=urgency,
        start=at(start),
        stated=stated,
        statutory=statutory,
    )


def test_the_table_covers_every_profile() -> None:
    assert {*WORKING_DAYS, *HOURS} == set(profile_names())


@pytest.mark.parametrize("day", BY_HAND)
@pytest.mark.parametrize("profile", WORKING_DAYS)
def test_due_dates_over_the_long_holidays_agree_with_counting_by_hand(
    profile: str, day: str
) -> None:
    for kind, days in WORKING_DAYS[profile].items():
        found = clock(profile, f"{day} 10:00", kind)
        assert found.due_at == at(f"{day[:4]}-{BY_HAND[day][days]} 17:30"), kind
        assert found.working_days == days
        assert not found.provisional


@pytest.mark.parametrize("day", BY_HAND)
def test_zhengzhou_counts_the_response_in_hours_on_any_day(day: str) -> None:
    routine = clock("zhengzhou_fast_2017", f"{day} 23:10")
    emergency = clock("zhengzhou_fast_2017", f"{day} 23:10", urgency=Urgency.EMERGENCY)
    assert routine.due_at == at(f"{day} 23:10") + timedelta(hours=2)
    assert emergency.due_at == at(f"{day} 23:40")
    assert routine.means is LimitMeaning.RESPONSE
    assert routine.working_days is None


@pytest.mark.parametrize("profile", ["jinan_2018", "weifang_2021", "sichuan_2025"])
@pytest.mark.parametrize("urgency", Urgency)
def test_a_source_that_knows_no_urgency_keeps_its_days(profile: str, urgency: Urgency) -> None:
    expected = WORKING_DAYS[profile][COMPLAINT]
    assert clock(profile, "2025-09-26 10:00", urgency=urgency).working_days == expected


# --- the golden tests of the trade --------------------------------------------------------------


def test_five_working_days_from_26_september_2025_end_on_10_october() -> None:
    found = clock("jinan_2018", "2025-09-26 10:00")
    assert found.due_at == at("2025-10-10 17:30")
    assert found.warn_at == at("2025-10-09 17:30")
    assert found.acknowledge_by == at("2025-09-26 12:00")
    assert found.evidence is Evidence.A


def test_24_hours_from_friday_half_past_ten_in_the_evening_end_on_saturday() -> None:
    found = clock("anhui_2025", "2025-09-19 22:30", urgency=Urgency.URGENT)
    assert found.due_at == at("2025-09-20 22:30")
    assert found.warn_at == at("2025-09-20 16:30")
    assert found.means is LimitMeaning.PROGRESS
    holiday = clock("anhui_2025", "2025-10-01 22:30", urgency=Urgency.URGENT)
    assert holiday.due_at == at("2025-10-02 22:30")


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2025-09-30 15:00", 3, "2025-10-09 17:30"),  # 10-03 is a holiday
        ("2025-09-26 15:00", 2, "2025-09-28 17:30"),  # a make-up Sunday is no day off
        ("2025-09-18 15:00", 2, "2025-09-22 17:30"),  # Saturday moves to Monday
        ("2025-09-15 15:00", 2, "2025-09-17 17:30"),
    ],
)
def test_a_natural_day_limit_that_ends_on_a_day_off_moves_to_the_next_working_day(
    start: str, days: int, expected: str
) -> None:
    assert limit_due(Limit(days, LimitUnit.NATURAL_DAY), CALENDAR, at(start)) == at(expected)


def test_yellow_with_exactly_one_working_day_left_and_red_on_the_first_one_after_due() -> None:
    found = clock("shandong_prov_complaint_2017", "2025-09-09 10:00")
    assert found.due_at == at("2025-09-29 17:30")
    assert found.warn_at == at("2025-09-28 17:30")  # the make-up Sunday
    left = CALENDAR.working_time_between(found.warn_at, found.due_at)
    assert left == CALENDAR.working_day_length
    before_holiday = clock("shandong_prov_complaint_2017", "2025-09-10 10:00")
    assert before_holiday.due_at == at("2025-09-30 17:30")
    assert before_holiday.red_at == at("2025-10-09 08:30")


def test_a_longer_statutory_limit_prevails_but_an_interim_reply_is_due_first() -> None:
    lawful = Limit(15, LimitUnit.WORKING_DAY)
    found = clock("jinan_2018", "2025-09-26 10:00", statutory=lawful)
    assert found.due_at == at("2025-10-23 17:30")
    assert found.interim_by == at("2025-10-10 17:30")
    assert "法定时限 15 个工作日" in found.rule
    shorter = Limit(3, LimitUnit.WORKING_DAY)
    assert clock("jinan_2018", "2025-09-26 10:00", statutory=shorter) == clock(
        "jinan_2018", "2025-09-26 10:00"
    )


# --- starts and ends ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "due", "acknowledge_by"),
    [
        ("2025-10-04 22:00", "2025-10-14 17:30", "2025-10-09 10:30"),  # on a day off
        ("2025-09-28 16:00", "2025-10-11 17:30", "2025-09-29 09:00"),  # on a make-up Sunday
        ("2025-09-19 20:00", "2025-09-26 17:30", "2025-09-22 10:30"),  # after hours
        ("2025-09-19 00:00", "2025-09-26 17:30", "2025-09-19 10:30"),  # before hours
        ("2025-09-19 17:30", "2025-09-26 17:30", "2025-09-22 10:30"),
        ("2026-02-14 11:00", "2026-02-28 17:30", "2026-02-14 15:00"),  # last day before the feast
    ],
)
def test_dispatch_outside_working_hours(start: str, due: str, acknowledge_by: str) -> None:
    found = clock("jinan_2018", start)
    assert found.due_at == at(due)
    assert found.acknowledge_by == at(acknowledge_by)


def test_an_urgent_ticket_is_signed_for_within_half_an_hour_at_any_time() -> None:
    found = clock("default", "2025-10-01 23:45", urgency=Urgency.URGENT)
    assert found.acknowledge_by == at("2025-10-02 00:15")


def test_signing_is_never_due_after_the_work() -> None:
    found = clock("zhengzhou_fast_2017", "2025-10-01 10:00")
    assert found.acknowledge_by == found.due_at == at("2025-10-01 12:00")


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Limit(5, LimitUnit.WORKING_DAY, start=LimitStart.SAME_DAY), "2025-10-09 17:30"),
        (Limit(5, LimitUnit.WORKING_DAY, day_end=DayEnd.MIDNIGHT), "2025-10-10 23:59:59"),
        (Limit(5, LimitUnit.WORKING_DAY, day_end=DayEnd.SAME_CLOCK), "2025-10-10 10:00"),
        (Limit(10, LimitUnit.WORKING_HOUR), "2025-09-28 15:00"),
        (Limit(90, LimitUnit.MINUTE), "2025-09-26 11:30"),
        (Limit(1, LimitUnit.NATURAL_DAY, start=LimitStart.SAME_DAY), "2025-09-26 17:30"),
    ],
)
def test_a_limit_written_on_the_ticket_replaces_the_profile(limit: Limit, expected: str) -> None:
    found = clock("beijing_2021", "2025-09-26 10:00", stated=limit)
    assert found.due_at == at(expected)
    assert "派单时在工单上载明的时限" in found.rule
    assert found.evidence is Evidence.A


def test_beijing_says_when_the_ticket_states_no_limit() -> None:
    found = clock("beijing_2021", "2025-09-26 10:00")
    assert "本工单没有载明" in found.rule
    assert found.evidence is Evidence.P


def test_a_borrowed_limit_says_so_and_is_marked_as_our_own() -> None:
    found = clock("sichuan_2025", "2025-09-26 10:00", PRAISE)
    assert "沿用默认方案" in found.rule
    assert found.evidence is Evidence.P


def test_a_one_day_limit_given_on_a_day_off_warns_after_the_start() -> None:
    found = clock("shanghai_jingan_street_2019", "2025-09-20 10:00", INQUIRY)  # Saturday
    assert found.due_at == at("2025-09-22 17:30")
    assert found.warn_at == at("2025-09-22 15:45")  # three quarters of its seven hours
    friday = clock("shanghai_jingan_street_2019", "2025-09-19 10:00", INQUIRY)
    assert friday.warn_at == at("2025-09-19 17:30")


def test_a_clock_into_a_year_without_a_notice_is_provisional_and_says_so() -> None:
    found = clock("jinan_2018", "2026-12-30 18:00")
    assert found.due_at == at("2027-01-07 17:30")
    assert found.provisional
    assert "暂定" in found.rule
    by_hours = clock("anhui_2025", "2026-12-31 18:00", urgency=Urgency.URGENT)
    assert by_hours.due_at == at("2027-01-01 18:00")
    assert not by_hours.provisional


# --- the other clocks of a ticket ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "kind", "urgency", "expected"),
    [
        ("jinan_2018", COMPLAINT, Urgency.ROUTINE, "2025-09-30 17:30"),  # half of 5, rounded up: 3
        ("sichuan_2025", COMPLAINT, Urgency.ROUTINE, "2025-10-14 17:30"),  # half of 15: 8
        ("shanghai_jingan_street_2019", INQUIRY, Urgency.ROUTINE, "2025-09-30 17:30"),  # stated: 3
        ("default", COMPLAINT, Urgency.URGENT, "2025-09-26 22:00"),  # half of 24 hours
        ("zhengzhou_fast_2017", COMPLAINT, Urgency.EMERGENCY, "2025-09-26 10:15"),
    ],
)
def test_a_second_handling_has_its_own_limit(
    profile: str, kind: RequestKind, urgency: Urgency, expected: str
) -> None:
    found = redo_clock(
        load_profile(profile),
        CALENDAR,
        kind=kind,
        urgency=urgency,
        start=at("2025-09-26 10:00"),
    )
    assert found.due_at == at(expected)
    assert "重办时限" in found.rule


def test_return_follow_up_and_supervision_have_their_windows() -> None:
    start = at("2025-09-30 16:00")
    assert return_by(load_profile("jinan_2018"), CALENDAR, start) == at("2025-10-09 17:30")
    assert return_by(load_profile("shandong_prov_2020"), CALENDAR, start) == at("2025-10-10 17:30")
    assert follow_up_by(load_profile("default"), CALENDAR, start) == at("2025-10-09 17:30")
    assert supervision_due(load_profile("default"), CALENDAR, start) == at("2025-10-11 17:30")


def test_an_extension_is_asked_a_day_before_and_counts_on_from_due() -> None:
    profile = load_profile("shandong_prov_complaint_2017")
    start, due = at("2025-09-11 10:00"), at("2025-09-30 17:30")
    assert extension_apply_by(profile, CALENDAR, start, due) == at("2025-09-29 17:30")
    assert profile.extension.longest is not None
    longest = profile.extension.longest
    assert extended_due(profile, CALENDAR, due, longest) == at("2025-10-16 17:30")
    short = at("2025-09-30 14:00")
    assert extension_apply_by(profile, CALENDAR, short, due) == due


def test_where_the_clock_starts_at_signing_silence_does_not_stop_it() -> None:
    sent, sign_by = at("2025-09-26 10:00"), at("2025-09-26 12:00")
    usual = load_profile("default")
    assert handling_start(usual, sent, sign_by, at("2025-09-26 11:00")) == sent
    data = {"name": "x", "label": "x", "evidence": "P", "source": "x"}
    signing = parse_profile(data | {"clock": {"starts": "acknowledge"}}, usual)
    assert handling_start(signing, sent, sign_by, at("2025-09-26 11:00")) == at("2025-09-26 11:00")
    assert handling_start(signing, sent, sign_by) == sign_by
    assert handling_start(signing, sent, sign_by, at("2025-09-28 09:00")) == sign_by


@pytest.mark.parametrize(
    ("now", "text"),
    [
        ("2025-10-09 14:30", "还剩 1 个工作日 3 小时"),
        ("2025-10-10 17:10", "还剩 20 分钟"),
        ("2025-10-10 17:30", "还剩 不到 1 分钟"),
        ("2025-10-11 10:30", "已超 2 小时"),
        ("2025-10-10 20:00", "已超期"),
        ("2025-10-13 09:30", "已超 1 个工作日 1 小时"),
        ("2025-09-30 17:30", "还剩 2 个工作日"),
    ],
)
def test_time_left_is_told_in_working_days_and_hours(now: str, text: str) -> None:
    assert remaining(at("2025-10-10 17:30"), at(now), CALENDAR).text == text


def test_time_left_of_a_limit_in_hours_is_natural_time() -> None:
    left = remaining(at("2025-09-20 22:30"), at("2025-09-20 19:10"), CALENDAR, natural=True)
    assert left.text == "还剩 3 小时 20 分钟"
    over = remaining(at("2025-09-20 22:30"), at("2025-09-22 00:30"), CALENDAR, natural=True)
    assert over.text == "已超 1 天 2 小时"


# --- laws ---------------------------------------------------------------------------------------

STARTS = st.datetimes(
    datetime(2021, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2034, 6, 1),  # noqa: DTZ001
    timezones=st.just(SHANGHAI),
)
SITUATIONS = st.tuples(
    st.sampled_from(profile_names()), st.sampled_from(RequestKind), st.sampled_from(Urgency)
)


@CALM
@given(situation=SITUATIONS, start=STARTS)
def test_every_clock_runs_from_start_over_warning_to_due(
    situation: tuple[str, RequestKind, Urgency], start: datetime
) -> None:
    name, kind, urgency = situation
    found = clock_for(load_profile(name), CALENDAR, kind=kind, urgency=urgency, start=start)
    assert start < found.warn_at < found.due_at <= found.red_at
    assert start < found.acknowledge_by <= found.due_at
    if found.working_days is not None:
        assert CALENDAR.is_working_moment(found.due_at)
        assert found.due_at.time() == time(17, 30)


@CALM
@given(situation=SITUATIONS, start=STARTS, later=st.integers(0, 30 * 24 * 60))
def test_a_later_dispatch_is_never_due_earlier(
    situation: tuple[str, RequestKind, Urgency], start: datetime, later: int
) -> None:
    name, kind, urgency = situation
    profile = load_profile(name)
    first = clock_for(profile, CALENDAR, kind=kind, urgency=urgency, start=start)
    after = start + timedelta(minutes=later)
    second = clock_for(profile, CALENDAR, kind=kind, urgency=urgency, start=after)
    assert second.due_at >= first.due_at
    assert second.acknowledge_by >= first.acknowledge_by


@CALM
@given(
    unit=st.sampled_from([LimitUnit.WORKING_HOUR, LimitUnit.WORKING_MINUTE, LimitUnit.WORKING_DAY]),
    amount=st.integers(1, 90),
    start=STARTS,
)
def test_a_limit_in_working_time_always_ends_at_a_working_moment(
    unit: LimitUnit, amount: int, start: datetime
) -> None:
    assert CALENDAR.is_working_moment(limit_due(Limit(amount, unit), CALENDAR, start))
