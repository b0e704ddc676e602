"""Which callers are special, kept where the dialplan finds it while we are away."""

from __future__ import annotations

import logging
import re

from dispatch.domain.call_ports import CallerMark
from dispatch.domain.errors import TelephonyUnavailable
from telephony.orders import LoopBound

log = logging.getLogger(__name__)
FAMILY = "mark"
"""Family of Asterisk's own database; the key is the digits of the number."""

WRITTEN_WITHIN_S = 30.0


class CallerMarkOrders(LoopBound):
    """Implements `dispatch.domain.call_ports.CallerMarks`; callable from any thread."""

    def assert_marks(self, marks: tuple[CallerMark, ...]) -> None:
        """Write only what differs from what Asterisk has; it keeps them over its own restarts.

        Raises:
            TelephonyUnavailable: not connected, or a mark was not taken; those before it hold.
        """
        wanted = {digits_of(mark.number): mark.treatment.value for mark in marks}
        wanted.pop("", None)
        self.run(self._assert(wanted), within_s=WRITTEN_WITHIN_S)

    async def _assert(self, wanted: dict[str, str]) -> None:
        found = await self._found()
        for key in found.keys() - wanted.keys():
            await self._order("DBDel", Key=key)
        for key, value in wanted.items():
            if found.get(key) != value:
                await self._order("DBPut", Key=key, Val=value)
        if found != wanted:
            log.info("caller marks: %d, before %d", len(wanted), len(found))

    async def _found(self) -> dict[str, str]:
        reply = await self._client.action("DBGetTree", Family=FAMILY)
        if not reply.ok and "not found" not in reply.message.lower():
            raise TelephonyUnavailable(reply.message)
        prefix = f"/{FAMILY}/"
        pairs = [(item.get("Key") or "", item.get("Val") or "") for item in reply.items]
        return {key.removeprefix(prefix): val for key, val in pairs if key.startswith(prefix)}

    async def _order(self, action: str, **fields: str) -> None:
        reply = await self._client.action(action, {"Family": FAMILY, **fields})
        if not reply.ok:
            raise TelephonyUnavailable(f"电话系统没有接受来电标记：{reply.message}")


def digits_of(number: str) -> str:
    """The number as the dialplan asks for it."""
    return re.sub(r"\D", "", number, flags=re.ASCII)
