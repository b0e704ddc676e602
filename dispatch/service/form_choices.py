"""What a request form offers to choose from: places, categories, and units to send it to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.ports import Suggestion, Suggestions
from dispatch.models.catalog import Category, Division
from dispatch.models.people import Department
from dispatch.service.routing import directory

MODEL_UNITS = 3


@dataclass(frozen=True)
class Choice:
    """A code and the words for it; `group` heads a block of choices."""

    code: str
    name: str
    group: str


@dataclass(frozen=True)
class UnitOption:
    """A unit that may get the ticket, and why it is offered.

    `legal_basis` and `supporting` (names) come with the catalogue's row, `suggestion` with the
    model's word; a backstop is offered where the catalogue names nobody.
    """

    code: str
    name: str
    by_catalogue: bool
    legal_basis: str = ""
    suggestion: Suggestion | None = None
    supporting: tuple[str, ...] = ()
    backstop: bool = False


def divisions(session: Session) -> list[Choice]:
    """Places in the order of their codes; a street or township is grouped under its district."""
    above = aliased(Division)
    rows = session.execute(
        select(Division.code, Division.name, above.name, above.parent)
        .outerjoin(above, above.code == Division.parent)
        .order_by(Division.code)
    ).all()
    return [Choice(code, name, over if higher else "") for code, name, over, higher in rows]


def categories(session: Session) -> list[Choice]:
    """Categories a request can have: the leaves of the tree, under their parents' names."""
    above, below = aliased(Category), aliased(Category)
    leaf = ~select(below.id).where(below.parent_id == Category.id).exists()
    rows = session.execute(
        select(Category.code, Category.name, above.name)
        .outerjoin(above, above.id == Category.parent_id)
        .where(Category.active.is_(True), leaf)
        .order_by(Category.code)
    ).all()
    return [Choice(code, name, parent or "") for code, name, parent in rows]


def unit_name(session: Session, code: str) -> str | None:
    """The unit's short name, or None for an unknown code."""
    return session.scalar(select(Department.short_name).where(Department.code == code))


def unit_options(
    session: Session,
    suggestions: Suggestions,
    category: str | None,
    division: str | None,
    *,
    today: date,
) -> list[UnitOption]:
    """The unit of the catalogue first, then what the model thinks; no unit twice.

    The catalogue rules: the model only shows its opinion beside it.
    """
    ways = directory(session, today=today, categories=[category] if category else [])
    ruled = ways.route(category, division)
    first = ruled.lead if ruled else ways.backstop(division)
    thought = {s.label: s for s in suggestions.departments[:MODEL_UNITS]}
    helpers = ruled.supporting if ruled else ()
    order = [first, *thought] if ruled else [*thought, first]
    codes = [code for code in dict.fromkeys(order) if code is not None]
    known = session.execute(
        select(Department.code, Department.short_name).where(
            Department.code.in_([*codes, *helpers]), Department.active.is_(True)
        )
    )
    names = dict(known.all())
    return [
        UnitOption(
            code,
            names[code],
            by_catalogue=ruled is not None and code == ruled.lead,
            legal_basis=ruled.legal_basis if ruled and code == ruled.lead else "",
            suggestion=thought.get(code),
            supporting=tuple(names[helper] for helper in helpers if helper in names)
            if ruled and code == ruled.lead
            else (),
            backstop=ruled is None and code == first,
        )
        for code in codes
        if code in names
    ]
