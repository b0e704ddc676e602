"""A generated city and its tickets in a database, written in bulk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, text

from dispatch.db import Session
from dispatch.domain.gatherings import WHOLE_CITY, Seen, Trees
from dispatch.models.catalog import Category, Division
from dispatch.models.tickets import Ticket

CHUNK = 20_000


def found(session: Session, trees: Trees) -> None:
    """Write the categories and divisions of a city."""
    categories = [
        {"id": id_, "code": str(id_), "name": f"事项{id_}", "level": len(up), "parent_id": above}
        for id_, up in trees.categories.items()
        for above in [up[1] if len(up) > 1 else None]
    ]
    for level in (1, 2):
        session.execute(insert(Category), [row for row in categories if row["level"] == level])
    divisions = [
        {"code": code, "name": f"{code}街道", "level": len(up), "parent": above}
        for code, up in trees.divisions.items()
        if code != WHOLE_CITY
        for above in [up[1] or None]
    ]
    session.execute(insert(Division), divisions)


def store(session: Session, tickets: Iterable[Seen]) -> None:
    """Write tickets as they come in."""
    rows: list[dict[str, Any]] = []
    for row in map(_row, tickets):
        rows.append(row)
        if len(rows) == CHUNK:
            session.execute(insert(Ticket), rows)
            rows = []
    if rows:
        session.execute(insert(Ticket), rows)


def copy_back(session: Session, tickets: int, days: int, times: int) -> None:
    """Write the tickets there are so often again, each time so many days earlier (SQLite)."""
    columns = [column.name for column in Ticket.__table__.columns]
    for turn in range(1, times + 1):
        moment = f"strftime('%Y-%m-%d %H:%M:%f000', created_at, '-{days * turn} days')"
        said = {
            "id": f"id + {tickets * turn}",
            "number": f"number || '-{turn}'",
            "created_at": moment,
        }
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(said.get(name, f'"{name}"') for name in columns)
        session.execute(
            text(f"INSERT INTO ticket ({names}) SELECT {values} FROM ticket WHERE id <= {tickets}")
        )


def _row(one: Seen) -> dict[str, Any]:
    return {
        "id": one.ticket_id,
        "number": f"L{one.ticket_id:012d}",
        "query_code": "000000",
        "channel": "phone",
        "kind": "complaint",
        "urgency": "routine",
        "status": "open",
        "category_id": one.category_id,
        "title": one.text[:30],
        "content": one.text,
        "division": one.division or None,
        "phone": f"129{one.caller:0>8}",
        "created_at": one.at,
    }
