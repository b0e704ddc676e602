"""Number flags on both databases: two persons, evidence, an end, an appeal."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.call_terms import FlagKind, FlagState, FlagTreatment
from dispatch.domain.calls import CallOutcome
from dispatch.domain.errors import (
    ActionNotAllowed,
    HotlineError,
    InvalidInput,
    OwnRequest,
    RoleNotAllowed,
)
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Line
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.telephone import CallBack, NumberFlag
from dispatch.models.tickets import TicketEvent
from dispatch.service import number_flags
from tests.dispatch.call_story import CITIZEN, NOW, call, tell
from tests.dispatch.test_contention import at_once


@pytest.fixture
def people(database: Database) -> dict[str, Actor]:
    """An agent, a supervisor, three of the centre."""
    made = {}
    roles = {
        "wang": Role.AGENT,
        "ban": Role.SUPERVISOR,
        "zhong": Role.CENTER,
        "zhuren": Role.CENTER,
        "fu": Role.CENTER,
    }
    with database.work() as session:
        for login, role in roles.items():
            row = Staff(login=login, name=login, role=role.value, password_hash="")
            session.add(row)
            session.flush()
            made[login] = Actor(name=login, role=role, staff_id=row.id)
    return made


@pytest.fixture
def calls(database: Database, rules: Rules) -> list[int]:
    """Four calls of the citizen's number; return their contacts."""
    tell(database, rules, *(call(f"h{n}", n * 60, n * 60 + 30, answered=5) for n in range(4)))
    with database.read() as session:
        return list(session.scalars(select(Contact.id).order_by(Contact.id)))


def propose(
    database: Database,
    rules: Rules,
    actor: Actor,
    evidence: list[int],
    *,
    number: str = CITIZEN,
    kind: FlagKind = FlagKind.HARASSMENT,
    treatment: FlagTreatment | None = None,
    reason: str = "四次来电只辱骂话务员，两次劝阻无效",
    days: int = 30,
) -> int:
    with database.work() as session:
        return number_flags.propose(
            session,
            actor,
            number=number,
            kind=kind,
            treatment=treatment,
            reason=reason,
            evidence=evidence,
            days=days,
            rules=rules,
            now=NOW,
        ).id


def approved(
    database: Database, rules: Rules, people: dict[str, Actor], evidence: list[int]
) -> int:
    flag_id = propose(database, rules, people["wang"], evidence)
    with database.work() as session:
        number_flags.decide(session, people["zhong"], flag_id, approve=True, now=NOW)
    return flag_id


def state_of(database: Database, flag_id: int) -> FlagState:
    with database.read() as session:
        return FlagState(session.get_one(NumberFlag, flag_id).state)


def test_a_proposal_changes_nothing_until_another_person_approves(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    flag_id = propose(database, rules, people["zhong"], calls)
    with database.work() as session, pytest.raises(OwnRequest):
        number_flags.decide(session, people["zhong"], flag_id, approve=True, now=NOW)
    with database.work() as session, pytest.raises(RoleNotAllowed):
        number_flags.decide(session, people["wang"], flag_id, approve=True, now=NOW)
    assert state_of(database, flag_id) is FlagState.PROPOSED
    later = NOW + timedelta(days=2)
    with database.work() as session:
        flag = number_flags.decide(session, people["zhuren"], flag_id, approve=True, now=later)
        assert (flag.state, flag.treatment) == (FlagState.ACTIVE, FlagTreatment.MESSAGE)
        # The days count from the approval, so a slow one takes nothing from them.
        assert flag.expires_at == later + timedelta(days=30)


def test_a_supervisor_approves_only_when_put_in_charge(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    flag_id = propose(database, rules, people["wang"], calls)
    ban = people["ban"]
    with database.work() as session, pytest.raises(RoleNotAllowed):
        number_flags.decide(session, ban, flag_id, approve=True, now=NOW)
    in_charge = Actor(name="ban", role=Role.SUPERVISOR, staff_id=ban.staff_id, approver=True)
    with database.work() as session:
        number_flags.decide(session, in_charge, flag_id, approve=True, now=NOW)
    assert state_of(database, flag_id) is FlagState.ACTIVE


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"evidence": 2}, "evidence"),
        ({"reason": "  "}, "reason"),
        ({"days": 0}, "days"),
        ({"days": 91}, "days"),
        ({"number": ""}, "number"),
        ({"number": "anonymous"}, "number"),
        ({"number": "12345"}, "number"),
        ({"number": "110"}, "number"),
        ({"number": "8001"}, "number"),
        ({"number": "13900009999"}, "evidence"),
        ({"treatment": FlagTreatment.FIRST}, "treatment"),
        ({"kind": FlagKind.URGENT_PLACE, "treatment": FlagTreatment.MESSAGE}, "treatment"),
    ],
)
def test_what_does_not_do_is_refused_at_its_field(
    database: Database,
    rules: Rules,
    people: dict[str, Actor],
    calls: list[int],
    change: dict[str, object],
    field: str,
) -> None:
    with database.work() as session:
        session.add(Line(number="12345", name="热线", state="main"))
    wanted = dict(change)
    evidence = calls[: int(str(wanted.pop("evidence", len(calls))))]
    with pytest.raises(InvalidInput) as refusal:
        propose(database, rules, people["wang"], evidence, **wanted)  # type: ignore[arg-type]
    assert refusal.value.field == field
    with database.read() as session:
        assert session.scalar(select(func.count(NumberFlag.id))) == 0


def test_a_place_is_put_first_without_evidence(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    flag_id = propose(
        database,
        rules,
        people["ban"],
        [],
        number="0999-8888888",
        kind=FlagKind.URGENT_PLACE,
        reason="市第一人民医院总机",
    )
    with database.read() as session:
        flag = session.get_one(NumberFlag, flag_id)
        assert (flag.number, flag.treatment) == ("09998888888", FlagTreatment.FIRST)


def test_a_number_has_one_live_flag_however_many_propose_it_at_once(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    def press(n: int) -> type[HotlineError] | None:
        try:
            propose(database, rules, people["wang" if n % 2 else "ban"], calls)
        except HotlineError as error:
            return type(error)
        return None

    assert Counter(at_once(4, press)) == {None: 1, InvalidInput: 3}


def test_a_flag_ends_on_its_day(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    flag_id = approved(database, rules, people, calls)
    with database.work() as session:
        assert number_flags.expire(session, now=NOW + timedelta(days=29)) == 0
        assert number_flags.expire(session, now=NOW + timedelta(days=30)) == 1
    assert state_of(database, flag_id) is FlagState.EXPIRED
    propose(database, rules, people["wang"], calls)


def test_an_appeal_is_ruled_on_by_a_third_person(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    flag_id = approved(database, rules, people, calls)
    with database.work() as session:
        flag = number_flags.appeal(
            session, people["wang"], flag_id, words="号码是新办的", rules=rules, now=NOW
        )
        assert flag.appeal_by == NOW + timedelta(days=5)
    with database.work() as session, pytest.raises(ActionNotAllowed):
        number_flags.appeal(session, people["ban"], flag_id, words="再申", rules=rules, now=NOW)
    with database.work() as session, pytest.raises(OwnRequest):
        number_flags.rule_on_appeal(
            session, people["zhong"], flag_id, uphold=True, words="维持", now=NOW
        )
    with database.work() as session:
        number_flags.rule_on_appeal(
            session, people["zhuren"], flag_id, uphold=False, words="经核实为新机主", now=NOW
        )
    assert state_of(database, flag_id) is FlagState.LIFTED


def test_an_upheld_flag_goes_on_and_may_be_appealed_against_again(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    flag_id = approved(database, rules, people, calls)
    for words in ("第一次", "第二次"):
        with database.work() as session:
            number_flags.appeal(session, people["wang"], flag_id, words=words, rules=rules, now=NOW)
            number_flags.rule_on_appeal(
                session, people["fu"], flag_id, uphold=True, words="录音属实", now=NOW
            )
    assert state_of(database, flag_id) is FlagState.ACTIVE


def test_an_appeal_nobody_rules_on_in_time_lifts_the_flag(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    flag_id = approved(database, rules, people, calls)
    with database.work() as session:
        number_flags.appeal(
            session, people["wang"], flag_id, words="没有骚扰", rules=rules, now=NOW
        )
        number_flags.expire(session, now=NOW + timedelta(days=5))
    assert state_of(database, flag_id) is FlagState.LIFTED


def test_a_proposal_is_taken_back_by_its_author_only(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    flag_id = propose(database, rules, people["wang"], calls)
    with database.work() as session, pytest.raises(ActionNotAllowed):
        number_flags.withdraw(session, people["ban"], flag_id, now=NOW)
    with database.work() as session:
        number_flags.withdraw(session, people["wang"], flag_id, now=NOW)
    assert state_of(database, flag_id) is FlagState.WITHDRAWN
    with database.work() as session, pytest.raises(ActionNotAllowed):
        number_flags.decide(session, people["zhong"], flag_id, approve=True, now=NOW)


def test_lifting_and_refusing_need_a_reason_and_are_told(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    flag_id = approved(database, rules, people, calls)
    with database.work() as session, pytest.raises(InvalidInput):
        number_flags.lift(session, people["ban"], flag_id, reason=" ", now=NOW)
    with database.work() as session:
        number_flags.lift(session, people["ban"], flag_id, reason="来电人已道歉", now=NOW)
    with database.read() as session:
        told = session.scalars(
            select(TicketEvent).where(TicketEvent.kind == "NumberFlagged").order_by(TicketEvent.id)
        ).all()
    assert [fact.details["state"] for fact in told] == ["proposed", "active", "lifted"]
    assert told[-1].details["reason"] == "来电人已道歉"


def test_calls_refused_by_a_flag_are_owed_no_call_back(
    database: Database, rules: Rules, people: dict[str, Actor], calls: list[int]
) -> None:
    approved(database, rules, people, calls)
    tell(database, rules, call("r1", 600, 660, outcome=CallOutcome.REFUSED))
    tell(database, rules, call("r2", 700, 760))
    with database.read() as session:
        (row,) = session.scalars(select(CallBack))
    assert (row.state, row.note) == ("impossible", "号码已标记为“骚扰”")
