"""What the contact centre asks of a telephone system, each with a shipped stand-in.

Every method returns once the order was accepted; what came of it is told by the calls
themselves. All may be called from any thread, and all raise TelephonyUnavailable when the
telephone system cannot take the order now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from dispatch.domain.call_terms import EmergencyWay, FlagTreatment, ListenMode, TrunkState
from dispatch.domain.switch_plan import SwitchPlan


@dataclass(frozen=True, kw_only=True)
class OutboundCall:
    """A call an agent places: his own telephone rings first, then the number.

    `trunk` is the endpoint of the way out, "" for one of our own extensions; `channel_id` and
    `call_uuid` are ours.
    """

    extension: str
    number: str
    trunk: str
    caller_id: str
    channel_id: str
    call_uuid: str


@dataclass(frozen=True, kw_only=True)
class BringIn:
    """Somebody to be brought to the citizen an agent talks with; `channel_id` is ours."""

    extension: str
    number: str
    trunk: str
    """The endpoint of the way out; "" for one of our own extensions."""
    way: EmergencyWay
    """TRANSFER: the agent leaves once the third party answered; THREE_WAY: he stays."""
    caller_id: str
    channel_id: str
    ring_s: int = 30


class CallDesk(Protocol):
    """An agent's own calls beyond what his softphone does by itself."""

    def dial(self, call: OutboundCall) -> None:
        """Ring the agent, then the number."""

    def bring_in(self, order: BringIn) -> None:
        """Bring a third party to the talk the extension is in.

        Raises:
            NotInTalk: the extension talks with no citizen now.
        """

    def mask(self, extension: str, *, on: bool) -> None:
        """Silence the recording of the extension's talk, or let it go on.

        Raises:
            NotInTalk: the extension talks with no citizen now.
            RecordingUnavailable: the talk is not being recorded.
        """

    def hold_for(self, extension: str) -> None:
        """Let the citizen hear music: the agent's page is being loaded anew.

        Raises:
            NotInTalk: the extension talks with no citizen now.
        """

    def resume(self, extension: str) -> bool:
        """Give the citizen back whom the agent's page lost; False when there is none."""


class Supervising(Protocol):
    """What a supervisor does to a live talk."""

    def listen(self, supervisor: str, agent: str, mode: ListenMode, channel_id: str) -> None:
        """Ring the supervisor's telephone and join it to the agent's talk."""

    def change_mode(self, channel_id: str, mode: ListenMode) -> None:
        """Go on in another way without hanging up."""

    def stop_listening(self, channel_id: str) -> None:
        """End a listening; one that has ended already is as wished."""

    def take_over(self, supervisor: str, agent: str) -> None:
        """Give the citizen to the supervisor; the agent is free."""

    def release(self, extension: str, *, keep_citizen: bool) -> None:
        """Free the agent; the citizen comes first in the queue, or his call ends too."""


@dataclass(frozen=True, kw_only=True)
class CallBackOrder:
    """A citizen to be rung back and, once he answers, given to the next agent of the queue."""

    call_back_id: int
    number: str
    queue: str
    channel_id: str
    call_uuid: str
    waited_s: int
    """How long the place in the queue has been held: the order in which agents are given."""
    line: str = ""
    """The number of ours that the citizen dialled."""
    trunk: str = "trunk"
    """The endpoint it leaves by."""
    caller_id: str = "12345"


class CallBackDialer(Protocol):
    """Places call-backs."""

    def call_back(self, order: CallBackOrder) -> None:
        """Start the call and return at once.

        When this raises, the call may have been started all the same: the order was given,
        its confirmation was not heard.
        """

    def hang_up(self, channel_id: str) -> None:
        """End a call-back that is wanted no more; one that is gone already is as wished."""


@dataclass(frozen=True)
class CallerMark:
    """How the next calls of a number are treated."""

    number: str
    treatment: FlagTreatment


class CallerMarks(Protocol):
    """Tells the telephone system which callers are special, so that it knows while we are away."""

    def assert_marks(self, marks: tuple[CallerMark, ...]) -> None:
        """Make the marks exactly these."""


class Switch(Protocol):
    """Applies the switch plan, to each node of the telephone system by its name."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node there is, reachable or not."""

    def applied(self, node: str) -> str:
        """The digest of the plan the node works by; "" when it does not say."""

    def apply(self, node: str, plan: SwitchPlan) -> None:
        """Write and load the plan; calls under way go on.

        Raises:
            BadPlan: the plan cannot be written safely, or did not take; the old one holds.
        """

    def trunk_states(self, node: str) -> Mapping[str, TrunkState]:
        """How the node sees each trunk, by the trunk's code."""

    def try_trunk(self, node: str, order: TrunkTrial) -> None:
        """Ring a number through a trunk and play a sentence to whoever answers.

        Returns once somebody has answered.

        Raises:
            TrunkSilent: nobody answered in time, or the other side refused.
        """


@dataclass(frozen=True, kw_only=True)
class TrunkTrial:
    """A test call: which trunk, which number, what number is shown."""

    trunk: str
    number: str
    caller_id: str
    channel_id: str


@dataclass(frozen=True, kw_only=True)
class Telephones:
    """All that may be asked of the telephone system, in one hand."""

    desk: CallDesk
    supervising: Supervising
    call_backs: CallBackDialer
    marks: CallerMarks
    switch: Switch


class SilentTelephones:
    """Stands in for all of them: does nothing and remembers everything."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self._applied: dict[str, str] = {}

    def dial(self, call: OutboundCall) -> None:
        """Remember the call."""
        self.asked.append(call)

    def bring_in(self, order: BringIn) -> None:
        """Remember the order."""
        self.asked.append(order)

    def mask(self, extension: str, *, on: bool) -> None:
        """Remember the order."""
        self.asked.append(("mask", extension, on))

    def hold_for(self, extension: str) -> None:
        """Remember the order."""
        self.asked.append(("hold_for", extension))

    def resume(self, extension: str) -> bool:
        """Remember the order; nobody is waiting."""
        self.asked.append(("resume", extension))
        return False

    def listen(self, supervisor: str, agent: str, mode: ListenMode, channel_id: str) -> None:
        """Remember the order."""
        self.asked.append(("listen", supervisor, agent, mode, channel_id))

    def change_mode(self, channel_id: str, mode: ListenMode) -> None:
        """Remember the order."""
        self.asked.append(("mode", channel_id, mode))

    def take_over(self, supervisor: str, agent: str) -> None:
        """Remember the order."""
        self.asked.append(("take_over", supervisor, agent))

    def stop_listening(self, channel_id: str) -> None:
        """Remember the order."""
        self.asked.append(("stop", channel_id))

    def release(self, extension: str, *, keep_citizen: bool) -> None:
        """Remember the order."""
        self.asked.append(("release", extension, keep_citizen))

    def call_back(self, order: CallBackOrder) -> None:
        """Remember the order."""
        self.asked.append(order)

    def hang_up(self, channel_id: str) -> None:
        """Remember the order."""
        self.asked.append(("hang_up", channel_id))

    def assert_marks(self, marks: tuple[CallerMark, ...]) -> None:
        """Remember the marks."""
        self.asked.append(marks)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The one there would be."""
        return ("hot1",)

    def applied(self, node: str) -> str:
        """What was applied last."""
        return self._applied.get(node, "")

    def apply(self, node: str, plan: SwitchPlan) -> None:
        """Remember the plan."""
        self.asked.append(plan)
        self._applied[node] = plan.digest

    def trunk_states(self, node: str) -> Mapping[str, TrunkState]:
        """Nobody knows."""
        return {}

    def try_trunk(self, node: str, order: TrunkTrial) -> None:
        """Remember the call."""
        self.asked.append(order)

    @classmethod
    def all(cls) -> Telephones:
        """One stand-in for every port."""
        one = cls()
        return Telephones(desk=one, supervising=one, call_backs=one, marks=one, switch=one)
