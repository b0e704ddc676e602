"""The record of one call from the set of its facts: a pure function, whatever their order.

Rules:
- the citizen's leg is the one that began the call, or the first outside line the call reached;
- a call is answered when an agent joined the citizen, and once answered it is never abandoned;
- a citizen whom we rang is answered when he has picked up and, if he waits for one, an agent too;
- the wait runs from joining the queue to the answer, or to leaving the queue without one;
- the talk runs from the first agent's answer until the last agent's leg left the citizen: over
  holds, consultations and transfers, without the survey that may follow;
- who leaves the queue unanswered abandoned it only if the far end had hung up by then; the
  queue's own abandon event also comes when it gives up on a caller who is still there;
- a leg that only listens, or was rung to join, is no agent's answer and no citizen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.domain.calls import CallOutcome, CallRecord, Digit, Direction
from telephony.channels import CALLING_BACK, begun_at, node_of
from telephony.facts import (
    AgentAnswered,
    AgentFinished,
    CallBackWished,
    CallerQueued,
    CallerTurnedAway,
    CallerUnqueued,
    CallerWaited,
    CallGone,
    CallNamed,
    CallTransferred,
    Fact,
    LegFact,
    QueueVerdict,
    RecordingStarted,
    ServiceRated,
    VoicemailLeft,
    VoicemailReached,
)
from telephony.handovers import handovers
from telephony.legs import CARRIES_UUID, Leg
from telephony.talking import Talk
from telephony.talks import is_joining, is_listening
from telephony.waiting import ABANDON, OVERFLOW, Waiting

LOCAL_TIME = ZoneInfo("Asia/Shanghai")
SAME_MOMENT = timedelta(milliseconds=50)


class Story:
    """All that is known of one call, sorted by subject; `note` may be told anything twice."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.legs: dict[str, Leg] = {}
        self.call_uuids: set[str] = set()
        self.lines: set[tuple[datetime, str]] = set()
        self.waiting = Waiting()
        self.answers: set[AgentAnswered] = set()
        self.finishes: set[AgentFinished] = set()
        self.transferred: set[CallTransferred] = set()
        self.recordings: set[RecordingStarted] = set()
        self.voicemails: set[VoicemailLeft] = set()
        self.gone_at: datetime | None = None
        self.to_voicemail = False
        self.rings_back = False
        self.service_keys: set[ServiceRated] = set()
        self.turned_away: CallOutcome | None = None

    def note(self, fact: Fact) -> None:
        """Take one more fact; the same again changes nothing."""
        if isinstance(fact, LegFact):
            leg = self.legs.get(fact.leg)
            if leg is None:
                leg = self.legs[fact.leg] = Leg(fact.leg, fact.channel, fact.at)
                leg.listens = is_listening(fact.leg)
            leg.note(fact)
            if type(fact) in CARRIES_UUID and fact.call_uuid:  # type: ignore[attr-defined]
                self.call_uuids.add(fact.call_uuid)  # type: ignore[attr-defined]
        take = _TAKE.get(type(fact))
        if take is not None:
            take(self, fact)

    # --- who and when -----------------------------------------------------------------------

    @property
    def root(self) -> Leg | None:
        """The leg that began the call, unless nothing of it was seen."""
        return self.legs.get(self.call_id)

    @property
    def citizen(self) -> Leg | None:
        """The outside line that began the call, or was reached first."""
        root = self.root
        if root is not None and root.is_outside:
            return root
        lines = [leg for leg in self.legs.values() if leg.is_outside and not is_joining(leg.leg)]
        return min(lines, key=lambda leg: leg.seen, default=None)

    @property
    def agents(self) -> list[Leg]:
        """Legs to agents' phones that take part in the talk."""
        return [leg for leg in self.legs.values() if leg.extension and not leg.listens]

    @property
    def _is_automatic(self) -> bool:
        """A call to a citizen for which no agent is needed: a follow-up by keys."""
        wanted = self.waiting.took_place or self.call_id.startswith(CALLING_BACK)
        return not wanted and not any(leg.extension for leg in self.legs.values())

    @property
    def node(self) -> str | None:
        """The telephone system's name, as the ids it gives tell."""
        named = (node_of(leg) for leg in (self.call_id, *self.legs))
        return next((node for node in named if node is not None), None)

    @property
    def started_at(self) -> datetime:
        """When the call began; if that was not seen, as its own id tells to the second."""
        root = self.root or self.citizen
        if root is not None and root.began is not None:
            return root.began
        seen = min(leg.seen for leg in self.legs.values())
        second = begun_at(self.call_id)
        return seen if second is None else min(seen, datetime.fromtimestamp(second, UTC))

    @property
    def call_uuid(self) -> str | None:
        """Our own id of the call."""
        return min(self.call_uuids, default=None)

    def recording(self) -> str | None:
        """Where the recording lies under the recordings folder; None if none was begun."""
        if not self.recordings:
            return None
        paths = [(fact.at, fact.path) for fact in self.recordings if fact.path]
        if paths:
            relative = [path for _, path in sorted(paths) if not path.startswith("/")]
            return relative[0] if relative else _under_recordings(min(paths)[1])
        call_uuid = self.call_uuid
        if call_uuid is None:
            return None
        day = min(fact.at for fact in self.recordings).astimezone(LOCAL_TIME)
        return f"{day:%Y%m%d}/{call_uuid}.wav"

    # --- the record -------------------------------------------------------------------------

    def record(self) -> CallRecord | None:
        """Return the call as known so far; None if no citizen takes part in it."""
        citizen = self.citizen
        if citizen is None:
            return None
        root, agents, begun = self.root, self.agents, self.started_at
        placed = citizen.outgoing or citizen.dialled is not None or citizen.leg != self.call_id
        if placed and not (citizen.dialled or citizen.up or citizen.gone or citizen.stays):
            return None  # not rung yet: who is rung to join another talk tells so when it rings
        over = citizen.gone or self.gone_at
        talk = Talk(citizen, agents, self.answers, self.finishes, begun=begun, over=over)
        if placed:
            answered_at, agent = talk.reached()
            agent = agent or (root.extension if answered_at and root else None)
            answered = agent is not None or (answered_at is not None and self._is_automatic)
            answered_at = answered_at if answered else None
        else:
            answered_at, agent = talk.answer()
            answered = agent is not None
        waits = not placed or any(fact.leg == citizen.leg for fact in self.waiting.joins)
        left_queue_at = self.waiting.left_at(is_over=over is not None) if waits else None
        talk_ended_at = talk.ended_at() if agent is not None else None
        caller = citizen.caller or self.waiting.caller
        if placed and root is not None and root.extension:
            caller = root.extension
        return CallRecord(
            call_id=self.call_id,
            call_uuid=self.call_uuid,
            direction=Direction.OUTBOUND if placed else Direction.INBOUND,
            caller=caller,
            line=citizen.number if placed else self._line(citizen),
            queue=self._queue(),
            agent=agent,
            ringing=self._ringing(agents, over, is_met=placed or answered),
            started_at=begun,
            queued_at=self.waiting.joined_at(begun) if waits else None,
            left_queue_at=None if answered else left_queue_at,
            answered_at=answered_at,
            talk_ended_at=talk_ended_at,
            ended_at=over,
            outcome=self._outcome(citizen, over, left_queue_at, answered=answered, placed=placed),
            transfers=handovers(
                self.transferred, agents, (leg for leg in self.legs.values() if is_joining(leg.leg))
            ),
            recording=self.recording(),
            dtmf=tuple(Digit(at=at, digit=digit) for at, digit in sorted(citizen.digits)),
            node=self.node,
            ended_by=talk.ended_by(talk_ended_at, (fact.at for fact in self.transferred)),
            hold_s=talk.hold_s(over) if answered else None,
            voicemail=max(self.voicemails, key=_moment).path if self.voicemails else None,
            service_key=self._service_key(),
        )

    def _line(self, citizen: Leg) -> str | None:
        return min(self.lines)[1] if self.lines else citizen.exten

    def _queue(self) -> str | None:
        """The queue that was answered in, else the last one joined."""
        if self.answers:
            return min(self.answers, key=lambda fact: (fact.coarse, fact.at)).queue
        if self.waiting.queue is None and self.finishes:
            return min(self.finishes, key=_moment).queue
        return self.waiting.queue

    def _service_key(self) -> str | None:
        """The key for the agent's service: the last pressed, "" when asked in vain."""
        pressed = [fact for fact in self.service_keys if fact.digit]
        if not pressed:
            return "" if self.service_keys else None
        return max(pressed, key=_moment).digit

    @staticmethod
    def _ringing(agents: list[Leg], over: datetime | None, *, is_met: bool) -> str | None:
        """The extension that rings; one just lifted rings until it is known to have answered.

        Between the two the call must not be nobody's: whoever answers may order something at once.
        """
        if over is not None:
            return None
        rung = [leg for leg in agents if leg.ringing]
        if not rung and not is_met:
            rung = [leg for leg in agents if leg.dialled and leg.taken and not leg.gone]
        found = max(rung, key=lambda leg: (leg.dialled or leg.seen, leg.leg), default=None)
        return None if found is None else found.extension

    # --- how it ended -----------------------------------------------------------------------

    def _outcome(
        self,
        citizen: Leg,
        over: datetime | None,
        left_queue_at: datetime | None,
        *,
        answered: bool,
        placed: bool,
    ) -> CallOutcome | None:
        """How the call ended, None while it may still change."""
        if answered:
            return CallOutcome.ANSWERED
        if self.to_voicemail or self.voicemails:
            return CallOutcome.VOICEMAIL
        if self.rings_back:
            return CallOutcome.CALL_BACK
        if placed and (citizen.up is None or not self.waiting.took_place):
            return None if over is None else CallOutcome.FAILED
        return self._let_go(citizen, over, left_queue_at)

    def _let_go(
        self, citizen: Leg, over: datetime | None, left_queue_at: datetime | None
    ) -> CallOutcome | None:
        """How a call ended that nobody answered and that left nothing behind."""
        verdicts = self.waiting.verdicts
        hung_up = citizen.hung_up
        if ABANDON in verdicts:
            return CallOutcome.ABANDONED_IN_QUEUE
        if self.waiting.took_place and left_queue_at is not None:
            early = hung_up is not None and hung_up <= left_queue_at + SAME_MOMENT
            if early and not verdicts & OVERFLOW:
                return CallOutcome.ABANDONED_IN_QUEUE
        if over is None:
            return None  # another queue, a message or a call-back may follow
        if verdicts & OVERFLOW or left_queue_at is not None:
            return CallOutcome.OVERFLOWED
        if self.turned_away is not None and not self.waiting.took_place:
            return self.turned_away
        if self.waiting.took_place:
            return CallOutcome.ABANDONED_IN_QUEUE
        if self.root is None or self.root.began is None:
            return None
        if hung_up is None and (citizen.up is None or citizen.cut_off is not None):
            return CallOutcome.FAILED
        return CallOutcome.ABANDONED_IN_IVR


def _moment(fact: Fact) -> datetime:
    return fact.at


def _under_recordings(path: str) -> str:
    """Cut a path of the telephone system down to what lies under its recordings folder."""
    for folder in ("/recordings/", "/monitor/"):
        _, found, rest = path.rpartition(folder)
        if found:
            return rest
    return "/".join(path.split("/")[-2:])


def _named(story: Story, fact: CallNamed) -> None:
    if fact.call_uuid:
        story.call_uuids.add(fact.call_uuid)
    if fact.line:
        story.lines.add((fact.at, fact.line))


def _gone(story: Story, fact: CallGone) -> None:
    if story.gone_at is None or fact.at < story.gone_at:
        story.gone_at = fact.at


def _turned_away(story: Story, fact: CallerTurnedAway) -> None:
    if fact.refused or story.turned_away is None:
        story.turned_away = CallOutcome.REFUSED if fact.refused else CallOutcome.CLOSED


def _to_voicemail(story: Story, _: VoicemailReached) -> None:
    story.to_voicemail = True


def _rings_back(story: Story, _: CallBackWished) -> None:
    story.rings_back = True


def _waits(story: Story, fact: Fact) -> None:
    story.waiting.note(fact)


_TAKE: dict[type[Fact], Callable[[Story, Any], None]] = {
    AgentAnswered: lambda story, fact: story.answers.add(fact),
    AgentFinished: lambda story, fact: story.finishes.add(fact),
    CallBackWished: _rings_back,
    CallGone: _gone,
    CallNamed: _named,
    CallTransferred: lambda story, fact: story.transferred.add(fact),
    CallerQueued: _waits,
    CallerTurnedAway: _turned_away,
    CallerUnqueued: _waits,
    CallerWaited: _waits,
    QueueVerdict: _waits,
    RecordingStarted: lambda story, fact: story.recordings.add(fact),
    ServiceRated: lambda story, fact: story.service_keys.add(fact),
    VoicemailLeft: lambda story, fact: story.voicemails.add(fact),
    VoicemailReached: _to_voicemail,
}
