"""Who goes first, who hears a message: the marks of this moment, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatch.bus import Database
from dispatch.domain.call_ports import CallerMark
from dispatch.domain.call_terms import FlagKind, FlagState, FlagTreatment
from dispatch.domain.calls import CallOutcome
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Staff
from dispatch.models.telephone import NumberFlag
from dispatch.service import caller_marks, number_flags
from tests.dispatch.call_story import CITIZEN, NOW, at, call, tell

FIRST = (CallerMark(CITIZEN, FlagTreatment.FIRST),)


def marks(database: Database, rules: Rules, seconds: float) -> tuple[CallerMark, ...]:
    with database.read() as session:
        return caller_marks.current(session, rules, now=at(seconds))


def flag(
    database: Database,
    number: str,
    treatment: FlagTreatment,
    kind: FlagKind = FlagKind.HARASSMENT,
    state: FlagState = FlagState.ACTIVE,
) -> None:
    with database.work() as session:
        staff = Staff(login=number, name="", role=Role.CENTER.value, password_hash="")
        session.add(staff)
        session.flush()
        session.add(
            NumberFlag(
                number=number,
                kind=kind.value,
                treatment=treatment.value,
                state=state.value,
                reason="",
                evidence=[],
                proposed_by_id=staff.id,
                proposed_at=NOW,
                expires_at=at(86_400),
                appeal="",
                ruling="",
            )
        )


def test_who_called_twice_in_vain_goes_first_for_ten_minutes(
    database: Database, rules: Rules
) -> None:
    tell(database, rules, call("c1", 0, 20))
    assert marks(database, rules, 30) == ()
    tell(database, rules, call("c2", 60, 80))
    assert marks(database, rules, 90) == FIRST
    assert marks(database, rules, 20 + 600) == FIRST
    assert marks(database, rules, 21 + 600) == ()


def test_whoever_got_through_is_urgent_no_more(database: Database, rules: Rules) -> None:
    tell(database, rules, call("c1", 0, 20), call("c2", 60, 80))
    tell(database, rules, call("c3", 100, None, answered=110))
    assert marks(database, rules, 120) == ()
    tell(database, rules, call("c4", 300, 330), call("c5", 400, 430))
    assert marks(database, rules, 440) == FIRST


@pytest.mark.parametrize("outcome", [CallOutcome.OVERFLOWED, CallOutcome.FAILED])
def test_calls_the_hotline_lost_count_as_calls_in_vain(
    database: Database, rules: Rules, outcome: CallOutcome
) -> None:
    story = (call("c1", 0, 20, outcome=outcome), call("c2", 60, 80, outcome=outcome))
    tell(database, rules, *story)
    assert marks(database, rules, 90) == FIRST


@pytest.mark.parametrize(
    "outcome", [CallOutcome.VOICEMAIL, CallOutcome.CALL_BACK, CallOutcome.REFUSED]
)
def test_calls_that_came_to_something_do_not(
    database: Database, rules: Rules, outcome: CallOutcome
) -> None:
    story = (call("c1", 0, 20, outcome=outcome), call("c2", 60, 80, outcome=outcome))
    tell(database, rules, *story)
    assert marks(database, rules, 90) == ()


def test_redialling_in_haste_brings_nobody_forward(database: Database, rules: Rules) -> None:
    tell(database, rules, *(call(f"c{n}", n * 5, n * 5 + 2) for n in range(9)))
    assert marks(database, rules, 60) == ()


def test_two_callers_who_hide_their_number_are_not_one(database: Database, rules: Rules) -> None:
    tell(database, rules, call("c1", 0, 20, caller=None), call("c2", 60, 80, caller="anonymous"))
    assert marks(database, rules, 90) == ()


def test_a_flag_outweighs_impatience(database: Database, rules: Rules) -> None:
    flag(database, CITIZEN, FlagTreatment.LAST)
    tell(database, rules, call("c1", 0, 20), call("c2", 60, 80))
    assert marks(database, rules, 90) == (CallerMark(CITIZEN, FlagTreatment.LAST),)


def test_only_flags_in_force_are_marked(database: Database, rules: Rules) -> None:
    flag(database, "13900000001", FlagTreatment.MESSAGE)
    flag(database, "13900000002", FlagTreatment.MESSAGE, state=FlagState.PROPOSED)
    flag(database, "13900000003", FlagTreatment.MESSAGE, state=FlagState.LIFTED)
    flag(database, "09998888888", FlagTreatment.FIRST, FlagKind.URGENT_PLACE)
    assert marks(database, rules, 0) == (
        CallerMark("09998888888", FlagTreatment.FIRST),
        CallerMark("13900000001", FlagTreatment.MESSAGE),
    )
    with database.work() as session:
        number_flags.expire(session, now=NOW + timedelta(days=1))
    assert marks(database, rules, 86_401) == ()
