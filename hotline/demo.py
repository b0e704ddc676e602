"""A believable past for the demo city: a year of calls and their tickets, the same for a seed."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from dispatch.domain.calls import CallOutcome
from dispatch.domain.deadlines import ladder_at, return_by
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import (
    Disposition,
    Rating,
    RequestKind,
    Role,
    Status,
    Urgency,
    Verdict,
)
from dispatch.domain.worktime import SHANGHAI
from dispatch.service.history import PastContact, PastTicket
from hotline.city.records import City, CityRequest

CALLS_A_DAY = 274
"""About 100,000 a year: a prefecture of 3.4 million, like those of 2,000 a day scaled down."""

# Share of calls by hour of the day; the peak lies in the morning, nights are thin.
HOURS = (6, 4, 3, 2, 2, 4, 12, 35, 78, 105, 102, 80, 48, 52, 76, 80, 72, 58, 46, 42, 38, 28, 18, 9)
WEEKDAYS = (1.18, 1.10, 1.06, 1.04, 1.05, 0.82, 0.75)
# How often a request of this kind needs a department.
TICKET_SHARE = {
    RequestKind.INQUIRY: 0.05,
    RequestKind.ASSISTANCE: 0.34,
    RequestKind.COMPLAINT: 0.46,
    RequestKind.REPORT: 0.42,
    RequestKind.SUGGESTION: 0.22,
    RequestKind.PRAISE: 0.02,
}
OTHER_ENDS = (
    (Disposition.URGED, 26),
    (Disposition.TOLD_ROUTE, 18),
    (Disposition.TRANSFERRED_OUT, 9),
    (Disposition.SILENT, 16),
    (Disposition.DECLINED, 5),
    (Disposition.HARASSMENT, 3),
    (Disposition.MERGED, 6),
)
PLAIN_REPLY = (
    "您反映的情况我们已派人到现场核实，能当场解决的已经解决，需要时间的已列入计划并会继续跟进，"
    "办理情况已向您说明。感谢您的监督。"
)
RATINGS = (
    (Rating.VERY_SATISFIED, 46),
    (Rating.SATISFIED, 30),
    (Rating.BASICALLY_SATISFIED, 12),
    (Rating.DISSATISFIED, 8),
    (Rating.VERY_DISSATISFIED, 4),
)


@dataclass(frozen=True)
class Surge:
    """A run of days on which one subject is asked about far more often."""

    first: date
    days: int
    category: str
    factor: float


class Past:
    """Makes the past day by day; `until` is the moment the demo calls now."""

    def __init__(self, city: City, rules: Rules, *, seed: int, until: datetime) -> None:
        self._city = city
        self._rules = rules
        self._until = until
        self._seed = seed
        self._random = random.Random(seed)
        self._owners = {(r.category, r.division): r.lead for r in city.responsibilities}
        self._parents = {d.code: d.parent for d in city.divisions}
        self._names = {d.code: d.name for d in city.divisions}
        self._streets = [d for d in city.divisions if d.level == "township"]
        self._street_weights = [d.population for d in self._streets]
        self._agents = [s.extension for s in city.staff if s.role is Role.AGENT]
        self._lines = [line.number for line in city.lines]
        self._callers = [f"12{self._random.randrange(10**9):09d}" for _ in range(26_000)]
        self._units = {d.code: d.short_name for d in city.departments}
        self._replies: dict[str, list[str]] = {}
        for reply in city.replies:
            self._replies.setdefault(reply.category, []).append(reply.text)
        self._hours = list(accumulate(HOURS))
        self._day, self._number = until.date(), 0

    def days(self, months: int) -> list[date]:
        """The days to make, oldest first."""
        last = self._until.astimezone(SHANGHAI).date()
        count = max(1, round(months * 365 / 12))
        return [last - timedelta(days=n) for n in range(count - 1, -1, -1)]

    def day(self, day: date) -> tuple[list[PastContact], list[PastTicket]]:
        """One day's calls and the tickets that came of them."""
        # Each day has dice of its own: whenever and from wherever it is made, it is the same.
        self._random = random.Random(f"{self._seed} {day}")
        self._day, self._number = day, 0
        contacts: list[PastContact] = []
        tickets: list[PastTicket] = []
        weights = list(accumulate(self._weights(day)))
        for moment in self._moments(day):
            request = self._city.corpus[bisect(weights, self._random.random() * weights[-1])]
            contact, ticket = self._call(moment, request, len(contacts))
            contacts.append(contact)
            if ticket is not None:
                tickets.append(ticket)
        return contacts, tickets

    def _weights(self, day: date) -> Iterator[float]:
        surge = next(
            (s for s in self._surges(day.year) if 0 <= (day - s.first).days < s.days), None
        )
        for request in self._city.corpus:
            hit = surge is not None and request.category.startswith(surge.category)
            yield surge.factor if hit and surge is not None else 1.0

    @staticmethod
    def _surges(year: int) -> tuple[Surge, ...]:
        return (
            Surge(date(year, 7, 18), 4, "0507", 14.0),  # a rainstorm week
            Surge(date(year, 11, 14), 6, "0305", 12.0),  # heating starts, pipes are cold
            Surge(date(year, 8, 25), 6, "1001", 6.0),  # school places
        )

    def _moments(self, day: date) -> list[datetime]:
        factor = WEEKDAYS[day.weekday()]
        if not self._rules.calendar.is_working_day(day) and day.weekday() < 5:
            factor = 0.62
        if any(0 <= (day - s.first).days < s.days for s in self._surges(day.year)):
            factor *= 1.35
        count = round(self._random.gauss(CALLS_A_DAY * factor, CALLS_A_DAY * 0.06))
        start = datetime.combine(day, time(0), SHANGHAI)
        moments = []
        for _ in range(max(20, count)):
            hour = bisect(self._hours, self._random.random() * self._hours[-1])
            seconds = self._random.random() * 3600
            moments.append(start + timedelta(hours=hour, seconds=round(seconds, 1)))
        # Everything is kept in UTC; a day that is not over yet has no calls from its evening.
        return sorted(m.astimezone(UTC) for m in moments if m < self._until)

    def _call(
        self, start: datetime, request: CityRequest, index: int
    ) -> tuple[PastContact, PastTicket | None]:
        rnd = self._random
        line = self._lines[0] if rnd.random() < 0.82 else rnd.choice(self._lines)
        caller = rnd.choice(self._callers)
        arrived = PastContact(
            call_id=f"demo-{start.astimezone(SHANGHAI):%Y%m%d}-{index:05d}",
            started_at=start,
            caller=caller,
            line=line,
        )
        queued = start + timedelta(seconds=rnd.uniform(8, 12))
        if rnd.random() < 0.035:
            gone_in_queue = rnd.random() < 0.7
            end = queued + timedelta(seconds=rnd.uniform(5, 70)) if gone_in_queue else queued
            outcome = (
                CallOutcome.ABANDONED_IN_QUEUE if gone_in_queue else CallOutcome.ABANDONED_IN_IVR
            )
            left = replace(
                arrived,
                queued_at=queued,
                ended_at=end,
                outcome=outcome,
                disposition=Disposition.HUNG_UP,
            )
            return left, None
        answered = queued + timedelta(seconds=min(120, rnd.expovariate(1 / 6.5)))
        ended = answered + timedelta(seconds=min(2400, rnd.lognormvariate(4.8, 0.6)))
        ticket = None
        end_as = Disposition.ANSWERED_ON_CALL
        if rnd.random() < 0.085:
            end_as = rnd.choices([d for d, _ in OTHER_ENDS], [w for _, w in OTHER_ENDS])[0]
        elif rnd.random() < TICKET_SHARE[request.kind]:
            end_as = Disposition.TICKET
            ticket = self._ticket(ended, request, caller)
        contact = replace(
            arrived,
            agent=rnd.choice(self._agents),
            queued_at=queued,
            answered_at=answered,
            ended_at=ended,
            outcome=CallOutcome.ANSWERED,
            disposition=end_as,
            ticket_number=ticket.number if ticket else None,
        )
        return contact, ticket

    def _owner(self, category: str, division: str) -> str | None:
        place: str | None = division
        while place:
            if (category, place) in self._owners:
                return self._owners[category, place]
            place = self._parents.get(place)
        return self._owners.get((category, "*"))

    def _ticket(self, created: datetime, request: CityRequest, caller: str) -> PastTicket:
        rnd = self._random
        division = request.division
        if not division or self._names.get(division) == self._city.name:
            division = rnd.choices(self._streets, self._street_weights)[0].code
        self._number += 1
        dispatched = created + timedelta(minutes=rnd.uniform(1, 90))
        clock = self._rules.clock(
            kind=request.kind, urgency=request.urgency, start=dispatched, category=request.category
        )
        steps = self._steps(dispatched, clock.acknowledge_by, clock.due_at, request.urgency)
        happened = {name: at for name, at in steps.items() if at < self._until}
        solved, rating = self._verdict() if "closed" in happened else (None, None)
        owner = self._owner(request.category, division)
        due = clock.due_at
        late = min(happened.get("completed", self._until), self._until) > due
        return PastTicket(
            number=f"{self._day:%Y%m%d}9{self._number:05d}",
            created_at=created,
            status=_status(happened),
            kind=request.kind,
            urgency=request.urgency,
            category=request.category,
            department=owner if "dispatched" in happened else None,
            content=request.text,
            division=division,
            phone=caller,
            dispatched_at=happened.get("dispatched"),
            acknowledge_by=clock.acknowledge_by if "dispatched" in happened else None,
            due_at=due if "dispatched" in happened else None,
            warn_at=clock.warn_at if "dispatched" in happened else None,
            acknowledged_at=happened.get("acknowledged"),
            first_contacted_at=happened.get("contacted"),
            completed_at=happened.get("completed"),
            audited_at=happened.get("audited"),
            closed_at=happened.get("closed"),
            breached_at=due if late and due < self._until else None,
            solved=solved,
            rating=rating,
            business_environment=request.category in {"1306", "1307"},
            public_reply=self._reply(request.category) if "completed" in happened else "",
            clock_rule=clock.rule,
            clock=clock,
            return_by=return_by(self._rules.profile, self._rules.calendar, dispatched),
            escalate_at=ladder_at(self._rules.profile, self._rules.calendar, due, 0),
            events=tuple(self._event(name, at, owner, due) for name, at in happened.items()),
        )

    def _reply(self, category: str) -> str:
        return self._random.choice(self._replies.get(category, [PLAIN_REPLY]))

    def _event(
        self, name: str, at: datetime, owner: str | None, due: datetime
    ) -> tuple[str, datetime, dict[str, str]]:
        if name != "dispatched":
            return _EVENTS[name], at, {}
        unit = self._units.get(owner or "", "")
        return _EVENTS[name], at, {"department": unit, "due_at": due.isoformat()}

    def _steps(
        self, dispatched: datetime, sign_by: datetime, due: datetime, urgency: Urgency
    ) -> dict[str, datetime]:
        rnd = self._random
        sign = (sign_by - dispatched) * (rnd.uniform(0.05, 0.9) if rnd.random() < 0.97 else 1.6)
        acknowledged = dispatched + sign
        share = rnd.betavariate(2.2, 2.4) if rnd.random() < 0.962 else rnd.uniform(1.02, 1.8)
        completed = max(
            dispatched + (due - dispatched) * share, acknowledged + timedelta(minutes=9)
        )
        contacted = acknowledged + (completed - acknowledged) * rnd.uniform(0.05, 0.6)
        audited = completed + timedelta(minutes=rnd.uniform(10, 300))
        closed = audited + timedelta(hours=rnd.uniform(0.5, 26))
        steps = {"dispatched": dispatched, "acknowledged": acknowledged, "contacted": contacted}
        if urgency is Urgency.ROUTINE and rnd.random() < 0.05:
            del steps["contacted"]
        return {**steps, "completed": completed, "audited": audited, "closed": closed}

    def _verdict(self) -> tuple[Verdict | None, Rating | None]:
        rnd = self._random
        if rnd.random() < 0.21:
            return None, None  # never reached: not rated, and never counted as satisfied
        rating = rnd.choices([r for r, _ in RATINGS], [w for _, w in RATINGS])[0]
        unhappy = rating in {Rating.DISSATISFIED, Rating.VERY_DISSATISFIED}
        solved = rnd.random() < (0.3 if unhappy else 0.97)
        return Verdict.RESOLVED if solved else Verdict.UNRESOLVED, rating


def _status(happened: dict[str, datetime]) -> Status:
    reached = Status.OPEN
    for name, status in (
        ("dispatched", Status.DISPATCHED),
        ("acknowledged", Status.ACKNOWLEDGED),
        ("contacted", Status.IN_PROGRESS),
        ("completed", Status.COMPLETED),
        ("audited", Status.FOLLOW_UP),
        ("closed", Status.CLOSED),
    ):
        if name in happened:
            reached = status
    return reached


_EVENTS = {
    "dispatched": "TicketDispatched",
    "acknowledged": "TicketAcknowledged",
    "contacted": "RequesterContacted",
    "completed": "TicketCompleted",
    "audited": "AuditPassed",
    "closed": "TicketClosed",
}
