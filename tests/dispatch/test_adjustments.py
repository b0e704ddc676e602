"""Laws of moved due times, and the cases people argue about, counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.adjustments import (
    Change,
    Commitment,
    Extension,
    Hold,
    adjusted,
    committed,
    elapsed,
    united,
)
from dispatch.domain.deadlines import Clock, clock_for
from dispatch.domain.limits import DayEnd, Limit, LimitStart, LimitUnit
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.vocabulary import RequestKind, Urgency
from dispatch.domain.worktime import SHANGHAI

CALENDAR = load_calendar()
PROFILE = load_profile("default")
CALM = settings(deadline=None, max_examples=200)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def clock(limit: Limit, start: datetime, statutory: Limit | None = None) -> Clock:
    return clock_for(
        PROFILE,
        CALENDAR,
        kind=RequestKind.COMPLAINT,
        urgency=Urgency.ROUTINE,
        start=start,
        stated=limit,
        statutory=statutory,
    )


def with_(clock: Clock, *changes: Change) -> Clock:
    return adjusted(PROFILE, CALENDAR, clock, changes)


# --- counted by hand ----------------------------------------------------------------------------

FRIDAY = at("2025-09-26 10:00")  # 09-28 (Sunday) is worked; 10-01…08 off; 10-11 (Saturday) worked
FIVE = Limit(5, LimitUnit.WORKING_DAY)  # 09-28, 29, 30, 10-09, 10-10


@pytest.mark.parametrize(
    ("limit", "since", "until", "due"),
    [
        # working days: 09-29 and 09-30 are held, two working days more
        (FIVE, "2025-09-29 08:30", "2025-09-30 17:30", "2025-10-13 17:30"),
        # half a day counts as one
        (FIVE, "2025-09-29 14:00", "2025-09-29 17:30", "2025-10-11 17:30"),
        # from Monday afternoon to Tuesday morning: half and half make one
        (FIVE, "2025-09-29 14:00", "2025-09-30 12:00", "2025-10-11 17:30"),
        # the holiday itself takes nothing away
        (FIVE, "2025-09-30 17:30", "2025-10-09 08:30", "2025-10-10 17:30"),
        # a hold that begins when the time is over moves nothing
        (FIVE, "2025-10-10 17:30", "2025-10-20 17:30", "2025-10-10 17:30"),
        # one that is over before the clock started moves nothing
        (FIVE, "2025-09-20 08:30", "2025-09-26 10:00", "2025-10-10 17:30"),
        # of one that began before it only what lies after the start counts
        (FIVE, "2025-09-20 08:30", "2025-09-26 17:30", "2025-10-11 17:30"),
        # the last day's end stays as the limit has it
        (
            Limit(5, LimitUnit.WORKING_DAY, day_end=DayEnd.MIDNIGHT),
            "2025-09-29 08:30",
            "2025-09-29 17:30",
            "2025-10-11 23:59:59",
        ),
        (
            Limit(5, LimitUnit.WORKING_DAY, day_end=DayEnd.SAME_CLOCK),
            "2025-09-29 08:30",
            "2025-09-29 17:30",
            "2025-10-11 10:00",
        ),
        # working hours move by exactly what is held: ten from Friday 10:00 end Sunday 15:00
        (
            Limit(10, LimitUnit.WORKING_HOUR),
            "2025-09-26 14:00",
            "2025-09-26 16:30",
            "2025-09-28 17:30",
        ),
        # natural hours move by the time that passed, day and night
        (Limit(24, LimitUnit.HOUR), "2025-09-26 22:00", "2025-09-27 03:30", "2025-09-27 15:30"),
        # natural days: 10-03 falls into the holiday and ends on 10-09; one held day leads to
        # 10-04, which ends on 10-09 as well
        (
            Limit(7, LimitUnit.NATURAL_DAY),
            "2025-09-29 00:00",
            "2025-09-30 00:00",
            "2025-10-09 17:30",
        ),
        (
            Limit(7, LimitUnit.NATURAL_DAY),
            "2025-09-29 00:00",
            "2025-10-06 00:00",
            "2025-10-10 17:30",  # seven days after 10-03
        ),
    ],
)
def test_a_hold_moves_the_due_time_by_what_it_covers(
    limit: Limit, since: str, until: str, due: str
) -> None:
    assert with_(clock(limit, FRIDAY), Hold(at(since), at(until))).due_at == at(due)


def test_overlapping_holds_count_once() -> None:
    base = clock(FIVE, FRIDAY)
    first = Hold(at("2025-09-29 08:30"), at("2025-09-30 12:00"))
    second = Hold(at("2025-09-29 14:00"), at("2025-09-30 17:30"))
    whole = Hold(at("2025-09-29 08:30"), at("2025-09-30 17:30"))
    assert with_(base, first, second) == with_(base, second, first) == with_(base, whole)


def test_extension_then_hold_then_commitment_whatever_the_order() -> None:
    base = clock(FIVE, FRIDAY)
    changes: list[Change] = [
        Commitment(at("2025-11-08 00:00")),  # Saturday: Monday's end of business
        Hold(at("2025-09-29 08:30"), at("2025-09-29 17:30")),
        Extension(FIVE),
    ]
    assert with_(base, *changes[1:]).due_at == at("2025-10-17 17:30")  # 10-16, and a day held
    assert with_(base, *changes).due_at == at("2025-11-10 17:30")
    assert with_(base, *reversed(changes)) == with_(base, *changes)


def test_no_card_falls_due_while_the_clock_stands_still() -> None:
    base = clock(FIVE, FRIDAY)
    held = with_(base, Hold(at("2025-10-10 08:30"), at("2025-10-14 08:30")))
    assert held.due_at == at("2025-10-14 17:30")  # 10-10, 11, 13 held: three days more
    assert held.warn_at == at("2025-10-14 08:30")  # not on 10-13, in the middle of the hold
    short = clock(Limit(24, LimitUnit.HOUR), FRIDAY)
    paused = with_(short, Hold(at("2025-09-26 12:00"), at("2025-09-27 12:00")))
    assert short.warn_at == at("2025-09-27 04:00")
    assert paused.warn_at == at("2025-09-28 04:00")


def test_the_interim_reply_stands_still_with_the_clock_and_is_not_extended() -> None:
    base = clock(FIVE, FRIDAY, statutory=Limit(15, LimitUnit.WORKING_DAY))
    assert base.interim_by == at("2025-10-10 17:30")
    assert with_(base, Extension(FIVE)).interim_by == base.interim_by
    held = with_(base, Hold(at("2025-09-29 08:30"), at("2025-09-30 17:30")))
    assert held.interim_by == at("2025-10-13 17:30")


def test_units_that_had_a_ticket_at_once_count_once_and_returning_counts() -> None:
    first = (at("2025-09-29 08:30"), at("2025-09-29 16:30"))  # 6 hours until it was returned
    second = (at("2025-09-29 15:30"), None)
    assert elapsed(CALENDAR, [first, second], at("2025-09-30 10:30")) == timedelta(hours=9)


# --- laws ---------------------------------------------------------------------------------------

# Starts from 2024 to 2027, often on the edges: midnight, opening, closing, the turn of a holiday.
EDGES = st.sampled_from(
    [time(), time(8, 30), time(12), time(14), time(17, 30), time(23, 59, 59), time(22, 30)]
)
HOLIDAYS = st.sampled_from(
    [
        *(date(2024, 2, 8) + timedelta(days=n) for n in range(12)),
        *(date(2025, 1, 24) + timedelta(days=n) for n in range(17)),
        *(date(2025, 9, 26) + timedelta(days=n) for n in range(17)),
        *(date(2026, 2, 12) + timedelta(days=n) for n in range(18)),
        *(date(2026, 9, 18) + timedelta(days=n) for n in range(24)),
        *(date(2027, 2, 4) + timedelta(days=n) for n in range(10)),
    ]
)
DAYS = st.one_of(HOLIDAYS, st.dates(date(2024, 1, 1), date(2027, 12, 31)))
MOMENTS = st.builds(
    lambda day, clock: datetime.combine(day, clock, SHANGHAI), DAYS, st.one_of(EDGES, st.times())
)
LIMITS = st.builds(
    Limit,
    st.integers(1, 30),
    st.sampled_from(LimitUnit),
    st.sampled_from(LimitStart),
    st.sampled_from(DayEnd),
)
WORKING = st.builds(
    Limit,
    st.integers(1, 30),
    st.sampled_from([LimitUnit.WORKING_DAY, LimitUnit.WORKING_HOUR, LimitUnit.WORKING_MINUTE]),
)
HOURS = st.integers(0, 30 * 24 * 60)


@st.composite
def holds(draw: st.DrawFn, start: datetime) -> Hold:
    since = start + timedelta(minutes=draw(HOURS))
    return Hold(since, since + timedelta(minutes=draw(HOURS)))


@st.composite
def stories(
    draw: st.DrawFn, limits: st.SearchStrategy[Limit] = LIMITS
) -> tuple[Clock, list[Change]]:
    """A clock and changes of it, all within reach of the calendar."""
    start = draw(MOMENTS)
    made: list[Change] = []
    for _ in range(draw(st.integers(0, 4))):
        what = draw(st.sampled_from(["extension", "hold", "commitment"]))
        if what == "extension":
            made.append(Extension(draw(limits)))
        elif what == "hold":
            made.append(draw(holds(start)))
        else:
            made.append(Commitment(start + timedelta(minutes=draw(HOURS))))
    return clock(draw(limits), start), made


@CALM
@given(story=stories(), data=st.data())
def test_adding_and_removing_a_pause_is_the_identity(
    story: tuple[Clock, list[Change]], data: st.DataObject
) -> None:
    base, changes = story
    before = with_(base, *changes)
    pause = data.draw(holds(base.started_at))
    place = data.draw(st.integers(0, len(changes)))
    paused = [*changes[:place], pause, *changes[place:]]
    with_(base, *paused)
    paused.remove(pause)
    assert with_(base, *paused) == before
    nothing = Hold(pause.since, pause.since)
    assert with_(base, *changes, nothing) == before


@CALM
@given(story=stories(), data=st.data())
def test_a_pause_never_brings_a_due_time_forward_and_a_longer_one_never_less(
    story: tuple[Clock, list[Change]], data: st.DataObject
) -> None:
    base, changes = story
    pause = data.draw(holds(base.started_at))
    longer = Hold(pause.since, pause.until + timedelta(minutes=data.draw(HOURS)))
    found = [with_(base, *changes, *more).due_at for more in ([], [pause], [longer])]
    assert found == sorted(found)


@CALM
@given(story=stories(WORKING))
def test_a_due_time_counted_in_working_time_is_always_a_working_moment(
    story: tuple[Clock, list[Change]],
) -> None:
    base, changes = story
    found = with_(base, *changes)
    assert CALENDAR.is_working_moment(found.due_at)
    assert base.started_at <= found.warn_at <= found.due_at <= found.red_at
    assert found.acknowledge_by <= found.due_at


@CALM
@given(limit=WORKING, start=MOMENTS, data=st.data())
def test_working_time_is_moved_by_exactly_the_working_time_held(
    limit: Limit, start: datetime, data: st.DataObject
) -> None:
    base = clock(limit, start)
    pause = data.draw(holds(start))
    found = with_(base, pause)
    late = pause.since >= base.due_at
    held = timedelta(0) if late else CALENDAR.working_time_between(pause.since, pause.until)
    moved = CALENDAR.working_time_between(base.due_at, found.due_at)
    if limit.unit.is_day:
        day = CALENDAR.working_day_length
        held = -(-held // day) * day
    assert moved == held


@CALM
@given(story=stories(), data=st.data())
def test_the_order_in_which_holds_and_commitments_were_written_down_is_no_matter(
    story: tuple[Clock, list[Change]], data: st.DataObject
) -> None:
    base, changes = story
    still = [one for one in changes if not isinstance(one, Extension)]
    fixed = [one for one in changes if isinstance(one, Extension)]
    shuffled: Sequence[Change] = data.draw(st.permutations(still))
    assert with_(base, *shuffled, *fixed) == with_(base, *fixed, *still)


@CALM
@given(story=stories(), until=MOMENTS)
def test_a_commitment_is_kept_to_the_day_or_moves_nothing(
    story: tuple[Clock, list[Change]], until: datetime
) -> None:
    base, changes = story
    before = with_(base, *changes).due_at
    assert with_(base, *changes, Commitment(until)).due_at == max(
        before, committed(CALENDAR, until)
    )


@st.composite
def shares(draw: st.DrawFn) -> list[tuple[datetime, datetime | None]]:
    """What units had of a ticket, one after the other and beside each other."""
    moment, made = draw(MOMENTS), []
    for _ in range(draw(st.integers(1, 4))):
        ended = moment + timedelta(minutes=draw(HOURS))
        made.append((moment, draw(st.sampled_from([ended, None]))))
        moment = ended if draw(st.booleans()) else moment + (ended - moment) / 2
    return made


@CALM
@given(spans=shares(), now=MOMENTS, later=HOURS, data=st.data())
def test_total_elapsed_never_falls(
    spans: list[tuple[datetime, datetime | None]],
    now: datetime,
    later: int,
    data: st.DataObject,
) -> None:
    first = elapsed(CALENDAR, spans, now)
    assert timedelta(0) <= first
    assert elapsed(CALENDAR, spans, now + timedelta(minutes=later)) >= first
    # Returned and sent to another unit: one more share takes nothing away.
    another = (now - timedelta(minutes=data.draw(HOURS)), None)
    assert elapsed(CALENDAR, [*spans, another], now) >= first
    begun = min(since for since, _ in spans)
    assert first <= max(CALENDAR.working_time_between(begun, now), timedelta(0))


@CALM
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6))
def test_united_spans_cover_the_same_minutes_and_touch_nowhere(
    pairs: list[tuple[int, int]],
) -> None:
    start = at("2025-01-01 00:00")

    def minute(n: int) -> datetime:
        return start + timedelta(minutes=n)

    joined = united((minute(a), minute(b)) for a, b in pairs)
    assert all(a[1] < b[0] for a, b in pairwise(joined))
    for n in range(60):
        middle = minute(n) + timedelta(seconds=30)
        inside = any(a <= n and n + 1 <= b for a, b in pairs)
        assert any(since < middle < until for since, until in joined) == inside
