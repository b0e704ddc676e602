"""What the filters may be set to, and what they are called; an unknown code is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from analytics.scope import NO, NOTHING, WORDS, YES, Scope
from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.limits import SourceLevel
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Channel, DepartmentKind, Disposition, RequestKind, Role
from dispatch.models.catalog import Category, Division, Line
from dispatch.models.people import Department, Staff

NOTHING_WORDS = "没有记录"

SHOWN_LEVELS = 2
"""Categories and divisions below this level are not offered in a list, but may be asked for."""


@dataclass(frozen=True)
class Choice:
    """One value of a filter with its name."""

    value: str
    label: str


Names = Callable[[Session, Rules], dict[str, str]]
"""What each value of a filter is called."""


def _names(*columns: Any) -> Names:
    def read(session: Session, _rules: Rules) -> dict[str, str]:
        return dict(session.execute(select(*columns)).all())

    return read


def _labels(enum: Any) -> Names:
    return lambda _session, _rules: {member.value: member.label for member in enum}


def _queues(_session: Session, rules: Rules) -> dict[str, str]:
    return {queue.code: queue.label for queue in rules.profile.calls.queues}


_NAMES: Mapping[str, Names] = {
    "unit": _names(Department.code, Department.short_name),
    "branch": _names(Department.code, Department.short_name),
    "tier": _labels(DepartmentKind),
    "category": _names(Category.code, Category.name),
    "kind": _labels(RequestKind),
    "channel": _labels(Channel),
    "line": _names(Line.number, Line.name),
    "territory": _names(Division.code, Division.name),
    "agent": _names(Staff.login, Staff.name),
    "business": lambda _session, _rules: {YES: "只看营商环境", NO: "不含营商环境"},
    "source": _labels(SourceLevel),
    "disposition": _labels(Disposition),
    "queue": _queues,
}


_UNLISTED = frozenset({"line", "queue"})
"""Calls of numbers that were never listed, and of queues that are no more, are counted too."""


def told(session: Session, scope: Scope, rules: Rules) -> list[tuple[str, str]]:
    """What is chosen, in words: (filter, value), such as 承办单位, 城管局.

    Raises:
        NotFound: a code that nothing has.
    """
    found: list[tuple[str, str]] = []
    for name, value in scope.chosen.items():
        if value == NOTHING and name != "branch":
            found.append((WORDS[name], NOTHING_WORDS))
            continue
        label = _NAMES[name](session, rules).get(value)
        if label is None and name in _UNLISTED:
            label = value
        if label is None:
            raise NotFound(f"没有编码为“{value[:40]}”的{WORDS[name]}，请从列表中选择")
        found.append((WORDS[name], f"{value} {label}".strip() if name == "line" else label))
    return found


def choices(session: Session, scope: Scope, rules: Rules) -> dict[str, list[Choice]]:
    """Every filter's list; what is chosen is in it, however deep it lies."""
    parents = select(Department.parent_id).where(Department.parent_id.is_not(None))
    active = Department.active.is_(True)
    unit = select(Department.code, Department.short_name).order_by(Department.code)
    lists: dict[str, Any] = {
        "unit": unit.where(active),
        "branch": unit.where(active, Department.id.in_(parents)),
        "category": select(Category.code, Category.name)
        .where(Category.active.is_(True), Category.level <= SHOWN_LEVELS)
        .order_by(Category.code),
        "line": select(Line.number, Line.number + " " + Line.name).order_by(Line.number),
        "territory": select(Division.code, Division.name)
        .where(Division.level <= SHOWN_LEVELS)
        .order_by(Division.code),
        "agent": select(Staff.login, Staff.name)
        .where(Staff.active.is_(True), Staff.role == Role.AGENT.value)
        .order_by(Staff.login),
    }
    found: dict[str, list[Choice]] = {}
    for name in WORDS:
        if name in lists:
            offered = [Choice(*row) for row in session.execute(lists[name])]
        else:
            offered = [Choice(*item) for item in _NAMES[name](session, rules).items()]
        if name not in {"branch", "kind", "channel", "business"}:
            offered.append(Choice(NOTHING, f"（{NOTHING_WORDS}）"))
        if (value := scope.chosen.get(name)) and value not in {one.value for one in offered}:
            offered.append(Choice(value, _NAMES[name](session, rules).get(value, value)))
        found[name] = offered
    return found
