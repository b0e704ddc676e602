"""Follow-up calls: answers and ends, from facts, each told once."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, TypeVar, cast

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

Value = TypeVar("Value")
ORDER = "follow-up"
# Reasons of a failed Originate: 3 rang out, 5 busy; 0 tells nothing, the channel's cause does.
REASONS = {3: SurveyResult.NO_ANSWER, 5: SurveyResult.BUSY}
# Causes of Q.850: 1 unallocated, 2 and 3 no route to it, 17 busy, 18 to 20 nobody there,
# 21 declined, 22 number changed, 28 not a complete number.
CAUSES = {
    1: SurveyResult.NO_SUCH_NUMBER,
    2: SurveyResult.NO_SUCH_NUMBER,
    3: SurveyResult.NO_SUCH_NUMBER,
    17: SurveyResult.BUSY,
    18: SurveyResult.NO_ANSWER,
    19: SurveyResult.NO_ANSWER,
    20: SurveyResult.NO_ANSWER,
    21: SurveyResult.DECLINED,
    22: SurveyResult.NO_SUCH_NUMBER,
    28: SurveyResult.NO_SUCH_NUMBER,
}
REMEMBERED = 10_000
OVERTAKEN = timedelta(seconds=5)
"""So long after an order was refused the events of its channel have come, if there was one."""


def order_of(follow_up_id: int, channel_id: str) -> str:
    """Name an order to dial so that its result can be told from others."""
    return f"{ORDER}/{follow_up_id}/{channel_id}"


def _parse_order(order: str) -> tuple[int, str] | None:
    kind, _, rest = order.partition("/")
    number, _, channel_id = rest.partition("/")
    return (int(number), channel_id) if kind == ORDER and number.isdecimal() else None


@dataclass
class _Survey:
    digits: dict[str, str | None] = field(default_factory=dict)
    done: bool = False
    machine: bool = False
    wrong: set[str] = field(default_factory=set)
    """The questions at which a key was pressed that means nothing."""

    def result(self) -> SurveyResult:
        """Judge an answered follow-up call by what was heard until it was hung up."""
        if self.done and not self.digits:
            # The answers were told before we were started anew.
            return SurveyResult.COMPLETED
        keyed = [digit for digit in self.digits.values() if digit is not None]
        if keyed:
            whole = self.done and len(keyed) == len(self.digits)
            return SurveyResult.COMPLETED if whole else SurveyResult.PARTIAL
        if self.wrong:
            return SurveyResult.WRONG_KEYS
        if self.machine:
            return SurveyResult.MACHINE
        return SurveyResult.SILENT if self.done else SurveyResult.HUNG_UP


class SurveyFollower:
    """Turns the facts of follow-up calls into what the ticket wants to know."""

    def __init__(self) -> None:
        self._surveys: dict[int, _Survey] = {}
        self._calls: dict[str, int] = {}
        self._ended: dict[str, None] = {}
        self._ringing: dict[str, None] = {}
        self._refused: dict[str, tuple[int, OriginateAnswered]] = {}
        self._causes: dict[str, LegEnded] = {}

    def fold(self, fact: AnyFact) -> list[SurveyAnswer | SurveyEnded]:
        """Take one fact and return what it adds; the same fact again adds nothing."""
        return [*self._never_begun(fact.at), *self._told(fact)]

    def _never_begun(self, at: datetime | None) -> list[SurveyEnded]:
        """Refused orders whose channel nobody has told of for a while: there was none."""
        if at is None:
            return []
        refused = [
            channel_id
            for channel_id, (_, answer) in self._refused.items()
            if channel_id not in self._ringing and at - answer.at > OVERTAKEN
        ]
        return [
            self._unanswered(channel_id, *self._refused.pop(channel_id)) for channel_id in refused
        ]

    def _told(self, fact: AnyFact) -> list[SurveyAnswer | SurveyEnded]:
        match fact:
            case OriginateAnswered():
                return self._dialled(fact)
            case SurveyHeard():
                return self._heard(fact)
            case SurveyDone() if fact.call_id not in self._ended:
                self._survey(fact.follow_up_id, fact.call_id).done = True
            case MachineHeard() if fact.call_id not in self._ended:
                self._survey(fact.follow_up_id, fact.call_id).machine = True
            case SurveyClosed():
                if fact.call_id not in self._ended:
                    self._survey(fact.follow_up_id, fact.call_id)
                    return [*self._end(fact.call_id, fact.at)]
            case LegStarted() if fact.leg == fact.call_id and fact.outgoing:
                _remember(self._ringing, fact.call_id, None)
            case LegEnded() if fact.leg == fact.call_id:
                return self._hung_up(fact)
        return []

    def cut_off(self, at: datetime, alive: Container[str]) -> list[SurveyEnded]:
        """End the answered calls that died with their telephone system; what was keyed counts."""
        dead = [call_id for call_id in self._calls if call_id not in alive]
        ends = [end for call_id in dead for end in self._end(call_id, at)]
        return [
            replace(end, result=SurveyResult.FAILED) if end.result is SurveyResult.HUNG_UP else end
            for end in ends
        ]

    def _survey(self, follow_up_id: int, call_id: str) -> _Survey:
        self._calls[call_id] = follow_up_id
        return self._surveys.setdefault(follow_up_id, _Survey())

    def _dialled(self, fact: OriginateAnswered) -> list[SurveyAnswer | SurveyEnded]:
        order = _parse_order(fact.order)
        if order is None:
            return []
        follow_up_id, channel_id = order
        if channel_id in self._ended:
            return []
        if fact.ok:
            self._survey(follow_up_id, fact.call_id or channel_id)
            return []
        told = channel_id in self._causes or fact.reason in REASONS
        if not told:
            # The channel's own end says why. An answer to an order takes another way through the
            # telephone system and may come before all that is told of its channel.
            self._refused[channel_id] = follow_up_id, fact
            return []
        cause = self._causes.pop(channel_id, None)
        return [self._unanswered(channel_id, follow_up_id, fact, cause)]

    def _hung_up(self, fact: LegEnded) -> list[SurveyAnswer | SurveyEnded]:
        if fact.call_id in self._calls:
            return [*self._end(fact.call_id, fact.at)]
        if fact.call_id in self._refused:
            return [self._unanswered(fact.call_id, *self._refused.pop(fact.call_id), fact)]
        if fact.call_id in self._ringing:
            _remember(self._causes, fact.call_id, fact)
        return []

    def _unanswered(
        self,
        channel_id: str,
        follow_up_id: int,
        answer: OriginateAnswered,
        end: LegEnded | None = None,
    ) -> SurveyEnded:
        """Say why nobody took the call, by the best evidence there is."""
        _remember(self._ended, channel_id, None)
        self._ringing.pop(channel_id, None)
        result = REASONS.get(answer.reason, SurveyResult.FAILED)
        if end is not None and end.cause is not None:
            result = CAUSES.get(end.cause, result)
        at = end.at if end is not None else answer.at
        return SurveyEnded(follow_up_id=follow_up_id, result=result, at=at, call_id=channel_id)

    def _heard(self, fact: SurveyHeard) -> list[SurveyAnswer | SurveyEnded]:
        if fact.question not in ("solved", "satisfied") or fact.call_id in self._ended:
            return []
        survey = self._survey(fact.follow_up_id, fact.call_id)
        if survey.digits.get(fact.question, "unheard") == fact.digit:
            return []
        survey.digits[fact.question] = fact.digit
        if fact.wrong:
            survey.wrong.add(fact.question)
        question = cast(Literal["solved", "satisfied"], fact.question)
        return [
            SurveyAnswer(
                follow_up_id=fact.follow_up_id,
                question=question,
                digit=fact.digit,
                at=fact.at,
                language=fact.language,
            )
        ]

    def _end(self, call_id: str, at: datetime) -> list[SurveyEnded]:
        follow_up_id = self._calls.pop(call_id)
        survey = self._surveys.pop(follow_up_id, _Survey())
        _remember(self._ended, call_id, None)
        self._ringing.pop(call_id, None)
        result = survey.result()
        return [SurveyEnded(follow_up_id=follow_up_id, result=result, at=at, call_id=call_id)]


def _remember(memory: dict[str, Value], key: str, value: Value) -> None:
    """Keep the value, and only the newest of very many."""
    memory[key] = value
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]
