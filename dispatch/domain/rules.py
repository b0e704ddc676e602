"""The rules in force: a policy profile with a calendar, as services ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from dispatch.domain.counting import limit_due
from dispatch.domain.deadlines import Clock, clock_for, redo_clock
from dispatch.domain.limits import Limit
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.vocabulary import Rating, RequestKind, Urgency
from dispatch.domain.worktime import SHANGHAI, Interval, WorkCalendar

SAME_HALF_DAY = timedelta(hours=1)
"""Between two attempts of a policy that does not spread them over half-days."""

NOON = time(12)
"""Where the city's day is cut in two for attempts."""


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
        source_level: str | None = None,
        stated: Limit | None = None,
        statutory: Limit | None = None,
    ) -> Clock:
        """Return the handling clock of a dispatch; a second round has the redo limit."""
        if round_ > 1:
            return redo_clock(
                self.profile,
                self.calendar,
                kind=kind,
                urgency=urgency,
                start=start,
                category=category,
                unit_class=unit_class,
                source_level=source_level,
            )
        return clock_for(
            self.profile,
            self.calendar,
            kind=kind,
            urgency=urgency,
            start=start,
            category=category,
            unit_class=unit_class,
            source_level=source_level,
            stated=stated,
            statutory=statutory,
        )

    def counts_as_satisfied(self, rating: Rating) -> bool:
        """Whether the grade counts as satisfied under this policy."""
        return rating in self.profile.rating.satisfied

    def follow_up_at(self, moment: datetime) -> datetime:
        """Return the first moment from this one on at which a requester may be rung.

        The policy's polite hours are the city's (Asia/Shanghai), on every day of the week.
        """
        return _within(self.profile.follow_up.polite_hours, moment)

    def follow_up_again_at(self, last: datetime) -> datetime:
        """Return when the next attempt after a vain one may ring: in another half-day.

        A policy that spreads its attempts over one half-day only leaves an hour between them.
        """
        if self.profile.follow_up.half_days <= 1:
            return self.follow_up_at(last + SAME_HALF_DAY)
        city = last.astimezone(SHANGHAI)
        noon = datetime.combine(city.date(), NOON, SHANGHAI)
        midnight = datetime.combine(city.date() + timedelta(days=1), time(), SHANGHAI)
        return self.follow_up_at(noon if city < noon else midnight)

    def follow_up_until(self, first: datetime) -> datetime:
        """Return until when attempts by the system may follow the first one (`follow_up.span`)."""
        return self._due(self.profile.follow_up.span, first)

    def link_valid_until(self, sent: datetime) -> datetime:
        """Return when a link sent at this moment runs out."""
        return limit_due(self.profile.follow_up.link_valid, self.calendar, sent)

    def review_by(self, opened: datetime) -> datetime:
        """Return until when the centre decides on an unhappy answer (`review.within`)."""
        return self._due(self.profile.review.within, opened)

    def _due(self, limit: Limit, start: datetime) -> datetime:
        return limit_due(limit, self.calendar.with_hours(self.profile.hours), start)

    def call_back_at(self, moment: datetime) -> datetime:
        """Return the first moment from this one on at which a missed caller may be rung back."""
        return _within(self.profile.call_back.hours, moment)


def _within(hours: tuple[Interval, ...], moment: datetime) -> datetime:
    """The moment itself, or the next at which one of the hours (Asia/Shanghai) begins."""
    local = moment.astimezone(SHANGHAI)
    for days in range(2):
        day = local.date() + timedelta(days=days)
        for first, last in hours:
            opens = datetime.combine(day, first, SHANGHAI)
            if local < datetime.combine(day, last, SHANGHAI):
                return max(moment, opens)
    return datetime.combine(local.date() + timedelta(days=1), time(9), SHANGHAI)
