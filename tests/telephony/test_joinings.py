"""What an order to join came to, by the telephone system's own number for it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dispatch.domain.call_terms import JoinResult
from telephony.facts import OriginateAnswered
from telephony.joinings import join_ended

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ok", "reason", "result"),
    [
        (True, 4, JoinResult.ANSWERED),
        (False, 3, JoinResult.NO_ANSWER),
        (False, 5, JoinResult.BUSY),
        (False, 0, JoinResult.FAILED),
        (False, 8, JoinResult.FAILED),
    ],
)
def test_an_order_to_join_ends_in_one_of_four_ways(
    ok: bool, reason: int, result: JoinResult
) -> None:
    answer = OriginateAnswered(NOW, order="join-1", ok=ok, reason=reason, call_id=None)
    ended = join_ended(answer)
    assert (ended.call_id, ended.result, ended.at) == ("join-1", result, NOW)
