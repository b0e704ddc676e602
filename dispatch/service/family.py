"""A unit with those above and below it, as one query: for avoidance and for lower units."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import CTE, Select, select, union

from dispatch.db import Session
from dispatch.models.people import Department


@lru_cache(maxsize=1024)
def family(department_id: int) -> Select[int]:
    """Ids of the unit, of every unit above it and of every unit below it; built once for each."""
    above = (
        select(Department.id, Department.parent_id)
        .where(Department.id == department_id)
        .cte(recursive=True)
    )
    above = above.union(
        select(Department.id, Department.parent_id).where(Department.id == above.c.parent_id)
    )
    below = _below(department_id)
    return select(union(select(above.c.id), select(below.c.id)).subquery("family").c.id)


def units_below(department_id: int) -> Select[int]:
    """Ids of the unit and of every unit below it."""
    return select(_below(department_id).c.id)


def is_below(session: Session, lower: int, upper: int) -> bool:
    """Whether one unit stands under another, at any depth."""
    tree = _below(upper)
    found = session.scalar(select(tree.c.id).where(tree.c.id == lower))
    return found is not None and lower != upper


def _below(department_id: int) -> CTE:
    below = select(Department.id).where(Department.id == department_id).cte(recursive=True)
    return below.union(select(Department.id).where(Department.parent_id == below.c.id))
