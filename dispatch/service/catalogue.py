"""A city's catalogue: divisions, departments, categories, responsibilities, lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, or_, select

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.models.catalog import Category, Checkpoint, Division, Line, Responsibility
from dispatch.models.people import Department

Row = Mapping[str, Any]


def put_divisions(session: Session, rows: Iterable[Row]) -> None:
    """Add or change divisions: code, name, parent, level (1 city, 2 district, 3 township)."""
    for row in rows:
        session.merge(Division(**row))


def put_lines(session: Session, rows: Iterable[Row]) -> None:
    """Add or change lines: number, name, state, queue."""
    for row in rows:
        session.merge(Line(**row))


def put_departments(session: Session, rows: Iterable[Row]) -> dict[str, int]:
    """Add or change departments; `parent` is a code. Return every department's id by code."""
    listed = list(rows)
    known = {d.code: d for d in session.scalars(select(Department))}
    for row in listed:
        values = {k: v for k, v in row.items() if k != "parent"}
        unit = known.get(row["code"])
        if unit is None:
            known[row["code"]] = unit = Department(**values)
            session.add(unit)
        else:
            for key, value in values.items():
                setattr(unit, key, value)
    session.flush()
    for row in listed:
        if row.get("parent"):
            known[row["code"]].parent_id = known[row["parent"]].id
    session.flush()
    return {code: unit.id for code, unit in known.items()}


def put_categories(session: Session, rows: Iterable[Row]) -> dict[str, int]:
    """Add or change categories, parents first; `parent` is a code. Return ids by code."""
    known = {c.code: c for c in session.scalars(select(Category))}
    for row in rows:
        parent = known.get(row.get("parent") or "")
        node = known.get(row["code"])
        if node is None:
            known[row["code"]] = node = Category(code=row["code"], name=row["name"], level=1)
            session.add(node)
        node.name, node.level = row["name"], row["level"]
        node.parent_id = parent.id if parent else None
        session.flush()
    return {code: node.id for code, node in known.items()}


def replace_responsibilities(session: Session, rows: Iterable[Row], *, since: date) -> int:
    """Put a whole new dispatch catalogue in force; return how many rows it has."""
    units = {d.code: d.id for d in session.scalars(select(Department))}
    categories = {c.code: c.id for c in session.scalars(select(Category))}
    session.execute(delete(Responsibility))
    count = 0
    for count, row in enumerate(rows, start=1):
        if row["category"] not in categories or row["lead"] not in units:
            raise InvalidInput(f"派单目录第 {count} 行的事项或单位不存在：{dict(row)}")
        session.add(
            Responsibility(
                category_id=categories[row["category"]],
                division=row["division"],
                lead_id=units[row["lead"]],
                supporting=";".join(row["supporting"]),
                legal_basis=row["legal_basis"],
                effective_from=since,
            )
        )
    session.flush()
    return count


def checkpoint(session: Session, name: str) -> str | None:
    """How far an outside stream was read; None when never."""
    row = session.get(Checkpoint, name)
    return row.value if row else None


def put_checkpoint(session: Session, name: str, value: str) -> None:
    """Remember how far an outside stream was read."""
    session.merge(Checkpoint(name=name, value=value))


def category_id(session: Session, code: str) -> int:
    """The category's id.

    Raises:
        InvalidInput: there is no category of this code.
    """
    found = session.scalar(select(Category.id).where(Category.code == code))
    if found is None:
        raise InvalidInput(f"没有编码为 {code} 的事项分类，请重新选择", field="category")
    return found


def names(session: Session) -> tuple[dict[str, str], dict[str, str]]:
    """(category names, department names), each by code."""
    categories = session.execute(select(Category.code, Category.name))
    units = session.execute(select(Department.code, Department.short_name))
    return dict(categories.all()), dict(units.all())


def routes(session: Session, *, today: date) -> Callable[[str, str | None], str | None]:
    """The dispatch catalogue in force as one question: category and place → lead unit's code.

    The nearest row wins: the place itself, then what it lies in, then the whole city.
    """
    rows = session.execute(
        select(Category.code, Responsibility.division, Department.code)
        .join(Category, Category.id == Responsibility.category_id)
        .join(Department, Department.id == Responsibility.lead_id)
        .where(
            Responsibility.effective_from <= today,
            or_(Responsibility.effective_to.is_(None), Responsibility.effective_to >= today),
        )
    )
    owners = {(category, place): unit for category, place, unit in rows}
    above = session.execute(select(Division.code, Division.parent))
    parents = dict(above.all())

    def lead(category: str, division: str | None) -> str | None:
        place = division
        while place:
            if (category, place) in owners:
                return owners[category, place]
            place = parents.get(place)
        return owners.get((category, "*"))

    return lead
