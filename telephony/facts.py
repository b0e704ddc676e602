"""What happened on the telephone, in words of our own: small, frozen, comparable.

A leg is one channel, named by its unique id; a call is all legs that share a linked id,
which is the unique id of the leg that began it. Facts of one call form a set: the same fact
told twice, by the manager interface or by a file, or out of order, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """Something happened in a call at a moment (aware, UTC)."""

    at: datetime
    call_id: str


@dataclass(frozen=True, slots=True)
class LegFact(Fact):
    """Something happened to a leg; `channel` is the channel's name."""

    leg: str
    channel: str


@dataclass(frozen=True, slots=True)
class LegStarted(LegFact):
    """A channel came into being; `outgoing` when we placed it, `exten` what it dialled."""

    caller: str | None = None
    exten: str | None = None
    outgoing: bool = False
    call_uuid: str | None = None


@dataclass(frozen=True, slots=True)
class LegUp(LegFact):
    """A channel was answered."""

    caller: str | None = None
    exten: str | None = None
    outgoing: bool = False
    call_uuid: str | None = None


@dataclass(frozen=True, slots=True)
class LegEnded(LegFact):
    """A channel is gone; `cause` is the Q.850 cause."""

    cause: int | None = None
    caller: str | None = None
    call_uuid: str | None = None


@dataclass(frozen=True, slots=True)
class LegJoined(LegFact):
    """A channel entered a bridge."""

    bridge: str


@dataclass(frozen=True, slots=True)
class LegLeft(LegFact):
    """A channel left a bridge."""

    bridge: str


@dataclass(frozen=True, slots=True)
class HangupAsked(LegFact):
    """The far end of a leg hung up (`by_us` False), or the system ended it."""

    by_us: bool = False


@dataclass(frozen=True, slots=True)
class LegDialled(LegFact):
    """We began to ring somebody on this leg; `number` is what was dialled."""

    number: str | None = None


@dataclass(frozen=True, slots=True)
class LegRung(LegFact):
    """Ringing ended; `status` is ANSWER, NOANSWER, BUSY, CANCEL and so on."""

    status: str = ""


@dataclass(frozen=True, slots=True)
class CallerQueued(LegFact):
    """The caller joined a queue; `coarse` when the time is only good to the second."""

    queue: str
    caller: str | None = None
    call_uuid: str | None = None
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class CallerUnqueued(Fact):
    """The caller left a queue; `unanswered` when it is certain that nobody answered."""

    queue: str
    unanswered: bool = False
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class QueueVerdict(Fact):
    """Why the queue let the caller go: TIMEOUT, FULL, ABANDON, CONTINUE and so on."""

    status: str


@dataclass(frozen=True, slots=True)
class AgentAnswered(Fact):
    """The queue joined a caller to an agent."""

    extension: str
    queue: str
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class AgentFinished(Fact):
    """The queue's own account of a talk, in seconds; wrong when an agent's leg is cut off."""

    extension: str
    queue: str
    talk_s: int


@dataclass(frozen=True, slots=True)
class CallTransferred(Fact):
    """An agent handed the citizen on; `kind` is blind, attended or threeway."""

    kind: str
    by: str | None
    to: str


@dataclass(frozen=True, slots=True)
class DigitKeyed(LegFact):
    """A key was received from a leg."""

    digit: str


@dataclass(frozen=True, slots=True)
class RecordingStarted(Fact):
    """A recording began; the path as configured, when it is known."""

    path: str | None = None


@dataclass(frozen=True, slots=True)
class VoicemailReached(Fact):
    """The caller was sent to leave a message."""


@dataclass(frozen=True, slots=True)
class CallNamed(Fact):
    """Our dialplan told its own id of the call and the line the citizen dialled."""

    call_uuid: str | None
    line: str | None


@dataclass(frozen=True, slots=True)
class CallGone(Fact):
    """The telephone system no longer knows the call; nobody saw it end."""


@dataclass(frozen=True, slots=True)
class SystemReady:
    """The telephone system said it is fully booted, `uptime_s` seconds after its start."""

    at: datetime | None
    uptime_s: int


@dataclass(frozen=True, slots=True)
class SurveyHeard(Fact):
    """A follow-up call asked a question; `digit` None after silence."""

    follow_up_id: int
    question: str
    digit: str | None


@dataclass(frozen=True, slots=True)
class SurveyDone(Fact):
    """A follow-up call went through all its questions."""

    follow_up_id: int


@dataclass(frozen=True, slots=True)
class SurveyClosed(Fact):
    """A follow-up call was hung up."""

    follow_up_id: int


@dataclass(frozen=True, slots=True)
class OriginateAnswered:
    """The result of an order to dial; `order` is the action id it was given."""

    at: datetime
    order: str
    ok: bool
    reason: int
    call_id: str | None


AnyFact = Fact | SystemReady | OriginateAnswered
