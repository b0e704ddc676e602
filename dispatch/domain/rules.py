"""The rules in force: a policy profile with a calendar, as services ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from dispatch.domain.deadlines import Clock, clock_for, redo_clock
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.vocabulary import Rating, RequestKind, Urgency
from dispatch.domain.worktime import SHANGHAI, WorkCalendar

HALF_DAY = timedelta(hours=4)


@dataclass(frozen=True)
class Rules:
    """What a city's policy says, ready to be asked."""

    profile: PolicyProfile
    calendar: WorkCalendar

    def clock(
        self,
        *,
        kind: RequestKind,
        urgency: Urgency,
        start: datetime,
        round_: int = 1,
        category: str | None = None,
        unit_class: str | None = None,
    ) -> Clock:
        """Return the handling clock of a dispatch; a second round has the redo limit."""
        clock = redo_clock if round_ > 1 else clock_for
        return clock(
            self.profile,
            self.calendar,
            kind=kind,
            urgency=urgency,
            start=start,
            category=category,
            unit_class=unit_class,
        )

    def counts_as_satisfied(self, rating: Rating) -> bool:
        """Whether the grade counts as satisfied under this policy."""
        return rating in self.profile.rating.satisfied

    def follow_up_at(self, now: datetime, attempt: int) -> datetime:
        """Return when attempt number `attempt` (from 1) may ring the requester.

        The first comes at once, later ones half a day apart; none outside the polite hours
        of the policy (Asia/Shanghai).
        """
        moment = now if attempt == 1 else now + HALF_DAY
        local = moment.astimezone(SHANGHAI)
        for days in range(2):
            day = local.date() + timedelta(days=days)
            for first, last in self.profile.follow_up.polite_hours:
                opens = datetime.combine(day, first, SHANGHAI)
                if local < datetime.combine(day, last, SHANGHAI):
                    return max(moment, opens)
        return datetime.combine(local.date() + timedelta(days=1), time(9), SHANGHAI)
