"""The record of one call from the set of its facts: a pure function, whatever their order.

Rules:
- the citizen's leg is the one that began the call, or the first outside line the call reached;
- a call is answered when an agent joined the citizen, and once answered it is never abandoned;
- the wait runs from joining the queue to the answer, or to leaving the queue without one;
- the talk runs from the first agent's answer until the last agent's leg left the citizen: over
  holds, consultations and transfers, without the survey that may follow;
- who leaves the queue unanswered abandoned it only if the far end had hung up by then; the
  queue's own abandon event also comes when it gives up on a caller who is still there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dispatch.domain.calls import CallOutcome, CallRecord, Digit, Direction, Transfer
from telephony.channels import begun_at, is_line
from telephony.facts import (
    AgentAnswered,
    AgentFinished,
    CallerQueued,
    CallerUnqueued,
    CallGone,
    CallNamed,
    CallTransferred,
    Fact,
    LegEnded,
    LegFact,
    LegStarted,
    LegUp,
    QueueVerdict,
    RecordingStarted,
    VoicemailReached,
)
from telephony.legs import Leg

LOCAL_TIME = ZoneInfo("Asia/Shanghai")
SAME_MOMENT = timedelta(milliseconds=50)
SAME_TRANSFER = timedelta(seconds=2)
OVERFLOW = frozenset(
    {"TIMEOUT", "FULL", "JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL", "WITHDRAW"}
    | {"EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY"}
)
ABANDON = "ABANDON"


class Story:
    """All that is known of one call, sorted by subject."""

    def __init__(self, call_id: str, facts: Iterable[Fact]) -> None:
        self.call_id = call_id
        self.legs: dict[str, Leg] = {}
        self.queued: list[CallerQueued] = []
        self.unqueued: list[CallerUnqueued] = []
        self.verdicts: list[QueueVerdict] = []
        self.answers: list[AgentAnswered] = []
        self.finishes: list[AgentFinished] = []
        self.transferred: list[CallTransferred] = []
        self.recordings: list[RecordingStarted] = []
        self.named: list[CallNamed] = []
        self.gone: list[CallGone] = []
        self.call_uuids: set[str] = set()
        self.voicemail = False
        for fact in facts:
            self._note(fact)
        self.citizen = self._find_citizen()

    def _note(self, fact: Fact) -> None:
        if isinstance(fact, LegFact):
            leg = self.legs.get(fact.leg)
            if leg is None:
                leg = self.legs[fact.leg] = Leg(fact.leg, fact.channel, fact.at)
            leg.note(fact)
            if isinstance(fact, LegStarted | LegUp | LegEnded | CallerQueued) and fact.call_uuid:
                self.call_uuids.add(fact.call_uuid)
        match fact:
            case CallerQueued():
                self.queued.append(fact)
            case CallerUnqueued():
                self.unqueued.append(fact)
            case QueueVerdict():
                self.verdicts.append(fact)
            case AgentAnswered():
                self.answers.append(fact)
            case AgentFinished():
                self.finishes.append(fact)
            case CallTransferred():
                self.transferred.append(fact)
            case RecordingStarted():
                self.recordings.append(fact)
            case CallNamed():
                self.named.append(fact)
            case CallGone():
                self.gone.append(fact)
            case VoicemailReached():
                self.voicemail = True

    def _find_citizen(self) -> Leg | None:
        lines = [leg for leg in self.legs.values() if is_line(leg.channel) and not leg.extension]
        return min(lines, key=lambda leg: (leg.leg != self.call_id, leg.seen), default=None)

    @property
    def root(self) -> Leg | None:
        """The leg that began the call, unless nothing of it was seen."""
        return self.legs.get(self.call_id)

    @property
    def agents(self) -> list[Leg]:
        """Legs to agents' phones."""
        return [leg for leg in self.legs.values() if leg.extension]

    @property
    def direction(self) -> Direction:
        """Inbound unless we rang the citizen."""
        citizen = self.citizen
        placed = citizen is not None and (
            citizen.outgoing or citizen.dialled is not None or citizen.leg != self.call_id
        )
        return Direction.OUTBOUND if placed else Direction.INBOUND

    @property
    def started_at(self) -> datetime:
        """When the call began; if that was not seen, as its own id tells to the second."""
        root = self.root or self.citizen
        if root is not None and root.started is not None:
            return root.started
        seen = min(leg.seen for leg in self.legs.values())
        second = begun_at(self.call_id)
        return seen if second is None else min(seen, datetime.fromtimestamp(second, UTC))

    @property
    def ended_at(self) -> datetime | None:
        """When the citizen's line was gone."""
        if self.citizen is not None and self.citizen.ended is not None:
            return self.citizen.ended
        return min((fact.at for fact in self.gone), default=None)

    # --- the answer -----------------------------------------------------------------------

    def _meetings(self) -> list[tuple[datetime, str]]:
        """When each agent first shared a bridge with the citizen."""
        if self.citizen is None:
            return []
        met = []
        for leg in self.agents:
            for bridge, stay in leg.stays.items():
                other = self.citizen.stays.get(bridge)
                if other and stay.joined and other.joined and leg.extension:
                    met.append((max(stay.joined, other.joined), leg.extension))
        return met

    def answer(self) -> tuple[datetime | None, str | None]:
        """Return when and by which extension the call was first answered.

        The time is None when the answer is certain but its moment was not seen.
        """
        exact = [(a.at, a.extension) for a in self.answers if not a.coarse] + self._meetings()
        picked = [(leg.picked_up, leg.extension) for leg in self.agents if leg.picked_up]
        coarse = [(max(a.at, self.started_at), a.extension) for a in self.answers]
        told = [(f.at - timedelta(seconds=f.talk_s), f.extension) for f in self.finishes]
        for evidence in (exact, picked, coarse, told):
            if evidence:
                return min(evidence)
        talked = [leg for leg in self.agents if leg.stays and self.citizen is not None]
        if talked and self.citizen is not None and self.citizen.stays:
            return None, min(talked, key=lambda leg: leg.seen).extension
        return None, None

    def talk_ended_at(self) -> datetime | None:
        """When the last agent left the citizen; None while they talk or a transfer rings."""
        ended = self.ended_at
        if ended is None and any(leg.talking or leg.ringing for leg in self.agents):
            return None
        left = [leg.left or leg.ended for leg in self.agents if leg.stays]
        left += [leg.ended for leg in self.agents if leg.picked_up and not leg.stays]
        moments = [moment for moment in left if moment is not None]
        if not moments:
            moments = [fact.at for fact in self.finishes]
        if not moments:
            return ended
        last = max(moments)
        return last if ended is None else min(last, ended)

    # --- the queue ------------------------------------------------------------------------

    def queued_at(self) -> datetime | None:
        """When the caller first joined a queue."""
        exact = [fact.at for fact in self.queued if not fact.coarse]
        if exact:
            return min(exact)
        coarse = min((fact.at for fact in self.queued), default=None)
        return None if coarse is None else max(coarse, self.started_at)

    def queue(self) -> str | None:
        """The queue that was answered in, else the last one joined."""
        if self.answers:
            return min(self.answers, key=lambda fact: (fact.coarse, fact.at)).queue
        if self.queued:
            return max(self.queued, key=lambda fact: (not fact.coarse, fact.at)).queue
        return self.finishes[0].queue if self.finishes else None

    def left_queue_at(self) -> datetime | None:
        """When an unanswered caller left the last queue joined, if that is certain."""
        sure = self.ended_at is not None or bool(self.verdicts)
        sure = sure or any(fact.unanswered for fact in self.unqueued)
        joined = max((fact.at for fact in self.queued if not fact.coarse), default=None)
        exact = [fact.at for fact in self.unqueued if not fact.coarse]
        moments = exact or [fact.at for fact in self.unqueued]
        moments = [at for at in moments if joined is None or at >= joined]
        return min(moments) if sure and moments else None

    def _unanswered_outcome(self) -> CallOutcome | None:
        citizen, ended = self.citizen, self.ended_at is not None
        statuses = {fact.status for fact in self.verdicts}
        left = self.left_queue_at()
        hung_up = citizen.hung_up if citizen is not None else None
        if ABANDON in statuses:
            return CallOutcome.ABANDONED_IN_QUEUE
        if self.queued and left is not None:
            early = hung_up is not None and hung_up <= left + SAME_MOMENT
            if early and not statuses & OVERFLOW:
                return CallOutcome.ABANDONED_IN_QUEUE
            return CallOutcome.OVERFLOWED
        if statuses & OVERFLOW and (ended or not self.queued):
            return CallOutcome.OVERFLOWED
        if not ended:
            return None
        if self.queued:
            return CallOutcome.ABANDONED_IN_QUEUE
        if self.root is None or self.root.started is None:
            return None
        refused = citizen is not None and citizen.up is None
        cut_off = citizen is not None and citizen.cut_off is not None
        if hung_up is None and (refused or cut_off):
            return CallOutcome.FAILED
        return CallOutcome.ABANDONED_IN_IVR

    def outcome(self, answered: bool) -> CallOutcome | None:
        """How the call ended, None while it may still change."""
        if answered:
            return CallOutcome.ANSWERED
        if self.voicemail:
            return CallOutcome.VOICEMAIL
        if self.direction is Direction.OUTBOUND:
            return None if self.ended_at is None else CallOutcome.FAILED
        return self._unanswered_outcome()

    # --- the rest -------------------------------------------------------------------------

    def transfers(self) -> tuple[Transfer, ...]:
        """Hand-overs of the citizen; a three-way talk is one once its host has left it."""
        handed: list[Transfer] = []
        for fact in sorted(self.transferred, key=lambda fact: fact.at):
            if fact.kind == "threeway" and not self._outlasted(fact.by):
                continue
            kind = "blind" if fact.kind == "blind" else "attended"
            known = any(
                (one.kind, one.by, one.to) == (kind, fact.by, fact.to)
                and fact.at - one.at < SAME_TRANSFER
                for one in handed
            )
            if not known:
                handed.append(Transfer(at=fact.at, kind=kind, by=fact.by, to=fact.to))
        return tuple(handed)

    def _outlasted(self, host: str | None) -> bool:
        """Whether another agent went on talking after the host of a three-way talk left."""
        hosts = [leg for leg in self.agents if leg.extension == host]
        if any(leg.talking for leg in hosts):
            return False
        gone = max((leg.left for leg in hosts if leg.left is not None), default=None)
        others = [leg for leg in self.agents if leg.extension != host and leg.stays]
        return gone is not None and any(
            leg.talking or (leg.left is not None and leg.left > gone + timedelta(seconds=1))
            for leg in others
        )

    def call_uuid(self) -> str | None:
        """Our own id of the call."""
        told = {fact.call_uuid for fact in self.named if fact.call_uuid} | self.call_uuids
        return min(told, default=None)

    def recording(self) -> str | None:
        """Where the recording lies under the recordings folder; None if none was begun."""
        paths = [(fact.at, fact.path) for fact in self.recordings if fact.path]
        if paths:
            relative = [path for _, path in sorted(paths) if not path.startswith("/")]
            return relative[0] if relative else _under_recordings(min(paths)[1])
        call_uuid = self.call_uuid()
        if not self.recordings or call_uuid is None:
            return None
        day = min(fact.at for fact in self.recordings).astimezone(LOCAL_TIME)
        return f"{day:%Y%m%d}/{call_uuid}.wav"

    def record(self) -> CallRecord | None:
        """Return the call as known so far; None if no citizen takes part in it."""
        citizen = self.citizen
        if citizen is None:
            return None
        inbound = self.direction is Direction.INBOUND
        answered_at, agent = self.answer()
        answered = agent is not None
        if not inbound:
            answered_at = citizen.up or citizen.picked_up
            answered = answered_at is not None
            agent = agent or (self.root.extension if answered and self.root else None)
        ringing = [leg for leg in self.agents if leg.ringing and leg.dialled]
        lines = [fact.line for fact in self.named if fact.line]
        queued = [(fact.at, fact.caller) for fact in self.queued if fact.caller]
        caller = citizen.caller or (min(queued)[1] if queued else None)
        if not inbound and self.root is not None and self.root.extension:
            caller = self.root.extension
        return CallRecord(
            call_id=self.call_id,
            call_uuid=self.call_uuid(),
            direction=self.direction,
            caller=caller,
            line=(lines[0] if lines else citizen.exten) if inbound else citizen.number,
            queue=self.queue(),
            agent=agent,
            ringing=max(ringing, key=lambda leg: leg.dialled or leg.seen).extension
            if ringing and self.ended_at is None
            else None,
            started_at=self.started_at,
            queued_at=self.queued_at(),
            left_queue_at=None if answered else self.left_queue_at(),
            answered_at=answered_at,
            talk_ended_at=self.talk_ended_at() if agent is not None else None,
            ended_at=self.ended_at,
            outcome=self.outcome(answered),
            transfers=self.transfers(),
            recording=self.recording(),
            dtmf=tuple(Digit(at=at, digit=digit) for at, digit in sorted(citizen.digits)),
        )


def _under_recordings(path: str) -> str:
    """Cut a path of the telephone system down to what lies under its recordings folder."""
    for folder in ("/recordings/", "/monitor/"):
        _, found, rest = path.rpartition(folder)
        if found:
            return rest
    return "/".join(path.split("/")[-2:])
