"""A month of calls and tickets with every case a figure tells apart, the same each time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from dispatch.bus import Database
from dispatch.domain.vocabulary import Disposition, Rating, RequestKind, Status, Verdict
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import history
from dispatch.service.history import PastContact, PastTicket

NOW = datetime(2026, 11, 18, 11, 0, tzinfo=SHANGHAI)
FIRST = datetime(2026, 10, 19, tzinfo=SHANGHAI)
CALLS, TICKETS = 400, 300


def put_month(database: Database) -> None:
    """Write it; some calls and tickets fall on midnight to the second."""
    rnd = random.Random(12345)
    contacts = [_contact(rnd, i) for i in range(CALLS)]
    tickets = [_ticket(rnd, i) for i in range(TICKETS)]
    with database.work() as session:
        history.add_tickets(session, tickets)
        history.add_contacts(session, contacts)


def _moment(rnd: random.Random) -> datetime:
    day = FIRST + timedelta(days=rnd.randrange(30))
    return day if rnd.random() < 0.1 else day + timedelta(seconds=rnd.randrange(86_400))


def _contact(rnd: random.Random, i: int) -> PastContact:
    started = _moment(rnd)
    disposition = rnd.choice([*Disposition, *[Disposition.ANSWERED_ON_CALL] * 10, None])
    answered = disposition is not Disposition.HUNG_UP and rnd.random() < 0.95
    wait = timedelta(seconds=rnd.choice((1, 14.9, 15, 15.1, 40)))
    return PastContact(
        call_id=f"c{i}",
        started_at=started,
        caller=f"138{i:08d}",
        line=rnd.choice(("12345", "12329", None)),
        answered_at=started + wait if answered else None,
        ended_at=started + wait + timedelta(minutes=2),
        disposition=disposition,
        ticket_number=f"t{i}" if disposition is Disposition.TICKET and i < TICKETS else None,
    )


def _ticket(rnd: random.Random, i: int) -> PastTicket:
    created = _moment(rnd)
    steps: dict[str, datetime] = {}
    moment = created
    for name in (
        "dispatched_at",
        "acknowledged_at",
        "first_contacted_at",
        "completed_at",
        "closed_at",
    ):
        moment += timedelta(hours=rnd.uniform(0.1, 40))
        if moment > NOW or rnd.random() < 0.04:
            break
        steps[name] = moment
    dispatched = steps.get("dispatched_at")
    status = {
        0: Status.OPEN,
        1: Status.DISPATCHED,
        2: Status.ACKNOWLEDGED,
        3: Status.IN_PROGRESS,
        4: Status.COMPLETED,
        5: Status.CLOSED,
    }[len(steps)]
    closed = status is Status.CLOSED
    made = PastTicket(
        number=f"t{i}",
        created_at=created,
        status=status,
        kind=rnd.choice(list(RequestKind)),
        category=rnd.choice(("供暖", "噪声", "占道", "噪声", None)),
        department=rnd.choice(("城管局", "住建局", "热力公司")) if dispatched else None,
        acknowledge_by=dispatched + timedelta(hours=20) if dispatched else None,
        due_at=dispatched + timedelta(hours=rnd.choice((48, 80))) if dispatched else None,
        solved=rnd.choice((*Verdict, None)) if closed else None,
        rating=rnd.choice((*Rating, None)) if closed else None,
        audited_at=steps.get("closed_at"),
        business_environment=rnd.random() < 0.2,
    )
    return replace(made, **steps)  # type: ignore[arg-type]
