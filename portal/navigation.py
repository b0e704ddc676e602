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
    count: str = ""
    """Where the number beside it is read from; read again when the live feed says `call_back`."""


PLACES: tuple[Place, ...] = (
    Place("/agent", "接听", "headset", "a"),
    Place("/wallboard", "话务", "device-desktop-analytics", "b"),
    Place("/call-backs", "回拨", "phone-outgoing", "v", "/call-backs/count"),
    Place("/follow-up", "回访", "phone-check", "f"),
    Place("/desk", "工单", "inbox", "d"),
    Place("/staffing", "排班", "calendar", "r"),
    Place("/business", "营商", "building-community", "g"),
    Place("/supervision", "督办", "flag", "s"),
    Place("/hot-spots", "热点", "flame", "h"),
    Place("/warnings", "预警", "bell-ringing", "z"),
    Place("/knowledge", "知识", "book", "0"),
    Place("/leader", "看板", "chart-line", "l"),
    Place("/figures", "指标", "list-check", "j"),
    Place("/briefs", "要情", "file-text", "i"),
    Place("/reports", "报表", "report", "w"),
    Place("/evaluation", "评价", "star", "e"),
    Place("/evaluation/quality/mine", "质检", "star", "q"),
    Place("/appeals", "申诉", "scale", "p"),
    Place("/scoring", "考核", "chart-bar", "t"),
    Place("/accountability", "约谈", "speakerphone", "y"),
    Place("/leads", "线索", "shield-check", "x"),
    Place("/model", "模型", "sparkles", "o"),
    Place("/number-flags", "号码", "shield-check", "n"),
    Place("/admin", "管理", "settings", "m"),
    Place("/admin/catalogue", "目录", "clipboard-list", "c"),
    Place("/admin/skills", "技能", "headset", "k"),
    Place("/account", "我的", "user", "u"),
)

HOMES: dict[Role, str] = {
    Role.AGENT: "/agent",
    Role.LEADER: "/leader",
    Role.FOLLOW_UP: "/follow-up",
    Role.SUPERVISOR: "/wallboard",
    Role.ADMIN: "/admin",
    Role.DISCIPLINE: "/leads",
}


def places(role: Role) -> tuple[Place, ...]:
    """The places this role may enter, in the rail's order.

    A place inside another one, such as /admin/catalogue, stands in the rail only for those who
    may not enter the outer one, whose tabs lead there.
    """
    open_ = [p for p in PLACES if role in ACCESS.get(("GET", p.href), frozenset())]
    outer = tuple(f"{p.href}/" for p in open_)
    return tuple(p for p in open_ if not p.href.startswith(outer))


def home(role: Role) -> str:
    """Where this role starts its day."""
    wished = HOMES.get(role, "/desk")
    return wished if any(p.href == wished for p in places(role)) else "/account"


def search_place(role: Role) -> str | None:
    """Where the search field of the top bar sends `q`; None for a role that may not search."""
    return "/search" if role in ACCESS.get(("GET", "/search"), frozenset()) else None
