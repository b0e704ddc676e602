"""The rows a demo city is made of."""

from dataclasses import dataclass
from datetime import date

from dispatch.domain.call_terms import LineKind
from dispatch.domain.errors import HotlineError
from dispatch.domain.vocabulary import DepartmentKind, LineState, RequestKind, Role, Urgency

ANYWHERE = "*"


class CityDataError(HotlineError):
    """演示城市数据有误"""

    code = "city-data"


@dataclass(frozen=True, kw_only=True)
class CityDivision:
    """A city, district or township with its invented code; population in persons."""

    code: str
    name: str
    parent: str
    level: str
    population: int


@dataclass(frozen=True, kw_only=True)
class CityDepartment:
    """A unit; a backstop takes what the catalogue gives nobody in its division."""

    code: str
    name: str
    short_name: str
    tier: int
    kind: DepartmentKind
    parent: str
    division: str
    phone: str
    backstop: bool


@dataclass(frozen=True, kw_only=True)
class CityCategory:
    """A node of the two-level category tree."""

    code: str
    name: str
    parent: str
    level: int


@dataclass(frozen=True, kw_only=True)
class CityResponsibility:
    """One row of the dispatch catalogue: who leads a category in a division (or anywhere)."""

    category: str
    division: str
    lead: str
    supporting: tuple[str, ...]
    legal_basis: str


@dataclass(frozen=True, kw_only=True)
class CityLine:
    """A public number and how it was merged into 12345 (国办发〔2020〕53号).

    `transfer_number` is the former desk that still answers; `department` whose number it was.
    """

    number: str
    name: str
    state: LineState
    kind: LineKind
    queue: str
    effective_from: date | None
    effective_to: date | None
    transfer_number: str
    language: str
    department: str
    own_report: bool
    note: str


@dataclass(frozen=True, kw_only=True)
class CityStaff:
    """An account of the demo; only people at the switchboard have an extension.

    An approver is the person in charge of the unit or of the centre.
    """

    login: str
    name: str
    role: Role
    department: str
    extension: str
    approver: bool


@dataclass(frozen=True, kw_only=True)
class CityRequest:
    """One request as a resident would say or write it; division is empty when not said."""

    text: str
    category: str
    kind: RequestKind
    urgency: Urgency
    division: str


@dataclass(frozen=True, kw_only=True)
class CityText:
    """A prepared answer on the call, or a department's public reply, for a category."""

    category: str
    text: str


@dataclass(frozen=True, kw_only=True)
class City:
    """Everything the demo needs to know about its city, in file order."""

    name: str
    province: str
    division: str
    area_code: str
    population: int
    hotline_name: str
    hotline_number: str
    centre: str
    divisions: tuple[CityDivision, ...]
    departments: tuple[CityDepartment, ...]
    categories: tuple[CityCategory, ...]
    responsibilities: tuple[CityResponsibility, ...]
    lines: tuple[CityLine, ...]
    staff: tuple[CityStaff, ...]
    corpus: tuple[CityRequest, ...]
    answers: tuple[CityText, ...]
    replies: tuple[CityText, ...]

    def within(self, division: str) -> tuple[str, ...]:
        """The division and all above it, nearest first, then ANYWHERE; () stays ANYWHERE only."""
        parents = {d.code: d.parent for d in self.divisions}
        path: list[str] = []
        while division:
            path.append(division)
            division = parents[division]
        return (*path, ANYWHERE)

    def responsible(self, category: str, division: str = "") -> CityResponsibility | None:
        """The nearest catalogue row for a category: township, district, city, anywhere."""
        rows = {r.division: r for r in self.responsibilities if r.category == category}
        return next((rows[d] for d in self.within(division) if d in rows), None)
