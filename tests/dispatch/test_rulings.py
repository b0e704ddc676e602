"""What a ruling does to others: at once, after the due time, with merged tickets and helpers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.asking import option_of
from dispatch.domain.errors import ChangedMeanwhile, HotlineError
from dispatch.domain.limits import Limit
from dispatch.domain.policy import load_profile, profile_names
from dispatch.domain.rules import Rules
from dispatch.domain.standing import Standing
from dispatch.domain.terms import ApplicationKind
from dispatch.domain.vocabulary import RequestKind, Urgency
from dispatch.models.handling import Application, ClockChange
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import intake, merging, rulings, shares, sweep
from dispatch.service.rulings import GrantTerms
from tests.dispatch.asking_story import DAY, NOW, Story, founded, rules_of

EXTENSION = ApplicationKind.EXTENSION


@pytest.fixture
def story(database: Database) -> Story:
    """A ticket that 老李 dispatched to 城管局."""
    return Story(founded(database), rules_of())


def at_once(*works: Callable[[], object]) -> list[object]:
    """Start these together; what each returned, or the refusal it got."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        start.wait(timeout=20)
        try:
            return work()
        except HotlineError as refused:
            return refused

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_of_two_rulings_in_the_same_moment_exactly_one_stands(story: Story) -> None:
    which = story.sign().ask(EXTENSION, limit="2 working_day")
    due = story.ticket.due_at
    results = at_once(lambda: story.grant(which, by="zhong"), lambda: story.deny(which, by="wei"))
    refused = [r for r in results if isinstance(r, HotlineError)]
    (ruled,) = [r for r in results if isinstance(r, Application)]
    assert [type(r) for r in refused] == [ChangedMeanwhile]
    assert (story.ticket.due_at == due) is (ruled.state == "denied")
    with story.database.read() as s:
        changes = s.scalar(select(func.count(ClockChange.id)))
    assert changes == (1 if ruled.state == "granted" else 0)


def test_two_people_of_a_unit_asking_at_once_ask_once(story: Story) -> None:
    story.sign()
    results = at_once(*[lambda: story.ask(EXTENSION, limit="1 working_day")] * 4)
    assert sum(isinstance(r, int) for r in results) == 1
    with story.database.read() as s:
        assert s.scalar(select(func.count(Application.id))) == 1


def test_what_was_asked_in_time_may_be_ruled_on_after_the_due_time(story: Story) -> None:
    which = story.sign().ask(EXTENSION, limit="5 working_day")
    due = story.ticket.due_at
    assert due is not None
    story.now = due + timedelta(hours=1)
    with story.database.work() as s:
        assert sweep.sweep(s, story.rules, now=story.now).breached == 1
    assert story.ticket.breached_at is not None
    story.grant(which)
    ticket = story.ticket
    assert ticket.due_at is not None
    assert ticket.due_at > story.now
    assert ticket.breached_at is None
    assert story.share.next_at is not None


def test_a_hold_that_ran_out_before_the_ruling_is_not_granted(story: Story) -> None:
    which = story.sign().ask(ApplicationKind.HOLD, until=(NOW + DAY).date())
    story.now += 3 * DAY
    with pytest.raises(HotlineError, match="已过，请填写新的日期，或驳回"):
        story.grant(which)
    assert story.grant(which, until=(story.now + DAY).date()).state == "granted"


def test_while_a_clock_stands_still_nothing_is_overdue(story: Story) -> None:
    due = story.sign().ticket.due_at
    assert due is not None
    story.grant(story.ask(ApplicationKind.HOLD, until=(NOW + 11 * DAY).date()))
    story.now = due + timedelta(hours=1)
    with story.database.work() as s:
        assert sweep.sweep(s, story.rules, now=story.now).breached == 0
    assert story.ticket.breached_at is None


def test_a_granted_return_takes_the_work_from_the_helpers_too(story: Story) -> None:
    with story.database.work() as s:
        shares.add_supporting(
            s, story.cast["qian"], story.number, "ZJ", story.rules, opinion="协助", now=story.now
        )
    story.grant(story.ask(ApplicationKind.RETURN), by="qian")
    with story.database.read() as s:
        running = s.scalar(select(func.count(Assignment.id)).where(Assignment.ended_at.is_(None)))
    assert running == 0
    assert story.ticket.status == "open"


@pytest.mark.parametrize(("release", "status"), [(False, "terminated"), (True, "open")])
def test_merged_tickets_end_with_the_main_one_or_stand_again(
    story: Story, release: bool, status: str
) -> None:
    with story.database.work() as s:
        form = intake.RequestForm(content="鼓楼街烧烤油烟", kind=RequestKind.COMPLAINT)
        child = intake.open_ticket(s, story.cast["agent"], form, now=NOW).number
        merging.merge(s, story.cast["li"], child, story.number, reason="同一事件", now=NOW)
    which = story.sign().ask(ApplicationKind.TERMINATION)
    story.grant(which, ruling="诉求人已撤回诉求，终止办理", release_merged=release)
    with story.database.read() as s:
        found = s.scalars(select(Ticket).where(Ticket.number == child)).one()
    assert (found.status, found.closed_at is None) == (status, release)
    assert story.ticket.status == "terminated"


def test_a_return_is_granted_once_and_the_promise_stays(story: Story) -> None:
    which = story.ask(ApplicationKind.RETURN)
    story.grant(which, by="qian")
    before = story.ticket.due_at
    with pytest.raises(ChangedMeanwhile, match="处理：已同意"), story.database.work() as s:
        rulings.grant(
            s,
            story.cast["qian"],
            story.number,
            which,
            story.rules,
            GrantTerms(),
            now=story.now,
        )
    assert (story.ticket.due_at, story.ticket.returns) == (before, 1)


FIRST = datetime(2025, 1, 2, tzinfo=UTC)
MOMENTS = st.integers(0, 60 * 24 * 700).map(lambda n: FIRST + timedelta(minutes=n))
PROFILE_RULES = {name: Rules(load_profile(name), rules_of().calendar) for name in profile_names()}


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(PROFILE_RULES)),
    start=MOMENTS,
    waited=st.integers(0, 60 * 24 * 20),
    urgency=st.sampled_from(list(Urgency)),
    kind=st.sampled_from(list(ApplicationKind)),
)
def test_what_may_be_asked_always_ends_by_the_due_time_and_leads_beyond_it(
    name: str, start: datetime, waited: int, urgency: Urgency, kind: ApplicationKind
) -> None:
    rules = PROFILE_RULES[name]
    clock = rules.clock(kind=RequestKind.COMPLAINT, urgency=urgency, start=start)
    standing = Standing(
        dispatched_at=start,
        started_at=start,
        due_at=clock.due_at,
        return_by=None,
        limit=Limit(clock.limit.amount, clock.limit.unit),
    )
    now = start + timedelta(minutes=waited)
    found = option_of(kind, standing, rules, now)
    assert found.why
    if found.until is None:
        assert not found.allowed
        return
    assert found.allowed == (now <= found.until)
    if kind is not ApplicationKind.RETURN:
        assert start < found.until <= clock.due_at
    if kind is EXTENSION:
        assert found.latest is not None
        assert found.latest > clock.due_at
