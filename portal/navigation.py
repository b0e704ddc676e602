"""The left rail: which places there are, shown to whoever may enter them."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.vocabulary import Role
from portal.access import ACCESS


@dataclass(frozen=True)
class Place:
    """One entry of the rail; `key` is pressed after `g`."""

    href: str
    label: str
    icon: str
    key: str


PLACES: tuple[Place, ...] = (
    Place("/agent", "接听", "headset", "a"),
    Place("/desk", "工单", "inbox", "d"),
    Place("/leader", "看板", "chart-line", "l"),
    Place("/reports/weekly", "周报", "report", "w"),
    Place("/admin", "管理", "settings", "m"),
    Place("/account", "我的", "user", "u"),
)

HOMES: dict[Role, str] = {
    Role.AGENT: "/agent",
    Role.LEADER: "/leader",
    Role.ADMIN: "/admin",
}


def places(role: Role) -> tuple[Place, ...]:
    """The places this role may enter, in the rail's order."""
    return tuple(p for p in PLACES if role in ACCESS.get(("GET", p.href), frozenset()))


def home(role: Role) -> str:
    """Where this role starts its day."""
    wished = HOMES.get(role, "/desk")
    return wished if any(p.href == wished for p in places(role)) else "/account"


def search_place(role: Role) -> str | None:
    """Where the search field of the top bar sends `q`; None for a role that may not search."""
    return "/search" if role in ACCESS.get(("GET", "/search"), frozenset()) else None
