"""Call-backs: the citizen is rung and put before the queue; an agent's own go through the desk."""

from __future__ import annotations

import logging
import re

from dispatch.domain.call_ports import CallBackOrder
from dispatch.domain.errors import InvalidInput, TelephonyUnavailable
from telephony.orders import LoopBound
from telephony.talks import channels

log = logging.getLogger(__name__)
RING_S = 35
NORMAL_CLEARING = "16"
"""Cause of Q.850 for an ordinary end; the citizen's telephone simply stops ringing."""

_NUMBER = re.compile(r"\+?[0-9]{3,20}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,80}", re.ASCII)
_LINE = re.compile(r"[0-9A-Za-z+-]{0,40}", re.ASCII)


class CallBackOrders(LoopBound):
    """Implements `dispatch.domain.call_ports.CallBackDialer`; callable from any thread."""

    def call_back(self, order: CallBackOrder) -> None:
        """Ring the citizen; once he answers he is told who calls, and stands before the queue.

        `channel_id` becomes the call's id, so Asterisk itself refuses the same order twice while
        the call is up.

        Raises:
            InvalidInput: the number, the queue, the line or an id is not one.
            TelephonyUnavailable: no confirmation came; the call may have been placed.
        """
        _check(_NUMBER, order.number, "number")
        _check(_LINE, order.line, "line")
        _check(_LINE, order.caller_id, "caller_id")
        for field in ("queue", "trunk", "channel_id", "call_uuid"):
            _check(_WORD, getattr(order, field), field)
        self.run(self._originate(order))

    def hang_up(self, channel_id: str) -> None:
        """End the call with this id, ringing or not; see the port.

        Raises:
            InvalidInput: the id is not one.
            TelephonyUnavailable: the telephone system cannot be asked now.
        """
        _check(_WORD, channel_id, "channel_id")
        self.run(self._hang_up(channel_id))

    async def _originate(self, order: CallBackOrder) -> None:
        reply = await self._client.action(
            "Originate",
            ActionID=f"call-back/{order.channel_id}",
            Channel=f"PJSIP/{order.number}@{order.trunk}",
            Context="call-back",
            Exten="s",
            Priority="1",
            CallerID=order.caller_id,
            Timeout=str(RING_S * 1000),
            ChannelId=order.channel_id,
            Variable=[
                f"__CALLUUID={order.call_uuid}",
                f"__CALLER={order.number}",
                f"__CALLEDLINE={order.line}",
                f"__QUEUE={order.queue}",
            ],
            Async="true",
        )
        if not reply.ok:
            log.warning("call-back %s refused: %s", order.channel_id, reply.message)
            raise TelephonyUnavailable("电话系统没有接受回拨，稍后会再试")

    async def _hang_up(self, channel_id: str) -> None:
        for item in await channels(self._client):
            if item.get("Uniqueid") == channel_id:
                await self._client.action("Hangup", Channel=item["Channel"], Cause=NORMAL_CLEARING)


def _check(pattern: re.Pattern[str], value: str, field: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidInput(f"电话系统不能使用“{value}”", field=field)
