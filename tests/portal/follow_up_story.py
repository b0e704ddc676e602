"""Tickets whose requesters are to be asked, brought there by the services instead of the pages."""

from __future__ import annotations

from sqlalchemy import select

from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket
from dispatch.service import assignment, handling
from tests.portal.steps import REPLY
from tests.portal.town import Town


def audited(town: Town, many: int = 1, *, confidential: bool = True) -> list[str]:
    """So many audited tickets; confidential ones may only be asked about by people."""
    li, unit, zhong = (town.actor(login) for login in ("li", "chengguan", "zhong"))
    rules, now = town.app.state.context.rules, town.clock.now
    numbers = []
    for place in range(many):
        number = town.ticket(confidential=confidential, phone=f"1381234567{place}")
        with town.database.work() as s:
            assignment.dispatch(s, li, number, "CG", rules, now=now)
            assignment.acknowledge(s, unit, number, now=now)
            handling.contact_requester(s, unit, number, note="电话联系", now=now)
            handling.complete(s, unit, number, rules, public_reply=REPLY, now=now)
            handling.pass_audit(s, zhong, number, rules, now=now)
        numbers.append(number)
    return numbers


def ticket(town: Town, number: str) -> Ticket:
    """The ticket as stored."""
    with town.database.read() as session:
        return session.scalars(select(Ticket).where(Ticket.number == number)).one()


def attempts(town: Town, number: str) -> list[FollowUp]:
    """Its attempts, oldest first."""
    with town.database.read() as session:
        about = select(FollowUp).join(Ticket).where(Ticket.number == number)
        return list(session.scalars(about.order_by(FollowUp.id)))
