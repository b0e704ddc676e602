"""What a row was, kept as plain values, and put back exactly: undoing a merge rests on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dispatch.db import Base, UtcDateTime


def keep(row: Base, names: Iterable[str]) -> dict[str, Any]:
    """The named columns of a row as values that a JSON column holds."""
    values = {name: getattr(row, name) for name in names}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


def put_back(row: Base, kept: Mapping[str, Any]) -> None:
    """Write kept values into the row again; moments become moments."""
    columns = row.__table__.columns
    for name, value in kept.items():
        is_moment = isinstance(columns[name].type, UtcDateTime) and value is not None
        setattr(row, name, datetime.fromisoformat(value) if is_moment else value)


def column_names(table: type[Base], *, without: Iterable[str] = ()) -> tuple[str, ...]:
    """The columns of a table in their order."""
    left_out = set(without)
    return tuple(c.name for c in table.__table__.columns if c.name not in left_out)
