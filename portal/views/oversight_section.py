"""What a ticket's page shows of supervision and of leaders' instructions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.terms import SupervisionLevel, SupervisionTrigger
from dispatch.service.oversight_queries import (
    InstructionView,
    OrderView,
    instructions_on,
    orders_of,
)
from dispatch.service.queries_ticket import TicketView
from portal.deps import PortalContext

BY_HAND = tuple(
    trigger
    for trigger in SupervisionTrigger
    if trigger not in {SupervisionTrigger.INSTRUCTION, SupervisionTrigger.RETURNED}
)
"""Causes a supervisor may name, the usual one first in the form."""


@dataclass(frozen=True)
class OversightSection:
    """Orders and instructions of the ticket, and what the form for a new order offers."""

    orders: tuple[OrderView, ...]
    instructions: tuple[InstructionView, ...]
    limits: tuple[tuple[SupervisionLevel, str], ...]
    triggers: tuple[SupervisionTrigger, ...] = BY_HAND


def read(
    session: Session, ctx: PortalContext, reader: Actor, view: TicketView, _now: datetime
) -> OversightSection:
    """Read them with the reader's rights."""
    rules = ctx.rules.profile.supervision
    number = view.card.number
    return OversightSection(
        orders=orders_of(session, reader, number),
        instructions=instructions_on(session, reader, number),
        limits=tuple((level, rules.limit_of(level).words) for level in SupervisionLevel),
    )
