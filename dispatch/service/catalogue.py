"""A city's catalogue: divisions, departments, categories, responsibilities, lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import exists, select

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.models.catalog import Category, Checkpoint, Division, Line, Responsibility
from dispatch.models.people import Department
from dispatch.service.routing import BETWEEN

Row = Mapping[str, Any]


def put_divisions(session: Session, rows: Iterable[Row]) -> None:
    """Add or change divisions: code, name, parent, level (1 city, 2 district, 3 township).

    Their `population`, in persons, may be left out where it is not known.
    """
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


def found_responsibilities(session: Session, rows: Iterable[Row], *, since: date) -> int:
    """Put the first dispatch catalogue in force; return how many rows were added.

    A city that has a catalogue keeps it: later ones are loaded as versions.
    """
    if session.scalar(select(exists().select_from(Responsibility))):
        return 0
    units = {d.code: d.id for d in session.scalars(select(Department))}
    categories = {c.code: c.id for c in session.scalars(select(Category))}
    count = 0
    for count, row in enumerate(rows, start=1):
        if row["category"] not in categories or row["lead"] not in units:
            raise InvalidInput(f"派单目录第 {count} 行的事项或单位不存在：{dict(row)}")
        session.add(
            Responsibility(
                category_id=categories[row["category"]],
                division=row["division"],
                lead_id=units[row["lead"]],
                supporting=BETWEEN.join(row["supporting"]),
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


def unit_names(session: Session) -> dict[str, str]:
    """Short names of departments by code."""
    return dict(session.execute(select(Department.code, Department.short_name)).all())


def names(session: Session) -> tuple[dict[str, str], dict[str, str]]:
    """(category names, department names), each by code."""
    categories = session.execute(select(Category.code, Category.name))
    return dict(categories.all()), unit_names(session)
