"""What a ticket's page shows of appeals against the figures it counts in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.service.appeal_queries import AppealView, appeals_on
from dispatch.service.appeal_standing import AppealChance, chance
from dispatch.service.queries_ticket import TicketView
from portal.deps import PortalContext


@dataclass(frozen=True)
class AppealsSection:
    """The ticket's appeals, and what its unit may still appeal against."""

    all: tuple[AppealView, ...]
    chance: AppealChance | None

    @property
    def offered(self) -> bool:
        """Whether the page leads to the form."""
        waiting = any(one.mine and one.state.is_open for one in self.all)
        return self.chance is not None and self.chance.open and not waiting


def read(
    session: Session, ctx: PortalContext, reader: Actor, view: TicketView, now: datetime
) -> AppealsSection:
    """Read them with the reader's rights."""
    number = view.card.number
    return AppealsSection(
        all=appeals_on(session, reader, number, ctx.rules, now=now),
        chance=chance(session, reader, number, ctx.rules, now=now),
    )
