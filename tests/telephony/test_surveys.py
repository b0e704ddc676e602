"""Follow-up calls told as answers and ends, each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.domain.calls import SurveyAnswer, SurveyEnded, SurveyResult
from telephony.facts import (
    AnyFact,
    LegEnded,
    LegStarted,
    MachineHeard,
    OriginateAnswered,
    SurveyClosed,
    SurveyDone,
    SurveyHeard,
)
from telephony.surveys import SurveyFollower, order_of

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CALL, CHANNEL = "follow-up-7", "PJSIP/trunk-00000001"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def response(ok: bool, reason: int) -> OriginateAnswered:
    return OriginateAnswered(at(3), order_of(7, CALL), ok, reason, CALL)


def heard(question: str, digit: str | None, wrong: int = 0) -> SurveyHeard:
    return SurveyHeard(at(5), CALL, 7, question, digit, wrong, "zh")


BEGUN = LegStarted(at(0), CALL, CALL, CHANNEL, outgoing=True)
TAKEN: list[AnyFact] = [BEGUN, response(True, 4)]


def ended(cause: int | None = 16) -> LegEnded:
    return LegEnded(at(9), CALL, CALL, CHANNEL, cause)


def tell(facts: list[AnyFact]) -> tuple[list[tuple[str, str | None]], list[SurveyResult]]:
    follower = SurveyFollower()
    news = [item for fact in facts for item in follower.fold(fact)]
    answers: list[tuple[str, str | None]] = [
        (item.question, item.digit) for item in news if isinstance(item, SurveyAnswer)
    ]
    return answers, [item.result for item in news if isinstance(item, SurveyEnded)]


@pytest.mark.parametrize(
    ("facts", "result"),
    [
        (
            [heard("solved", "1"), heard("satisfied", "5"), SurveyDone(at(6), CALL, 7)],
            SurveyResult.COMPLETED,
        ),
        (
            [heard("solved", "1"), heard("satisfied", None), SurveyDone(at(6), CALL, 7)],
            SurveyResult.PARTIAL,
        ),
        ([heard("solved", "2")], SurveyResult.PARTIAL),
        ([heard("solved", None), SurveyDone(at(6), CALL, 7)], SurveyResult.SILENT),
        ([], SurveyResult.HUNG_UP),
        ([heard("solved", None, wrong=2)], SurveyResult.WRONG_KEYS),
        (
            [heard("solved", None, wrong=1), heard("satisfied", "3"), SurveyDone(at(6), CALL, 7)],
            SurveyResult.PARTIAL,
        ),
        ([MachineHeard(at(6), CALL, 7)], SurveyResult.MACHINE),
        (
            [heard("solved", None), SurveyDone(at(6), CALL, 7), MachineHeard(at(7), CALL, 7)],
            SurveyResult.MACHINE,
        ),
        ([SurveyDone(at(6), CALL, 7)], SurveyResult.COMPLETED),
    ],
)
def test_a_taken_call_ends_by_what_was_heard(facts: list[AnyFact], result: SurveyResult) -> None:
    closed = SurveyClosed(at(8), CALL, 7)
    answers, results = tell([*TAKEN, *facts, closed, ended()])
    assert results == [result]
    assert answers == [(f.question, f.digit) for f in facts if isinstance(f, SurveyHeard)]


@pytest.mark.parametrize(
    ("reason", "cause", "result"),
    [
        (5, None, SurveyResult.BUSY),
        (3, 19, SurveyResult.NO_ANSWER),
        (0, 17, SurveyResult.BUSY),
        (0, 19, SurveyResult.NO_ANSWER),
        (0, 18, SurveyResult.NO_ANSWER),
        (0, 20, SurveyResult.NO_ANSWER),
        (0, 21, SurveyResult.DECLINED),
        (0, 1, SurveyResult.NO_SUCH_NUMBER),
        (0, 22, SurveyResult.NO_SUCH_NUMBER),
        (0, 28, SurveyResult.NO_SUCH_NUMBER),
        (0, 34, SurveyResult.FAILED),
    ],
)
@pytest.mark.parametrize("response_first", [True, False])
def test_a_call_nobody_took_says_why(
    reason: int, cause: int | None, result: SurveyResult, response_first: bool
) -> None:
    end: list[AnyFact] = [response(False, reason), ended(cause)]
    _, results = tell([BEGUN, *(end if response_first else reversed(end))])
    assert results == [result]


def test_a_call_that_could_not_even_begin_failed() -> None:
    assert tell([response(False, 0)])[1] == []
    of_another = LegStarted(at(30), "somebody", "somebody", "PJSIP/8001-1")
    assert tell([response(False, 0), of_another])[1] == [SurveyResult.FAILED]


def test_a_refusal_that_overtakes_its_own_call_says_why_all_the_same() -> None:
    assert tell([response(False, 0), BEGUN, ended(17)])[1] == [SurveyResult.BUSY]


def test_everything_told_twice_is_news_once() -> None:
    facts: list[AnyFact] = [*TAKEN, heard("solved", "1"), SurveyDone(at(6), CALL, 7), ended()]
    doubled = [fact for fact in facts for _ in range(2)]
    assert tell(doubled) == tell(facts)
    assert tell(facts + facts) == tell(facts)


def test_an_order_of_somebody_else_is_nothing_to_us() -> None:
    other = OriginateAnswered(at(3), "action/1/2", False, 3, None)
    assert tell([other]) == ([], [])
