"""并单: one dispatch for an event, an answer for every caller, and a way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.db import Base
from dispatch.domain.errors import (
    AccusedUnit,
    ActionNotAllowed,
    CannotMerge,
    CannotUndo,
    ChangedMeanwhile,
    HotlineError,
    InvalidInput,
    NotFound,
    RoleNotAllowed,
)
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.models.ties import AvoidedUnit, TicketMerge
from dispatch.service import (
    assignment,
    followup,
    followup_calls,
    followup_ends,
    handling,
    intake,
    merge_rows,
    merging,
    reviews,
    sweep,
    urging,
)
from tests.dispatch.test_contention import at_once

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
AGENT = Actor(name="小王", role=Role.AGENT)
DISPATCHER = Actor(name="老李", role=Role.DISPATCHER)
CENTER = Actor(name="中心", role=Role.CENTER)
CALLER = Actor(name="回访员", role=Role.FOLLOW_UP)
REPLY = "水管已抢修完毕，今日 18 时恢复供水。"
SAME = "同一小区同一时间停水"
FORM = intake.RequestForm(content="阳光小区全楼停水", kind=RequestKind.ASSISTANCE)


def minutes(n: float) -> datetime:
    """A moment of the story."""
    return NOW + timedelta(minutes=n)


def opened(database: Database, phone: str | None = "13800000000", **more: object) -> str:
    """A caller's request."""
    with database.work() as s:
        form = replace(FORM, phone=phone, **more)  # type: ignore[arg-type]
        return intake.open_ticket(s, AGENT, form, now=NOW).number


def dispatched(database: Database, rules: Rules, phone: str = "13800000000") -> str:
    """A request in the unit's hands."""
    number = opened(database, phone)
    with database.work() as s:
        assignment.dispatch(s, DISPATCHER, number, "CG", rules, now=minutes(1))
    return number


def merged(database: Database, child: str, main: str, by: Actor = DISPATCHER) -> None:
    """Merge one into another."""
    with database.work() as s:
        merging.merge(s, by, child, main, reason=SAME, now=minutes(5))


def answered(database: Database, rules: Rules, unit: Actor, number: str) -> None:
    """The unit answers and the centre passes it."""
    with database.work() as s:
        assignment.acknowledge(s, unit, number, now=minutes(10))
        handling.complete(s, unit, number, rules, public_reply=REPLY, now=minutes(30))
        handling.pass_audit(s, CENTER, number, rules, now=minutes(40))


def ticket_of(database: Database, number: str) -> Ticket:
    """The ticket's row."""
    with database.read() as s:
        return s.scalars(select(Ticket).where(Ticket.number == number)).one()


def facts_of(database: Database, number: str) -> list[str]:
    """What its history tells."""
    with database.read() as s:
        about = select(Ticket.id).where(Ticket.number == number).scalar_subquery()
        rows = select(TicketEvent.kind).where(TicketEvent.ticket_id == about)
        return list(s.scalars(rows.order_by(TicketEvent.id)))


def row_of(row: Base) -> dict[str, object]:
    """Every column that a merge and its undoing must leave alone."""
    grown = {"version", "history_digest"}
    return {c.name: getattr(row, c.name) for c in row.__table__.columns if c.name not in grown}


def state_of(database: Database, *numbers: str) -> list[dict[str, object]]:
    """The tickets with all their shares."""
    with database.read() as s:
        tickets = s.scalars(select(Ticket).where(Ticket.number.in_(numbers)).order_by(Ticket.id))
        found = [row_of(ticket) for ticket in tickets]
        ids = [row["id"] for row in found]
        shares = s.scalars(
            select(Assignment).where(Assignment.ticket_id.in_(ids)).order_by(Assignment.id)
        )
        return [*found, *(row_of(share) for share in shares)]


def test_golden_10_fifty_callers_of_one_event_are_one_dispatch_fifty_answers_fifty_follow_ups(
    database: Database, rules: Rules, unit: Actor
) -> None:
    phones = [f"138000{n:05d}" for n in range(50)]
    main, *others = [opened(database, phone) for phone in phones]
    with database.work() as s:
        done = merging.merge_many(s, DISPATCHER, others, main, reason=SAME, now=minutes(1))
        assignment.dispatch(s, DISPATCHER, main, "CG", rules, now=minutes(2))
    assert (len(done.merged), done.refused) == (49, {})
    answered(database, rules, unit, main)

    with database.read() as s:
        assert s.scalar(select(func.count(Assignment.id))) == 1
        assert (
            merge_rows.callers(s, s.scalars(select(Ticket).where(Ticket.number == main)).one())
            == 50
        )
        # Counted once in the unit's workload, fifty times in what citizens asked for.
        assert s.scalar(select(func.count()).where(Ticket.department_id.is_not(None))) == 1
        assert s.scalar(select(func.count()).where(Ticket.dispatched_at.is_not(None))) == 1
        assert s.scalar(select(func.count()).where(Ticket.created_at == NOW)) == 50
        replies = s.execute(select(Ticket.phone, Ticket.public_reply, Ticket.status)).all()
        asked = s.scalars(select(FollowUp.ticket_id)).all()
    assert {(phone, reply, status) for phone, reply, status in replies} == {
        (phone, REPLY, "follow_up") for phone in phones
    }
    assert len(asked) == len(set(asked)) == 50

    with database.work() as s:
        calls = followup_calls.claim_due(s, rules, limit=100, now=minutes(40))
    assert sorted(call.number for call in calls) == phones


def test_a_merged_ticket_keeps_nobody_busy_and_runs_no_clock(
    database: Database, rules: Rules, unit: Actor
) -> None:
    main, child = dispatched(database, rules), dispatched(database, rules, "13900000000")
    merged(database, child, main)
    row = ticket_of(database, child)
    assert (row.status, row.department_id, row.due_at) == ("merged", None, None)
    assert facts_of(database, child)[-1] == "TicketMerged"
    assert facts_of(database, main)[-1] == "TicketJoined"
    with database.work() as s:
        swept = sweep.sweep(s, rules, now=NOW + timedelta(days=30))
        assert swept.breached == 1
    with pytest.raises(ActionNotAllowed, match="已并单"), database.work() as s:
        assignment.acknowledge(s, unit, child, now=minutes(6))


@pytest.mark.parametrize("sent", [False, True])
def test_undoing_a_merge_puts_everything_back_and_the_time_in_it_counts(
    database: Database, rules: Rules, unit: Actor, *, sent: bool
) -> None:
    main = dispatched(database, rules)
    child = dispatched(database, rules, "13900000000") if sent else opened(database, "13900000000")
    before = state_of(database, child, main)
    merged(database, child, main)
    assert state_of(database, child, main) != before
    with database.work() as s:
        merging.unmerge(s, DISPATCHER, child, reason="不是同一处", now=minutes(60))
    assert state_of(database, child, main) == before
    assert [facts_of(database, n)[-1] for n in (child, main)] == ["TicketUnmerged"] * 2
    if sent:
        due = ticket_of(database, child).due_at
        with database.work() as s:
            assert due is not None
            sweep.sweep(s, rules, now=due + timedelta(minutes=1))
        assert ticket_of(database, child).breached_at is not None


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_merge_then_unmerge_restores_both_exactly_wherever_they_stand(
    database: Database, rules: Rules, unit: Actor, data: st.DataObject
) -> None:
    def grown(phone: str, steps: int) -> str:
        number = opened(database, phone)
        with database.work() as s:
            if steps > 0:
                assignment.dispatch(s, DISPATCHER, number, "CG", rules, now=minutes(1))
            if steps > 1:
                assignment.acknowledge(s, unit, number, now=minutes(2))
            if steps > 2:
                handling.contact_requester(s, unit, number, note="已联系", now=minutes(3))
            if steps > 3:
                sweep.sweep(s, rules, now=minutes(60 * 24 * 20))
        return number

    child = grown("13900000000", data.draw(st.integers(0, 4)))
    main = grown("13800000000", data.draw(st.integers(0, 4)))
    with database.work() as s:
        for _ in range(data.draw(st.integers(0, 2))):
            urging.urge(s, AGENT, child, contact_id=None, note="着急", now=minutes(4))
    before = state_of(database, child, main)
    for _ in range(data.draw(st.integers(1, 3))):
        merged(database, child, main)
        with database.work() as s:
            merging.unmerge(s, CENTER, child, reason="不是同一件事", now=minutes(70))
    assert state_of(database, child, main) == before


def test_what_was_answered_is_not_undone_and_an_unhappy_caller_goes_on_alone(
    database: Database, rules: Rules, unit: Actor
) -> None:
    main, child = dispatched(database, rules), opened(database, "13900000000")
    merged(database, child, main)
    answered(database, rules, unit, main)
    with pytest.raises(CannotUndo, match="已随主单"), database.work() as s:
        merging.unmerge(s, DISPATCHER, child, reason="不是同一处", now=minutes(50))
    with database.work() as s:
        followup.record_by_person(
            s,
            CALLER,
            child,
            rules,
            reached=True,
            solved=Verdict.UNRESOLVED,
            rating=None,
            now=minutes(60),
        )
        reviews.decide(s, CENTER, child, redo=True, words="他家门前没有修好", now=minutes(60))
    redo = ticket_of(database, child)
    assert (redo.status, redo.round, redo.merged_into_id) == ("reopened", 2, None)
    assert ticket_of(database, main).status == "follow_up"
    with database.work() as s:
        assignment.dispatch(s, DISPATCHER, child, "CG", rules, now=minutes(61))
    # The same two may be merged again in the next round.
    with database.work() as s:
        followup_ends.reopen(s, CENTER, main, reason="没有修好", now=minutes(62))
    merged(database, child, main)
    with database.read() as s:
        assert s.scalar(select(func.count(TicketMerge.id))) == 2


def test_a_caller_who_wants_no_reply_is_not_called(
    database: Database, rules: Rules, unit: Actor
) -> None:
    main = dispatched(database, rules)
    quiet = opened(database, "13900000000", reply_wanted=False)
    nameless = opened(database, None)
    for child in (quiet, nameless):
        merged(database, child, main)
    answered(database, rules, unit, main)
    assert [ticket_of(database, n).status for n in (quiet, nameless)] == ["closed", "closed"]
    assert ticket_of(database, quiet).solved is None


def test_the_main_ticket_sent_back_keeps_its_callers_waiting(
    database: Database, rules: Rules, unit: Actor
) -> None:
    main, child = dispatched(database, rules), opened(database, "13900000000")
    merged(database, child, main)
    with database.work() as s:
        assignment.acknowledge(s, unit, main, now=minutes(10))
        handling.complete(s, unit, main, rules, public_reply=REPLY, now=minutes(30))
        handling.send_back(s, CENTER, main, rules, reason_code="no_facts", now=minutes(31))
    assert ticket_of(database, child).status == "merged"
    with database.work() as s:
        handling.complete(s, unit, main, rules, public_reply=REPLY, now=minutes(32))
        handling.pass_audit(s, CENTER, main, rules, now=minutes(33))
    assert ticket_of(database, child).status == "follow_up"


def test_callers_end_with_a_terminated_matter_or_stand_again(
    database: Database, rules: Rules, unit: Actor
) -> None:
    main = dispatched(database, rules)
    children = [opened(database, f"1390000000{n}") for n in range(4)]
    before = state_of(database, *children[2:])
    for child in children:
        merged(database, child, main)
    with database.work() as s:
        for child in children[1:]:
            merging.unmerge(s, CENTER, child, reason="试", now=minutes(6))
        row = s.scalars(select(Ticket).where(Ticket.number == main)).one()
        assert merging.end_children(s, CENTER, row, reason="不属于受理范围", now=minutes(7)) == 1
    ended = ticket_of(database, children[0])
    assert (ended.status, ended.closed_at) == ("terminated", minutes(7))
    assert facts_of(database, children[0])[-1] == "TicketTerminated"
    for child in children[2:]:
        merged(database, child, main)
    with database.work() as s:
        row = s.scalars(select(Ticket).where(Ticket.number == main)).one()
        gone = "诉求人撤回诉求"
        assert merging.release_children(s, CENTER, row, reason=gone, now=minutes(8)) == 2
    assert state_of(database, *children[2:]) == before


def refused(database: Database, child: str, main: str, words: str) -> None:
    """The merge is refused, with this in the sentence, and nothing changed."""
    before = state_of(database, child, main)
    with pytest.raises(CannotMerge, match=words), database.work() as s:
        merging.merge(s, DISPATCHER, child, main, reason=SAME, now=minutes(5))
    assert state_of(database, child, main) == before


def test_each_merge_that_makes_no_sense_is_refused_with_its_reason(
    database: Database, rules: Rules, unit: Actor
) -> None:
    main, child, third = (opened(database, f"1380000000{n}") for n in range(3))
    refused(database, child, child, "并入它自己")
    merged(database, child, main)
    refused(database, third, child, f"请直接并入 {main}")
    refused(database, child, main, "不需要再并一次")
    refused(database, main, third, f"请反过来把 {third} 并入它")
    secret = opened(database, "13700000000", confidential=True)
    refused(database, third, secret, "要求保密")
    done = dispatched(database, rules)
    answered(database, rules, unit, done)
    refused(database, third, done, "不会再有答复")
    with pytest.raises(ActionNotAllowed, match="待回访"), database.work() as s:
        merging.merge(s, DISPATCHER, done, third, reason=SAME, now=minutes(50))
    another = Actor(name="小赵", role=Role.AGENT, staff_id=77)
    with pytest.raises(NotFound), database.work() as s:
        merging.merge(s, another, third, secret, reason=SAME, now=minutes(50))
    with pytest.raises(InvalidInput, match="理由"), database.work() as s:
        merging.merge(s, DISPATCHER, third, main, reason=" ", now=minutes(50))
    with pytest.raises(RoleNotAllowed), database.work() as s:
        merging.merge(s, CALLER, third, main, reason=SAME, now=minutes(50))
    with pytest.raises(RoleNotAllowed), database.work() as s:
        merging.unmerge(s, AGENT, child, reason="不对", now=minutes(50))


def test_an_accused_unit_does_not_answer_for_another_ticket(
    database: Database, rules: Rules, unit: Actor
) -> None:
    main, child = dispatched(database, rules), opened(database, "13900000000")
    with database.work() as s:
        below = Department(
            code="CG1", name="城管一中队", short_name="一中队", tier=3, kind="branch"
        )
        below.parent_id = unit.department_id
        s.add(below)
        s.flush()
        ticket = s.scalars(select(Ticket.id).where(Ticket.number == child)).one()
        s.add(AvoidedUnit(ticket_id=ticket, department_id=below.id, why="reported", added_at=NOW))
    refused(database, child, main, "被反映单位")
    # Merged before anybody had it, the main ticket cannot go there either.
    waiting = opened(database)
    merged(database, child, waiting)
    with pytest.raises(AccusedUnit), database.work() as s:
        assignment.dispatch(s, DISPATCHER, waiting, "CG", rules, now=minutes(8))


def test_a_batch_says_of_each_ticket_why_it_was_left(database: Database) -> None:
    main, child, own, other = (opened(database, f"1380000000{n}") for n in range(4))
    merged(database, other, own)
    with database.work() as s:
        done = merging.merge_many(
            s, DISPATCHER, [child, own, main, "20990101000001"], main, reason=SAME, now=minutes(6)
        )
    assert done.merged == [child]
    assert set(done.refused) == {own, main, "20990101000001"}
    assert ticket_of(database, child).status == "merged"


def test_of_two_who_merge_at_once_one_does_and_one_is_told(database: Database) -> None:
    first, second = opened(database, "13800000001"), opened(database, "13800000002")
    seen = ticket_of(database, first).version

    def merge(n: int) -> str:
        child, main = ((first, second), (second, first))[n]
        try:
            with database.work() as s:
                merging.merge(s, DISPATCHER, child, main, reason=SAME, now=minutes(n))
        except HotlineError as error:
            return error.code
        return "merged"

    assert sorted(at_once(2, merge)) == ["cannot-merge", "merged"]

    third, main = opened(database, "13800000003"), opened(database, "13800000004")

    def again(_: int) -> str:
        try:
            with database.work() as s:
                merging.merge(
                    s, DISPATCHER, third, main, reason=SAME, expected=seen, now=minutes(9)
                )
        except HotlineError as error:
            return error.code
        return "merged"

    assert sorted(at_once(4, again)) == ["cannot-merge"] * 3 + ["merged"]
    assert facts_of(database, main).count("TicketJoined") == 1


def test_a_page_older_than_the_ticket_merges_nothing(database: Database, rules: Rules) -> None:
    main, child = opened(database), opened(database, "13900000000")
    seen = ticket_of(database, child).version
    with database.work() as s:
        urging.urge(s, AGENT, child, contact_id=None, note="", now=minutes(1))
    with pytest.raises(ChangedMeanwhile), database.work() as s:
        merging.merge(s, DISPATCHER, child, main, reason=SAME, expected=seen, now=minutes(2))
    # Who writes the main ticket's reply is not interrupted by one more caller.
    before = ticket_of(database, main).version
    merged(database, child, main)
    assert ticket_of(database, main).version == before


def test_an_answer_and_an_undoing_at_once_leave_one_of_the_two(
    database: Database, rules: Rules, unit: Actor
) -> None:
    main, child = dispatched(database, rules), dispatched(database, rules, "13900000000")
    merged(database, child, main)
    with database.work() as s:
        assignment.acknowledge(s, unit, main, now=minutes(10))
        handling.complete(s, unit, main, rules, public_reply=REPLY, now=minutes(30))

    def act(n: int) -> str:
        try:
            with database.work() as s:
                if n:
                    merging.unmerge(s, CENTER, child, reason="不是同一处", now=minutes(40))
                else:
                    handling.pass_audit(s, CENTER, main, rules, now=minutes(40))
        except CannotUndo:
            return "late"
        return "done"

    results = at_once(2, act)
    assert results[0] == "done"
    assert ticket_of(database, main).status == "follow_up"
    row = ticket_of(database, child)
    if results[1] == "done":
        assert (row.status, row.public_reply) == ("dispatched", "")
    else:
        assert (row.status, row.public_reply) == ("follow_up", REPLY)
