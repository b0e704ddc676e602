"""Who answered a call, how long they talked and who ended it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from dispatch.domain.call_terms import EndedBy
from telephony.channels import extension_of
from telephony.facts import AgentAnswered, AgentFinished
from telephony.legs import Leg

SAME_MOMENT = timedelta(milliseconds=300)
"""A hang-up is told by several events and files, this far apart at most."""


class Talk:
    """The legs of a call from its answer on; made anew for every question."""

    def __init__(
        self,
        citizen: Leg,
        agents: Sequence[Leg],
        answers: Iterable[AgentAnswered],
        finishes: Iterable[AgentFinished],
        *,
        begun: datetime,
        over: datetime | None,
    ) -> None:
        self._citizen = citizen
        self._agents = agents
        self._answers = answers
        self._finishes = finishes
        self._begun = begun
        self._over = over

    # --- the answer -------------------------------------------------------------------------

    def _meetings(self) -> list[tuple[datetime, str]]:
        """When each agent first shared a bridge with the citizen."""
        met = []
        for leg in self._agents:
            for bridge, stay in leg.stays.items():
                other = self._citizen.stays.get(bridge)
                if other and stay.joined and other.joined and leg.extension:
                    met.append((max(stay.joined, other.joined), leg.extension))
        return met

    def answer(self) -> tuple[datetime | None, str | None]:
        """Return when and by which extension the call was first answered.

        The time is None when the answer is certain but its moment was not seen.
        """
        exact = [(a.at, a.extension) for a in self._answers if not a.coarse] + self._meetings()
        picked = [(leg.picked_up, leg.extension) for leg in self._agents if leg.picked_up]
        coarse = [(max(a.at, self._begun), self._who(a)) for a in self._answers]
        told = [(f.at - timedelta(seconds=f.talk_s), f.extension) for f in self._finishes]
        for evidence in (exact, picked, self._billed(), coarse, told):
            if evidence:
                return min(evidence)
        talked = [leg for leg in self._agents if leg.stays]
        if talked and self._citizen.stays:
            return None, min(talked, key=lambda leg: leg.seen).extension
        return None, None

    def _billed(self) -> list[tuple[datetime, str]]:
        """When the detail records, where they are all there is, say that agents answered."""
        return [
            (bill.answered or bill.started, extension)
            for bill in self._citizen.sole_bills
            if bill.joined and (extension := extension_of(bill.peer)) is not None
        ]

    def _who(self, answer: AgentAnswered) -> str:
        """The extension of an answer that the queue log tells: it knows the name and the leg."""
        for leg in self._agents:
            if leg.leg == answer.leg and leg.extension is not None:
                return leg.extension
        return answer.extension

    def reached(self) -> tuple[datetime | None, str | None]:
        """The same for a citizen whom we rang: nobody speaks with him before he picks up."""
        at, agent = self.answer()
        up = self._citizen.up or self._citizen.picked_up
        if up is None:
            bills = self._citizen.sole_bills
            up = min((bill.answered for bill in bills if bill.answered), default=None)
        if up is None:
            return None, None
        return (up if at is None else max(at, up)), agent

    # --- the end ----------------------------------------------------------------------------

    def ended_at(self) -> datetime | None:
        """When the last agent left the citizen; None while they talk or a transfer rings."""
        if self._over is None and any(leg.talking or leg.ringing for leg in self._agents):
            return None
        left = [leg.left or leg.ended for leg in self._agents if leg.stays]
        left += [leg.ended for leg in self._agents if leg.picked_up and not leg.stays]
        moments = [moment for moment in left if moment is not None]
        moments += [bill.at for bill in self._citizen.sole_bills if bill.joined]
        if not moments:
            moments = [fact.at for fact in self._finishes]
        if not moments:
            return self._over
        last = max(moments)
        return last if self._over is None else min(last, self._over)

    def hold_s(self, until: datetime | None) -> float | None:
        """Seconds the citizen was kept on hold by agents; None when no hold was ever seen."""
        if not any(leg.holds for leg in self._agents):
            return None
        holds = [hold for leg in self._agents for hold in leg.holds_until(until)]
        total = sum((end - begin for begin, end in holds), timedelta())
        return round(total.total_seconds(), 3)

    def ended_by(
        self, talk_ended: datetime | None, handed_on: Iterable[datetime]
    ) -> EndedBy | None:
        """Who ended the talk, or before any talk the call; None while it goes on.

        The far end of a leg hung up, or else the system did: an order to hang up, a dialplan
        that came to its end. Of several hang-ups the first counts, and what comes after the
        talk, when the citizen leaves a survey, counts no more; but an agent who handed him on
        (`handed_on`, when) ended nothing, and then whoever ends his waiting counts.
        """
        end = talk_ended or self._over
        if end is None or self._over is None:
            return None
        limit = end + SAME_MOMENT
        hung_up = [(self._citizen.hung_up, EndedBy.CITIZEN)]
        if any(abs(at - end) < SAME_MOMENT for at in handed_on):
            return EndedBy.SYSTEM if self._citizen.hung_up is None else EndedBy.CITIZEN
        # Who handed the citizen on earlier hung up too, but ended nothing.
        hung_up += [
            (leg.hung_up, EndedBy.AGENT)
            for leg in self._agents
            if talk_ended is None or (leg.left or leg.gone or end) >= end - SAME_MOMENT
        ]
        told = [(at, who) for at, who in hung_up if at is not None and at <= limit]
        if told:
            return min(told)[1]
        if not any(leg.ended or leg.cut_off for leg in (self._citizen, *self._agents)):
            return self._as_the_queue_says()
        return EndedBy.SYSTEM

    def _as_the_queue_says(self) -> EndedBy | None:
        told = max(self._finishes, key=lambda fact: fact.at, default=None)
        if told is None or told.by_agent is None:
            return None
        return EndedBy.AGENT if told.by_agent else EndedBy.CITIZEN
