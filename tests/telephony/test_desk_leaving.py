"""An agent leaves a talk that he handed on, however late the telephone system answers."""

from __future__ import annotations

import asyncio
from typing import cast

from telephony.ami import ActionTimedOut, AmiClient, Reply
from telephony.desk import CallDeskOrders, _Leaving
from telephony.wire import Headers

AGENT, BRIDGE, JOINED = "PJSIP/9001-00000001", "b1", "join-1"
DONE = Headers("Response: Success")


class Crowded:
    """Both talk with the citizen; the telephone system answers the first look too late."""

    def __init__(self) -> None:
        self.looks = 0
        self.hung_up: list[str] = []

    async def action(self, name: str, **fields: str) -> Reply:
        if name == "Hangup":
            self.hung_up.append(fields["Channel"])
            return Reply(DONE)
        self.looks += 1
        if self.looks == 1:
            raise ActionTimedOut
        rows = ((AGENT, "1"), ("PJSIP/trunk-00000002", JOINED))
        return Reply(
            DONE,
            tuple(
                Headers(f"Channel: {channel}\nUniqueid: {leg}\nBridgeId: {BRIDGE}")
                for channel, leg in rows
            ),
        )


def test_a_look_that_is_answered_too_late_is_taken_again() -> None:
    system = Crowded()
    orders = CallDeskOrders(cast(AmiClient, system))
    asyncio.run(orders._leave(JOINED, _Leaving(AGENT, BRIDGE)))
    assert system.hung_up == [AGENT]
