"""What came of ringing somebody who was to join a talk."""

from __future__ import annotations

from dispatch.domain.call_terms import JoinResult
from dispatch.domain.calls import JoinEnded
from telephony.facts import OriginateAnswered

RANG_OUT = 3
BUSY = 5


def join_ended(answer: OriginateAnswered) -> JoinEnded:
    """The result of an order to join, for the store."""
    if answer.ok:
        result = JoinResult.ANSWERED
    else:
        failures = {RANG_OUT: JoinResult.NO_ANSWER, BUSY: JoinResult.BUSY}
        result = failures.get(answer.reason, JoinResult.FAILED)
    return JoinEnded(call_id=answer.order, result=result, at=answer.at)
