"""What happened on the telephone, in words of our own: small, unchanging, comparable.

A leg is one channel, named by its unique id; a call is all legs that share a linked id,
which is the unique id of the leg that began it. Facts of one call form a set: the same fact
told twice, by the manager interface or by a file, or out of order, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, dataclass_transform

Declared = TypeVar("Declared")


@dataclass_transform(frozen_default=True)
def fact(declared: type[Declared]) -> type[Declared]:
    """Make a class of facts. The type checker holds them frozen; Python itself would need four
    times as long to make one that it guards, and one is made for every event.
    """
    return dataclass(slots=True, unsafe_hash=True)(declared)


@fact
class Fact:
    """Something happened in a call at a moment (aware, UTC)."""

    at: datetime
    call_id: str


@fact
class LegFact(Fact):
    """Something happened to a leg; `channel` is the channel's name."""

    leg: str
    channel: str


@fact
class LegStarted(LegFact):
    """A channel came into being; `outgoing` when we placed it, `exten` what it dialled."""

    caller: str | None = None
    exten: str | None = None
    outgoing: bool = False
    call_uuid: str | None = None


@fact
class LegUp(LegFact):
    """A channel was answered."""

    caller: str | None = None
    exten: str | None = None
    outgoing: bool = False
    call_uuid: str | None = None


@fact
class LegEnded(LegFact):
    """A channel is gone; `cause` is the Q.850 cause."""

    cause: int | None = None
    caller: str | None = None
    call_uuid: str | None = None


@fact
class LegJoined(LegFact):
    """A channel entered a bridge."""

    bridge: str


@fact
class LegLeft(LegFact):
    """A channel left a bridge."""

    bridge: str


@fact
class HangupAsked(LegFact):
    """The far end of a leg hung up (`by_us` False), or the system ended it."""

    by_us: bool = False


@fact
class LegDialled(LegFact):
    """We began to ring somebody on this leg; `number` is what was dialled."""

    number: str | None = None
    call_uuid: str | None = None


@fact
class LegRung(LegFact):
    """Ringing ended; `status` is ANSWER, NOANSWER, BUSY, CANCEL and so on."""

    status: str = ""


@fact
class LegHeld(LegFact):
    """Whoever speaks on this leg put the others on hold."""


@fact
class LegResumed(LegFact):
    """Whoever speaks on this leg took the others back from hold."""


@fact
class LegListens(LegFact):
    """This leg began to listen to somebody else's talk; it takes no part in it."""


@fact
class LegBilled(LegFact):
    """A detail record of a leg, good to the second: one for each party it was to talk with.

    `peer` is that party's channel, `joined` says that they talked, from `answered` on.
    """

    started: datetime
    answered: datetime | None
    peer: str
    joined: bool
    caller: str | None = None
    exten: str | None = None
    call_uuid: str | None = None


@fact
class CallerQueued(LegFact):
    """The caller joined a queue."""

    queue: str
    caller: str | None = None
    call_uuid: str | None = None


@fact
class CallerWaited(Fact):
    """The caller joined a queue, as the queue log says: good to the second."""

    queue: str
    caller: str | None = None


@fact
class CallerUnqueued(Fact):
    """The caller left a queue; `unanswered` when it is certain that nobody answered."""

    queue: str
    unanswered: bool = False
    coarse: bool = False


@fact
class QueueVerdict(Fact):
    """Why a queue let the caller go: TIMEOUT, FULL, ABANDON, CONTINUE and so on.

    `queue` is None where only the order of events tells which one it was.
    """

    status: str
    queue: str | None = None


@fact
class AgentAnswered(Fact):
    """The queue joined a caller to an agent; `leg` is the agent's, where only that is sure."""

    extension: str
    queue: str
    coarse: bool = False
    leg: str | None = None


@fact
class AgentFinished(Fact):
    """The queue's own account of a talk; wrong when an agent's leg is cut off.

    `talk_s` is seconds; `by_agent` says whose phone ended it, None when it does not say.
    """

    extension: str
    queue: str
    talk_s: int
    by_agent: bool | None = None


@fact
class CallTransferred(Fact):
    """An agent handed the citizen on; `kind` is blind, attended or threeway."""

    kind: str
    by: str | None
    to: str


@fact
class DigitKeyed(LegFact):
    """A key was received from a leg."""

    digit: str


@fact
class RecordingStarted(Fact):
    """A recording began; the path as configured, when it is known."""

    path: str | None = None


@fact
class VoicemailReached(Fact):
    """The caller was sent to leave a message."""


@fact
class VoicemailLeft(Fact):
    """The caller left a message: its path below the recordings, its length in seconds."""

    path: str
    seconds: int = 0


@fact
class CallBackWished(Fact):
    """The caller asked to be rung back at `number` instead of waiting for `queue`."""

    number: str | None
    queue: str | None


@fact
class CallerTurnedAway(Fact):
    """The caller heard that nobody answers at this hour, or, `refused`, that he is flagged."""

    refused: bool = False


@fact
class CallNamed(Fact):
    """Our dialplan told its own id of the call and the line the citizen dialled."""

    call_uuid: str | None
    line: str | None


@fact
class CallGone(Fact):
    """The telephone system no longer knows the call; nobody saw it end."""


@fact
class SystemReady:
    """The telephone system said it is fully booted, `uptime_s` seconds after its start."""

    at: datetime | None
    uptime_s: int


@fact
class ServiceRated(Fact):
    """The caller was asked for the agent's service after the talk; `digit` None: not pressed."""

    digit: str | None


@fact
class SurveyHeard(Fact):
    """A follow-up call asked a question; `digit` None when no valid key was pressed.

    `wrong` counts the keys that meant nothing, `language` is the folder of the prompts.
    """

    follow_up_id: int
    question: str
    digit: str | None
    wrong: int = 0
    language: str = ""


@fact
class MachineHeard(Fact):
    """Whoever took a follow-up call spoke like a machine, and nobody pressed a key."""

    follow_up_id: int


@fact
class SurveyDone(Fact):
    """A follow-up call went through all its questions."""

    follow_up_id: int


@fact
class SurveyClosed(Fact):
    """A follow-up call was hung up."""

    follow_up_id: int


@fact
class OriginateAnswered:
    """The result of an order to dial; `order` is the action id it was given."""

    at: datetime
    order: str
    ok: bool
    reason: int
    call_id: str | None


@fact
class MemberSeen:
    """An agent's place at a queue changed; not `present` when it was given up."""

    at: datetime
    extension: str
    queue: str
    present: bool
    paused: bool = False
    reason: str = ""


AnyFact = Fact | SystemReady | OriginateAnswered | MemberSeen
