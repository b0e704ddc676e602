"""At which telephone system each agent's seat is."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from dispatch.db import Session
from dispatch.models.people import SeatRow


def settle(session: Session, homes: Mapping[str, str]) -> None:
    """Write the node of each of these extensions into its seat; a seat never taken has none."""
    rows = select(SeatRow).where(SeatRow.extension.in_(list(homes))).with_for_update()
    for row in session.scalars(rows):
        if row.node != homes[row.extension]:
            row.node = homes[row.extension]
    session.flush()
