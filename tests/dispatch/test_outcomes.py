"""Every contact ends exactly one way, for every way there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, RequestKind, Role
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service import intake, joining, outcomes, urging

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
FORM = intake.RequestForm(content="阳光小区全楼停水", kind=RequestKind.ASSISTANCE)


@pytest.fixture
def agent(database: Database) -> Actor:
    """小王."""
    with database.work() as s:
        row = Staff(login="wang", name="小王", role="agent", password_hash="x", extension="8001")
        s.add(row)
        s.flush()
        return Actor(name="小王", role=Role.AGENT, staff_id=row.id, extension="8001")


@pytest.fixture
def main(database: Database, agent: Actor) -> str:
    """A ticket that is being handled already."""
    with database.work() as s:
        return intake.open_ticket(s, agent, FORM, now=NOW).number


def called(database: Database, outcome: CallOutcome | None = None, call_id: str = "c-1") -> int:
    """A call that has ended; answered unless something else is said of it."""
    answered = outcome is None
    record = CallRecord(
        call_id=call_id,
        direction=Direction.INBOUND,
        started_at=NOW,
        caller="13900000001",
        agent="8001" if answered else None,
        answered_at=NOW if answered else None,
        ended_at=NOW + timedelta(minutes=2),
        outcome=CallOutcome.ANSWERED if answered else outcome,
    )
    with database.work() as s:
        return intake.record_call(s, record, now=NOW)


Act = Callable[[Session, Actor, Rules, int, str], object]


def _plain(how: Disposition, note: str = "", reason: str = "", basis: str = "") -> Act:
    def act(s: Session, agent: Actor, rules: Rules, contact: int, _main: str) -> object:
        outcomes.end_contact(
            s, agent, contact, how, note, rules, reason_code=reason, basis=basis, now=NOW
        )
        return None

    return act


ACTS: dict[Disposition, Act] = {
    Disposition.ANSWERED_ON_CALL: lambda s, a, r, c, m: intake.answer_on_call(
        s, a, FORM, "已告知抢修时间", contact_id=c, now=NOW
    ),
    Disposition.TICKET: lambda s, a, r, c, m: intake.open_ticket(s, a, FORM, contact_id=c, now=NOW),
    Disposition.URGED: lambda s, a, r, c, m: urging.urge(
        s, a, m, contact_id=c, note="还没来水", now=NOW
    ),
    Disposition.MERGED: lambda s, a, r, c, m: joining.join(s, a, FORM, m, contact_id=c, now=NOW),
    Disposition.INFORMED: lambda s, a, r, c, m: outcomes.inform(
        s, a, m, contact_id=c, note="正在抢修", now=NOW
    ),
    Disposition.TRANSFERRED_OUT: _plain(Disposition.TRANSFERRED_OUT, reason="119"),
    Disposition.TOLD_ROUTE: _plain(
        Disposition.TOLD_ROUTE, "请向劳动仲裁委申请", "statutory_route", "劳动争议调解仲裁法第五条"
    ),
    Disposition.DECLINED: _plain(Disposition.DECLINED, "涉及他人隐私，不能告知", "secret"),
    Disposition.SILENT: _plain(Disposition.SILENT, "无人说话"),
    Disposition.HARASSMENT: _plain(Disposition.HARASSMENT, "谩骂"),
    Disposition.HUNG_UP: _plain(Disposition.HUNG_UP),
}


@pytest.mark.parametrize("how", list(Disposition))
def test_a_contact_ends_in_each_way_there_is_and_in_no_second_one(
    database: Database, rules: Rules, agent: Actor, main: str, how: Disposition
) -> None:
    contact = called(database)
    with database.read() as s:
        later = NOW + timedelta(days=1)
        assert outcomes.unaccounted(s, before=later) == [contact]
    with database.work() as s:
        ACTS[how](s, agent, rules, contact, main)
    with database.read() as s:
        row = s.get_one(Contact, contact)
        assert (row.disposition, row.agent_id) == (how.value, agent.staff_id)
        assert outcomes.unaccounted(s, before=later) == []
        told = select(func.count()).where(TicketEvent.kind == "ContactDisposed")
        assert s.scalar(told) == 1
    if how is Disposition.HUNG_UP:
        return
    for second in (_plain(Disposition.SILENT), ACTS[Disposition.TICKET]):
        with pytest.raises(ActionNotAllowed, match=how.label), database.work() as s:
            second(s, agent, rules, contact, main)


def test_one_more_caller_of_an_event_has_a_number_of_his_own(
    database: Database, rules: Rules, agent: Actor, main: str
) -> None:
    contact = called(database)
    with database.work() as s:
        child = joining.join(s, agent, FORM, main, contact_id=contact, now=NOW)
        number = child.number
    with database.read() as s:
        row = s.scalars(select(Ticket).where(Ticket.number == number)).one()
        assert (row.status, row.phone) == ("merged", "13900000001")
        assert s.get_one(Contact, contact).ticket_id == row.id


@pytest.mark.parametrize("reason", ["110", "119", "120", "122"])
def test_an_emergency_line_is_one_choice_without_typing(
    database: Database, rules: Rules, agent: Actor, reason: str
) -> None:
    contact = called(database)
    with database.work() as s:
        _plain(Disposition.TRANSFERRED_OUT, reason=reason)(s, agent, rules, contact, "")
    with database.read() as s:
        row = s.get_one(Contact, contact)
    assert row.disposition_reason == reason
    assert reason in (row.disposition_note or "")


def test_a_refusal_keeps_its_code_and_the_words_said(
    database: Database, rules: Rules, agent: Actor
) -> None:
    contact = called(database)
    with database.work() as s:
        ACTS[Disposition.TOLD_ROUTE](s, agent, rules, contact, "")
    with database.read() as s:
        row = s.get_one(Contact, contact)
    assert row.disposition_reason == "statutory_route"
    assert row.disposition_note == "请向劳动仲裁委申请（依据：劳动争议调解仲裁法第五条）"


@pytest.mark.parametrize(
    ("how", "note", "reason", "field", "words"),
    [
        (Disposition.DECLINED, "不归我们管", "", "reason_code", "原因目录"),
        (Disposition.DECLINED, "不归我们管", "made_up", "reason_code", "涉及国家秘密"),
        (Disposition.DECLINED, "不归我们管", "statutory_route", "reason_code", "不予受理"),
        (Disposition.DECLINED, " ", "secret", "note", "说明不能答复的理由"),
        (Disposition.TOLD_ROUTE, "去仲裁", "", "reason_code", "法定途径"),
        (Disposition.TOLD_ROUTE, "去仲裁", "statutory_route", "basis", "依据"),
        (Disposition.TRANSFERRED_OUT, "", "", "note", "紧急专线"),
        (Disposition.TRANSFERRED_OUT, "", "911", "reason_code", "110"),
        (Disposition.TICKET, "", "", None, "对应的按钮"),
        (Disposition.MERGED, "", "", None, "对应的按钮"),
        (Disposition.INFORMED, "", "", None, "对应的按钮"),
    ],
)
def test_an_ending_without_its_reason_is_refused_at_the_field(
    database: Database,
    rules: Rules,
    agent: Actor,
    how: Disposition,
    note: str,
    reason: str,
    field: str | None,
    words: str,
) -> None:
    contact = called(database)
    with pytest.raises(InvalidInput, match=words) as refused, database.work() as s:
        _plain(how, note, reason)(s, agent, rules, contact, "")
    assert refused.value.field == field
    with database.read() as s:
        assert s.get_one(Contact, contact).disposition is None


@pytest.mark.parametrize("outcome", list(CallOutcome))
def test_a_call_nobody_spoke_on_ends_by_itself_unless_it_left_a_message(
    database: Database, outcome: CallOutcome
) -> None:
    contact = called(database, None if outcome is CallOutcome.ANSWERED else outcome)
    with database.read() as s:
        ended = s.get_one(Contact, contact).disposition
        left = outcomes.unaccounted(s, before=NOW + timedelta(days=1))
    waits = outcome in {CallOutcome.ANSWERED, CallOutcome.VOICEMAIL}
    says = "harassment" if outcome is CallOutcome.REFUSED else "hung_up"
    assert (ended, left) == ((None, [contact]) if waits else (says, []))
