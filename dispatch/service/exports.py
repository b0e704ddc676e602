"""Who took rows away as a file: a file leaves the house, so it is written down."""

from __future__ import annotations

from datetime import datetime

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.events import RowsExported
from dispatch.domain.people import Actor


def note_export(
    session: Session,
    actor: Actor,
    *,
    what: str,
    filters: str,
    form: str,
    rows: int,
    now: datetime,
) -> None:
    """Write an export down before it begins: two exports are two, however soon.

    `what` is the figure's code, `filters` its days and filters as in the address, `form` csv or
    xlsx, `rows` how many it has.
    """
    fact = RowsExported(at=now, what=what, filters=filters, form=form, rows=rows)
    record(session, actor, fact)
