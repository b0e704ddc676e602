"""Follow-up calls that do not go well: each has a result of its own, nobody is rung twice."""

from __future__ import annotations

from typing import Any

import pytest

from telephony.asterisk.callers import Manner
from telephony.asterisk.phones import SimulatedPhone
from tests.fixtures_hotline import HotlineUnderTest, until
from tests.scenarios.people import Cast, Visitor

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]


@pytest.fixture(scope="module")
def caller(troubled: HotlineUnderTest) -> Visitor:
    """The follow-up caller at the desk."""
    return Visitor(troubled, "followup1")


def ended(cast: Cast, number: str, seconds: float = 20) -> str:
    """How the ticket's only attempt so far ended."""
    until(lambda: cast.events(number, "FollowUpEnded"), seconds, lambda: str(cast.ticket(number)))
    (told,) = cast.events(number, "FollowUpEnded")
    return str(told["result"])


def rung(phone: SimulatedPhone) -> int:
    """How often the telephone was called."""
    ids = {line for line in phone.signalling.splitlines() if line.startswith("Call-ID:")}
    return len(ids)


def still_to_be_asked(cast: Cast, caller: Visitor, number: str) -> None:
    """The ticket waits for its second attempt, planned for a later time."""
    assert cast.ticket(number)["status"] == "follow_up"
    row = caller.row(number)
    assert "第 1 次" in row, row
    assert "月" in row, row
    assert "立即回访" in row, row


@pytest.mark.parametrize(
    ("keys", "result"),
    [("", "silent"), ("77", "wrong_keys")],
    ids=["says nothing", "presses wrong keys only"],
)
def test_who_says_nothing_understandable_is_asked_another_day(
    troubled: HotlineUnderTest, cast: Cast, caller: Visitor, keys: str, result: str
) -> None:
    number = cast.ticket_to("follow_up")
    with troubled.asterisk.rung_citizen(keys=keys).start() as phone:
        assert caller.call_now(number).status == 200
        assert phone.wait(60).keys_pressed == keys
    assert ended(cast, number) == result
    still_to_be_asked(cast, caller, number)


def test_an_engaged_telephone_is_tried_again_later(
    troubled: HotlineUnderTest, cast: Cast, caller: Visitor
) -> None:
    number = cast.ticket_to("follow_up")
    with troubled.asterisk.rung_citizen(Manner.BUSY).start() as phone:
        assert caller.call_now(number).status == 200
        phone.wait(60)
    assert ended(cast, number) == "busy"
    still_to_be_asked(cast, caller, number)


def test_who_hangs_up_at_once_has_not_answered_the_question(
    troubled: HotlineUnderTest, cast: Cast, caller: Visitor
) -> None:
    number = cast.ticket_to("follow_up")
    with troubled.asterisk.rung_citizen(seconds=1).start() as phone:
        assert caller.call_now(number).status == 200
        phone.wait(60)
    assert ended(cast, number) == "hung_up"
    still_to_be_asked(cast, caller, number)


def test_who_hangs_up_after_the_first_key_has_still_answered_it(
    troubled: HotlineUnderTest, cast: Cast, caller: Visitor
) -> None:
    number = cast.ticket_to("follow_up")
    with troubled.asterisk.rung_citizen(keys="1").start() as phone:
        assert caller.call_now(number).status == 200
        until(lambda: cast.events(number, "FollowUpAnswered"), 30)
        phone.hang_up(20)
    assert ended(cast, number) == "partial"
    closed = cast.ticket(number)
    assert (closed["status"], closed["solved"], closed["rating"]) == ("closed", "resolved", None)


def test_a_wrong_key_may_be_mended(troubled: HotlineUnderTest, cast: Cast, caller: Visitor) -> None:
    number = cast.ticket_to("follow_up")
    with troubled.asterisk.rung_citizen(keys="724").start() as phone:
        assert caller.call_now(number).status == 200
        assert phone.wait(60).keys_pressed == "724"
    assert ended(cast, number) == "completed"
    again = cast.ticket(number)
    assert (again["status"], again["round"]) == ("review", 1)
    assert (again["solved"], again["rating"]) == ("unresolved", "dissatisfied")


def test_a_talk_that_dies_with_the_telephone_system_counts_what_was_keyed(
    troubled: HotlineUnderTest, cast: Cast, caller: Visitor
) -> None:
    number = cast.ticket_to("follow_up")
    with troubled.asterisk.rung_citizen(keys="1").start() as phone:
        assert caller.call_now(number).status == 200
        until(lambda: cast.events(number, "FollowUpAnswered"), 30)
        troubled.asterisk.runner.kill()
        troubled.start_asterisk()
        assert rung(phone) == 1
    assert ended(cast, number) == "partial"
    closed = cast.ticket(number)
    assert (closed["status"], closed["solved"], closed["rating"]) == ("closed", "resolved", None)


def test_a_telephone_that_rings_out_is_rung_once_though_the_web_process_dies(
    troubled: HotlineUnderTest, cast: Cast, caller: Visitor
) -> None:
    number = cast.ticket_to("follow_up")
    with troubled.asterisk.rung_citizen(Manner.NO_ANSWER).start() as phone:
        assert caller.call_now(number).status == 200
        until(lambda: phone.ringing, 10)
        troubled.kill_web()
        troubled.start_web()
        assert caller.call_now(number).status == 409
        phone.wait(60)
        assert rung(phone) == 1
    assert ended(cast, number) == "no_answer"
    still_to_be_asked(cast, caller, number)


def test_a_talk_that_outlives_the_web_process_is_finished_once(
    troubled: HotlineUnderTest, cast: Cast, caller: Visitor
) -> None:
    number = cast.ticket_to("follow_up")
    with troubled.asterisk.rung_citizen(keys="12").start() as phone:
        assert caller.call_now(number).status == 200
        until(lambda: cast.events(number, "FollowUpAnswered"), 30)
        troubled.kill_web()
        troubled.start_web()
        assert phone.wait(60).keys_pressed == "12"
        assert rung(phone) == 1
    settled(cast, number)


def test_answers_keyed_while_the_web_process_was_away_are_not_asked_for_again(
    troubled: HotlineUnderTest, cast: Cast, caller: Visitor
) -> None:
    number = cast.ticket_to("follow_up")
    with troubled.asterisk.rung_citizen(keys="12").start() as phone:
        assert caller.call_now(number).status == 200
        until(lambda: phone.ringing, 10)
        troubled.kill_web()
        assert phone.wait(60).keys_pressed == "12"
        troubled.start_web()
        assert rung(phone) == 1
    settled(cast, number)


def settled(cast: Cast, number: str) -> None:
    """Both answers are stored, once each, and the ticket is closed."""
    assert ended(cast, number) == "completed"
    done: dict[str, Any] = cast.ticket(number)
    assert (done["status"], done["solved"], done["rating"]) == ("closed", "resolved", "satisfied")
    assert [told["question"] for told in cast.events(number, "FollowUpAnswered")] == [
        "solved",
        "satisfied",
    ]
    assert len(cast.events(number, "TicketClosed")) == 1
