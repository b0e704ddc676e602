"""主办、协办、下派: each unit's own clock and reply; only the lead's answer ends the ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.conduct import ApprovalRules
from dispatch.domain.errors import (
    ActionNotAllowed,
    ApprovalNeeded,
    InvalidInput,
    NotFound,
    OwnRequest,
    RoleNotAllowed,
)
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role, Urgency
from dispatch.models.people import Staff
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import (
    access,
    approval,
    assignment,
    catalogue,
    clocks,
    handling,
    intake,
    shares,
    sweep,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
CENTER = Actor(name="中心", role=Role.CENTER)
DISPATCHER = Actor(name="老李", role=Role.DISPATCHER)
REPLY = "经查，占道烧烤情况属实，已责令撤摊并清洗路面。"
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)
TREE = (("CG", 2, None), ("CG1", 3, "CG"), ("CG2", 3, "CG"), ("ZJ", 2, None), ("SJ", 2, None))


@pytest.fixture
def units(database: Database) -> dict[str, Actor]:
    """A liaison of each unit: CG over CG1 and CG2, ZJ, SJ; and CG's leader."""
    with database.work() as s:
        ids = catalogue.put_departments(
            s,
            [
                {"code": code, "name": f"{code}局", "short_name": code, "tier": tier}
                | {"kind": "bureau", "parent": parent}
                for code, tier, parent in TREE
            ],
        )
        people = {}
        for login, code, leads in [*((c, c, False) for c in ids), ("boss", "CG", True)]:
            row = Staff(
                login=login,
                name=login,
                role="department",
                department_id=ids[code],
                password_hash="x",
                approver=leads,
            )
            s.add(row)
            s.flush()
            people[login] = Actor(
                name=login,
                role=Role.DEPARTMENT,
                staff_id=row.id,
                department_id=ids[code],
                approver=leads,
            )
    return people


@pytest.fixture
def number(database: Database, rules: Rules, units: dict[str, Actor]) -> str:
    """A ticket that CG has signed for and ZJ helps with."""
    with database.work() as s:
        made = intake.open_ticket(s, CENTER, FORM, now=NOW).number
        assignment.dispatch(s, DISPATCHER, made, "CG", rules, supporting=["ZJ"], now=NOW)
        assignment.acknowledge(s, units["CG"], made, now=NOW)
    return made


def later(**by: float) -> datetime:
    """A moment of the story."""
    return NOW + timedelta(**by)


def share_of(database: Database, part: str) -> Assignment:
    """The only share of this part."""
    with database.read() as s:
        return s.scalars(select(Assignment).where(Assignment.part == part)).one()


def ticket_of(database: Database) -> Ticket:
    """The ticket's row."""
    with database.read() as s:
        return s.scalars(select(Ticket)).one()


def test_a_helping_unit_has_its_own_clock_and_never_moves_the_tickets(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    lead, helper = share_of(database, "lead"), share_of(database, "supporting")
    before = ticket_of(database)
    assert helper.due_at is not None
    assert lead.due_at is not None
    assert NOW < helper.due_at <= lead.due_at
    assert helper.acknowledge_by is not None
    assert before.department_id == units["CG"].department_id
    with database.work() as s:
        shares.sign_share(s, units["ZJ"], number, now=later(minutes=5))
        shares.reply_share(s, units["ZJ"], number, reply="已核查沿街商户证照", now=later(hours=1))
    after = ticket_of(database)
    assert (after.status, after.due_at, after.acknowledged_at) == (
        before.status,
        before.due_at,
        before.acknowledged_at,
    )
    assert after.version == before.version + 2
    assert share_of(database, "supporting").completed_at == later(hours=1)
    with database.read() as s:
        told = s.scalars(select(TicketEvent).where(TicketEvent.kind == "ShareReplied")).one()
    assert told.details["in_time"] is True


def test_the_ticket_goes_on_only_by_the_leads_reply_and_the_late_helper_is_named(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    with pytest.raises(RoleNotAllowed), database.work() as s:
        handling.complete(s, units["ZJ"], number, rules, public_reply=REPLY, now=NOW)
    due = share_of(database, "supporting").due_at
    assert due is not None
    late = due + timedelta(hours=1)
    with database.work() as s:
        swept = sweep.sweep(s, rules, now=late)
    assert swept.breached == 2
    assert share_of(database, "supporting").breached_at == late
    with database.work() as s:
        handling.complete(s, units["CG"], number, rules, public_reply=REPLY, now=late)
        handling.pass_audit(s, CENTER, number, rules, now=late)
    helper = share_of(database, "supporting")
    assert (helper.ended_at, helper.ended_how, helper.next_at) == (late, "withdrawn", None)
    with database.read() as s:
        told = s.scalars(select(TicketEvent).where(TicketEvent.kind == "ShareWithdrawn")).one()
    assert told.details["department"] == "ZJ"


def test_a_reply_that_was_given_ends_with_the_audit_and_is_scored_by_the_centre_only(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    with database.work() as s:
        shares.sign_share(s, units["ZJ"], number, now=NOW)
        helper = shares.reply_share(s, units["ZJ"], number, reply="已核查证照", now=NOW).id
        handling.complete(s, units["CG"], number, rules, public_reply=REPLY, now=NOW)
        handling.pass_audit(s, CENTER, number, rules, now=NOW)
    assert share_of(database, "supporting").ended_how == "audited"
    for unit in ("CG", "ZJ"):
        with pytest.raises(RoleNotAllowed), database.work() as s:
            shares.score_share(s, units[unit], number, helper, score=100, now=NOW)
    with pytest.raises(InvalidInput, match="0 到 100"), database.work() as s:
        shares.score_share(s, CENTER, number, helper, score=101, now=NOW)
    with database.work() as s:
        shares.score_share(s, CENTER, number, helper, score=85, now=NOW)
        shares.score_share(s, CENTER, number, share_of(database, "lead").id, score=90, now=NOW)
    assert share_of(database, "supporting").score == 85
    assert share_of(database, "lead").score == 90


def test_a_reply_that_does_not_suffice_goes_back_and_its_clock_goes_on(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    with database.work() as s:
        shares.sign_share(s, units["ZJ"], number, now=NOW)
        helper = shares.reply_share(s, units["ZJ"], number, reply="已阅知此事", now=NOW).id
    due = share_of(database, "supporting").due_at
    with pytest.raises(RoleNotAllowed), database.work() as s:
        shares.reject_share(s, units["ZJ"], number, helper, reason="自己退回自己", now=NOW)
    with database.work() as s:
        shares.reject_share(s, units["CG"], number, helper, reason="没有核查结果", now=NOW)
    again = share_of(database, "supporting")
    assert (again.completed_at, again.due_at) == (None, due)
    assert again.next_at is not None


def test_shares_are_signed_replied_and_ended_in_this_order_only(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    with pytest.raises(ActionNotAllowed, match="待签收"), database.work() as s:
        shares.reply_share(s, units["ZJ"], number, reply="已核查证照", now=NOW)
    with pytest.raises(RoleNotAllowed), database.work() as s:
        shares.sign_share(s, units["CG"], number, now=NOW)
    with pytest.raises(NotFound), database.work() as s:
        shares.sign_share(s, units["SJ"], number, now=NOW)
    helper = share_of(database, "supporting").id
    with database.work() as s:
        shares.sign_share(s, units["ZJ"], number, now=NOW)
    with pytest.raises(ActionNotAllowed), database.work() as s:
        shares.sign_share(s, units["ZJ"], number, now=NOW)
    with database.work() as s:
        shares.withdraw_share(s, DISPATCHER, number, helper, reason="不再需要", now=NOW)
    with pytest.raises(ActionNotAllowed, match="已结束"), database.work() as s:
        shares.reply_share(s, units["ZJ"], number, reply="已核查证照", now=NOW)
    with database.work() as s:
        shares.add_supporting(s, DISPATCHER, number, "ZJ", rules, opinion="请再协助", now=NOW)


def test_nobody_helps_twice_nor_the_lead_itself(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    for code in ("CG", "ZJ"):
        with pytest.raises(InvalidInput, match="已经是"), database.work() as s:
            shares.add_supporting(s, DISPATCHER, number, code, rules, now=NOW)
    with pytest.raises(InvalidInput, match="时限"), database.work() as s:
        shares.add_supporting(s, DISPATCHER, number, "SJ", rules, limit="soon", now=NOW)
    with database.work() as s:
        share = shares.add_supporting(
            s, DISPATCHER, number, "SJ", rules, limit="1 working_day", now=NOW
        )
        assert share.due_at == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_a_reassigned_ticket_takes_its_helpers_shares_back(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    with database.work() as s:
        shares.sub_dispatch(s, units["CG"], number, "CG1", rules, opinion="现场查看", now=NOW)
        assignment.reassign(s, DISPATCHER, number, "SJ", rules, reason="不属城管", now=NOW)
    with database.read() as s:
        running = s.scalars(select(Assignment).where(Assignment.ended_at.is_(None))).all()
    assert [(one.part, one.department_id) for one in running] == [
        ("lead", units["SJ"].department_id)
    ]


def test_work_is_passed_down_only_to_units_below_with_a_shorter_limit(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    with pytest.raises(InvalidInput, match="下级"), database.work() as s:
        shares.sub_dispatch(s, units["CG"], number, "SJ", rules, opinion="请办理", now=NOW)
    with pytest.raises(NotFound), database.work() as s:
        shares.sub_dispatch(s, units["CG1"], number, "CG2", rules, opinion="请办理", now=NOW)
    with database.work() as s:
        shares.sub_dispatch(s, units["CG"], number, "CG1", rules, opinion="现场查看", now=NOW)
    lead, lower = share_of(database, "lead"), share_of(database, "sub")
    assert lead.due_at is not None
    assert lower.due_at is not None
    calendar = rules.calendar.with_hours(rules.profile.hours)
    whole = calendar.working_time_between(NOW, lead.due_at)
    assert calendar.working_time_between(NOW, lower.due_at) == whole / 2
    assert lower.parent_id == lead.id
    assert "剩余时间的 50%" in lower.clock_rule
    with database.work() as s:
        shares.sign_share(s, units["CG1"], number, now=NOW)
        shares.reply_share(s, units["CG1"], number, reply="现场已清理完毕", now=later(hours=2))
        handling.complete(s, units["CG"], number, rules, public_reply=REPLY, now=later(hours=3))
    assert ticket_of(database).status == "completed"


RULES = Rules(load_profile("default"), load_calendar())


@settings(max_examples=40, deadline=None)
@given(
    urgency=st.sampled_from(list(Urgency)),
    waited=st.integers(min_value=0, max_value=6 * 24 * 60),
)
def test_a_lower_unit_is_never_due_after_the_unit_above_it(urgency: Urgency, waited: int) -> None:
    start = RULES.clock(kind=RequestKind.COMPLAINT, urgency=urgency, start=NOW)
    parent = Assignment(due_at=start.due_at, limit=f"{start.limit.amount} {start.limit.unit.value}")
    moment = NOW + timedelta(minutes=waited)
    own = RULES.clock(kind=RequestKind.COMPLAINT, urgency=urgency, start=moment)
    lower = clocks.lower_clock(own, parent, RULES)
    assert lower.started_at <= lower.due_at
    if moment < start.due_at:
        assert lower.due_at <= start.due_at
    assert lower.started_at <= lower.acknowledge_by <= lower.due_at


def approving(rules: Rules) -> Rules:
    """The same policy, where complaints need the unit's leader."""
    needed = ApprovalRules(kinds=frozenset({RequestKind.COMPLAINT}), unit_classes=frozenset())
    return Rules(replace(rules.profile, approval=needed), rules.calendar)


def test_a_reply_that_needs_the_leader_is_complete_when_the_leader_agrees(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    strict = approving(rules)
    with pytest.raises(ApprovalNeeded, match="送单位审批"), database.work() as s:
        handling.complete(s, units["CG"], number, strict, public_reply=REPLY, now=NOW)
    with database.work() as s:
        approval.submit_reply(s, units["CG"], number, strict, public_reply=REPLY, now=NOW)
    waiting = ticket_of(database)
    assert (waiting.status, waiting.completed_at, waiting.public_reply) == ("approval", None, "")
    assert share_of(database, "lead").next_at is not None
    with pytest.raises(RoleNotAllowed, match="负责人"), database.work() as s:
        approval.approve_reply(s, units["CG"], number, strict, now=NOW)
    agreed = later(hours=5)
    with database.work() as s:
        approval.approve_reply(s, units["boss"], number, strict, now=agreed)
    done, lead = ticket_of(database), share_of(database, "lead")
    assert (done.status, done.completed_at, done.public_reply) == ("completed", agreed, REPLY)
    assert (lead.replied_by_id, lead.approved_by_id, lead.approved_at) == (
        units["CG"].staff_id,
        units["boss"].staff_id,
        agreed,
    )


def test_nobody_signs_off_what_he_wrote_and_a_rejected_reply_goes_back_to_the_writer(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    strict = approving(rules)
    with database.work() as s:
        approval.submit_reply(s, units["boss"], number, strict, public_reply=REPLY, now=NOW)
    with pytest.raises(OwnRequest), database.work() as s:
        approval.approve_reply(s, units["boss"], number, strict, now=NOW)
    with database.work() as s:
        assignment.reassign(s, DISPATCHER, number, "SJ", rules, reason="不属城管", now=NOW)
        assignment.reassign(s, DISPATCHER, number, "CG", rules, reason="仍属城管", now=NOW)
        assignment.acknowledge(s, units["CG"], number, now=NOW)
        approval.submit_reply(s, units["CG"], number, strict, public_reply=REPLY, now=NOW)
        approval.reject_reply(s, units["boss"], number, reason="写明处罚依据", now=NOW)
    assert ticket_of(database).status == "in_progress"
    with database.read() as s:
        told = s.scalars(select(TicketEvent).where(TicketEvent.kind == "ReplyRejected")).one()
    assert told.details["reason"] == "写明处罚依据"


def test_progress_is_told_without_ending_anything(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    with pytest.raises(InvalidInput, match="进展"), database.work() as s:
        approval.report_progress(s, units["CG"], number, note=" ", now=NOW)
    with database.work() as s:
        approval.report_progress(s, units["CG"], number, note="已排定周三夜查", now=NOW)
    ticket = ticket_of(database)
    assert (ticket.status, ticket.interim_at) == ("acknowledged", NOW)
    assert share_of(database, "lead").interim_at == NOW


def test_a_unit_whose_help_was_taken_back_still_reads_what_it_had(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    helper = share_of(database, "supporting").id
    with database.work() as s:
        shares.withdraw_share(s, DISPATCHER, number, helper, reason="不再需要", now=NOW)
    with database.read() as s:
        assert access.ticket_for(s, units["ZJ"], number).number == number
