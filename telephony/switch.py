"""Applies a switch plan to one Asterisk, and tells how it sees its trunks."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from dispatch.domain.call_ports import TrunkTrial
from dispatch.domain.call_terms import TrunkKind, TrunkState
from dispatch.domain.errors import BadPlan, HotlineError, InvalidInput, TrunkSilent
from dispatch.domain.switch_plan import SwitchPlan
from telephony.ami import AmiClient
from telephony.orders import LoopBound
from telephony.wire import Headers

log = logging.getLogger(__name__)

DIGEST = "HOTLINEPLAN"
"""Global variable of the dialplan that says by which plan Asterisk works."""

MODULES = (
    "res_pjsip.so",
    "res_pjsip_endpoint_identifier_ip.so",
    "res_pjsip_outbound_registration.so",
    "app_queue.so",
    "pbx_config.so",
)
"""What is loaded anew, the dialplan last: it names queues and trunks."""

APPLY_WITHIN_S = 30.0
TRIAL_RINGS_S = 25
REACHED = "4"
"""OriginateResponse's reason for a call that was answered."""

SILENCE: Mapping[str, str] = MappingProxyType(
    {
        "0": "对方没有这个号码，或中继拒绝了呼叫",
        "1": "没有人接听",
        "3": "没有人接听",
        "5": "对方占线",
        "8": "中继线路拥塞或不可达",
    }
)
_NUMBER = re.compile(r"\+?\d{3,20}", re.ASCII)
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,19}", re.ASCII)
_ORDER = "trunk-trial/"
_TRUNK = "trunk-"
_WATCH = "watch-"


class PlanFiles(Protocol):
    """Where the plan is written: the configuration folder of an Asterisk we can reach."""

    def write(self, plan: SwitchPlan) -> Callable[[], None]:
        """Write what depends on the plan; return what puts back the files there were.

        Raises:
            BadPlan: it cannot be written safely; no file was changed.
        """


class SwitchOrders(LoopBound):
    """The switch port for one node. `files` is None when Asterisk runs on another machine.

    `loaded` is awaited after each plan: a queue that is new has no members yet.
    """

    def __init__(
        self,
        client: AmiClient,
        node: str,
        files: PlanFiles | None,
        loaded: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(client)
        self._node = node
        self._files = files
        self._loaded = loaded
        self._trials: dict[str, asyncio.Future[Headers]] = {}

    @property
    def nodes(self) -> tuple[str, ...]:
        """The one this connection leads to."""
        return (self._node,)

    def applied(self, node: str) -> str:
        """See `dispatch.domain.call_ports.Switch`."""
        return self.run(self._applied())

    def apply(self, node: str, plan: SwitchPlan) -> None:
        """See `dispatch.domain.call_ports.Switch`."""
        self.run(self._apply(plan), within_s=APPLY_WITHIN_S)

    def trunk_states(self, node: str) -> Mapping[str, TrunkState]:
        """See `dispatch.domain.call_ports.Switch`."""
        return self.run(self._trunk_states())

    def try_trunk(self, node: str, order: TrunkTrial) -> None:
        """See `dispatch.domain.call_ports.Switch`."""
        if not _NUMBER.fullmatch(order.number) or not _CODE.fullmatch(order.trunk):
            raise InvalidInput("试拨号码只能由数字组成", field="number")
        self.run(self._try_trunk(order), within_s=TRIAL_RINGS_S + 10.0)

    def hear(self, headers: Headers) -> None:
        """Take an event of the acting connection: the results of trials come there."""
        waiting = self._trials.get(headers.get("ActionID", ""))
        if headers.get("Event") == "OriginateResponse" and waiting and not waiting.done():
            waiting.set_result(headers)

    # --- the plan ---------------------------------------------------------------------------

    async def _applied(self) -> str:
        reply = await self._client.action("Getvar", Variable=DIGEST)
        return reply.headers.get("Value", "") if reply.ok else ""

    async def _apply(self, plan: SwitchPlan) -> None:
        if self._files is None:
            raise BadPlan(
                f"电话系统 {self._node} 不在本机运行，不能直接写入。请在那台机器上运行 "
                "hotline asterisk configure 写出配置，再让 Asterisk 重新载入（core reload）"
            )
        put_back = await asyncio.to_thread(self._files.write, plan)
        try:
            await self._reload()
            await self._prove(plan)
        except HotlineError:
            await asyncio.to_thread(put_back)
            await self._reload_quietly()
            raise
        for trunk in plan.trunks:
            if trunk.kind is TrunkKind.EMERGENCY:
                continue
            # Asked by itself only once a minute: whoever has just set it wants to see it now.
            await self._client.action("PJSIPQualify", Endpoint=f"{_WATCH}{trunk.code}")
        await self._loaded()

    async def _reload(self) -> None:
        for module in MODULES:
            reply = await self._client.action("Reload", Module=module)
            if not reply.ok and "No such module" not in reply.message:
                raise BadPlan(
                    f"电话系统没有接受新方案（{module}：{reply.message}），原方案继续有效"
                )

    async def _reload_quietly(self) -> None:
        try:
            await self._reload()
        except HotlineError as failure:
            log.warning("node %s: the old plan could not be loaded again: %s", self._node, failure)

    async def _prove(self, plan: SwitchPlan) -> None:
        """Ask Asterisk itself for every queue and trunk of the plan."""
        reply = await self._client.action("QueueStatus")
        there = {
            item.get("Queue", "") for item in reply.items if item.get("Event") == "QueueParams"
        }
        missing = [queue.label for queue in plan.queues if queue.code not in there]
        for trunk in plan.trunks:
            shown = await self._client.action("PJSIPShowEndpoint", Endpoint=f"{_TRUNK}{trunk.code}")
            if not shown.ok:
                missing.append(f"中继 {trunk.code}")
        if await self._applied() != plan.digest:
            missing.append("新的拨号方案")
        if missing:
            raise BadPlan(
                f"电话系统载入后没有{'、'.join(missing)}，已换回原方案；原因见 Asterisk 的日志"
            )

    # --- trunks -----------------------------------------------------------------------------

    async def _trunk_states(self) -> Mapping[str, TrunkState]:
        endpoints = await self._client.action("PJSIPShowEndpoints")
        names = [item.get("ObjectName", "") for item in endpoints.items]
        trunks = [name.removeprefix(_TRUNK) for name in names if name.startswith(_TRUNK)]
        found = dict.fromkeys(trunks, TrunkState.UNKNOWN)
        for code in trunks:
            # Not every trunk is asked how it is.
            if f"{_WATCH}{code}" in names:
                shown = await self._client.action("PJSIPShowEndpoint", Endpoint=f"{_WATCH}{code}")
                found[code] = _reachable(shown.items)
        registrations = await self._client.action("PJSIPShowRegistrationsOutbound")
        for item in registrations.items:
            name = item.get("ObjectName", "")
            if item.get("Event") == "OutboundRegistrationDetail" and name.startswith(_TRUNK):
                found[name.removeprefix(_TRUNK)] = _registered(item.get("Status", ""))
        return found

    async def _try_trunk(self, order: TrunkTrial) -> None:
        action_id = f"{_ORDER}{order.channel_id}"
        result = asyncio.get_running_loop().create_future()
        self._trials[action_id] = result
        try:
            reply = await self._client.action(
                "Originate",
                ActionID=action_id,
                Channel=f"PJSIP/{order.number}@trunk-{order.trunk}",
                Application="Playback",
                Data="hotline/thanks",
                CallerID=order.caller_id,
                Timeout=str(TRIAL_RINGS_S * 1000),
                ChannelId=order.channel_id,
                Async="true",
            )
            if not reply.ok:
                raise TrunkSilent(f"试拨没有发出：{reply.message}")
            async with asyncio.timeout(TRIAL_RINGS_S + 5):
                headers: Headers = await result
        except TimeoutError:
            raise TrunkSilent("试拨没有结果：电话系统没有报告呼叫的结局") from None
        finally:
            del self._trials[action_id]
        if headers.get("Response") != "Success" and headers.get("Reason") != REACHED:
            why = SILENCE.get(headers.get("Reason", ""), "对方没有接听")
            raise TrunkSilent(f"试拨 {order.number} 没有接通：{why}")


def _reachable(items: Sequence[Headers]) -> TrunkState:
    """What the last OPTIONS to the trunk's address came to."""
    details = (item for item in items if item.get("Event") == "ContactStatusDetail")
    status = next((item.get("Status", "") for item in details), "")
    found = {"Reachable": TrunkState.REACHABLE, "Unreachable": TrunkState.UNREACHABLE}
    return found.get(status, TrunkState.UNKNOWN)


def _registered(status: str) -> TrunkState:
    if status == "Registered":
        return TrunkState.REGISTERED
    return TrunkState.REFUSED if status == "Rejected" else TrunkState.UNREACHABLE
