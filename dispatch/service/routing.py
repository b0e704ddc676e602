"""派单目录: which unit a category and a place belong to, by the one nearest-row rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.models.catalog import CatalogueVersion, Category, Division, Responsibility
from dispatch.models.people import Department

EVERYWHERE = "*"
"""The territory of a row that holds for the whole city."""

BETWEEN = ";"
"""Stands between the codes of supporting units."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One row of the catalogue in force: who leads, who helps, and by what law.

    `lead` and `supporting` are codes of units.
    """

    row_id: int
    category: str
    category_name: str
    place: str
    place_name: str
    lead: str
    lead_name: str
    supporting: tuple[str, ...]
    legal_basis: str
    version: str

    @property
    def words(self) -> str:
        """What a share keeps of the row it followed (派单依据)."""
        where = self.place_name or ("全市" if self.place == EVERYWHERE else self.place)
        said = f"派单目录{self.version and f'（{self.version}）'}：{self.category_name}、{where}"
        return f"{said}，{self.legal_basis}" if self.legal_basis else said


class Directory:
    """The catalogue in force on one day, ready to be asked; it makes no more queries."""

    def __init__(
        self,
        routes: Iterable[Route],
        parents: Mapping[str, str | None],
        backstops: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._rows = {(route.category, route.place): route for route in routes}
        self._parents = parents
        self._backstops = {
            place if parents.get(place) else EVERYWHERE: unit for place, unit in backstops.items()
        }

    def route(self, category: str | None, division: str | None) -> Route | None:
        """The nearest row: the place itself, then what it lies in, then the whole city."""
        if category is None:
            return None
        places = upwards(self._parents, division)
        return next((r for p in places if (r := self._rows.get((category, p)))), None)

    def lead(self, category: str | None, division: str | None) -> str | None:
        """The code of the unit that leads, by the same rule."""
        route = self.route(category, division)
        return route.lead if route else None

    def backstop(self, division: str | None) -> str | None:
        """兜底单位: who takes what the catalogue gives nobody, the nearest one first."""
        places = upwards(self._parents, division)
        return next((u for p in places if (u := self._backstops.get(p))), None)


def upwards(parents: Mapping[str, str | None], division: str | None) -> list[str]:
    """The place, what it lies in, and the whole city last: the order in which rows win."""
    path: list[str] = []
    while division and division not in path:
        path.append(division)
        division = parents.get(division)
    return [*path, EVERYWHERE]


def directory(
    session: Session, *, today: date, categories: Collection[str] | None = None
) -> Directory:
    """The catalogue in force on this day; `categories` narrows it to what will be asked."""
    lead = aliased(Department)
    query = (
        select(
            Responsibility,
            Category.code,
            Category.name,
            Division.name,
            lead.code,
            lead.short_name,
            CatalogueVersion.label,
        )
        .join(Category, Category.id == Responsibility.category_id)
        .join(lead, lead.id == Responsibility.lead_id)
        .outerjoin(Division, Division.code == Responsibility.division)
        .outerjoin(CatalogueVersion, CatalogueVersion.id == Responsibility.version_id)
        .where(in_force(today), lead.active.is_(True))
    )
    if categories is not None:
        query = query.where(Category.code.in_(categories))
    last = aliased(Department)
    places = session.execute(
        select(Division.code, Division.parent, last.code)
        .outerjoin(
            last,
            (last.division == Division.code) & last.backstop.is_(True) & last.active.is_(True),
        )
        .order_by(last.tier.desc(), last.code.desc())
    ).all()
    return Directory(
        [_route(*row) for row in session.execute(query)],
        {code: parent for code, parent, _ in places},
        {code: backstop for code, _, backstop in places if backstop},
    )


def route_for(
    session: Session, category: str, division: str | None, *, today: date
) -> Route | None:
    """The row of the catalogue for one category and place; None when nobody is named."""
    return directory(session, today=today, categories=[category]).route(category, division)


def in_force(today: date) -> ColumnElement[bool]:
    """The condition on rows that hold on this day: those of the newest version that has begun.

    Rows founded before there were versions hold until the first version begins.
    """
    of_it = Responsibility.version_id.is_not_distinct_from(version_on(today).scalar_subquery())
    return (
        of_it
        & (Responsibility.effective_from <= today)
        & or_(Responsibility.effective_to.is_(None), Responsibility.effective_to >= today)
    )


def version_on(today: date) -> Select[int]:
    """The id of the version that holds on this day; no row before the first."""
    return (
        select(CatalogueVersion.id)
        .where(CatalogueVersion.withdrawn_at.is_(None), CatalogueVersion.effective_from <= today)
        .order_by(CatalogueVersion.effective_from.desc(), CatalogueVersion.id.desc())
        .limit(1)
    )


def _route(
    row: Responsibility,
    category: str,
    category_name: str,
    place_name: str | None,
    lead: str,
    lead_name: str,
    version: str | None,
) -> Route:
    return Route(
        row_id=row.id,
        category=category,
        category_name=category_name,
        place=row.division,
        place_name=place_name or "",
        lead=lead,
        lead_name=lead_name,
        supporting=tuple(code for code in row.supporting.split(BETWEEN) if code),
        legal_basis=row.legal_basis,
        version=version or "",
    )
