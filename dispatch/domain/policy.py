"""Read policy profiles and the working calendar from their TOML files, and check them.

A profile states only what its source says; everything else comes from the profile it inherits.
A value is written plainly, or as {value, evidence, source} when its evidence differs from the
rest of its section.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from dispatch.domain.errors import PolicyError
from dispatch.domain.limits import (
    DayEnd,
    Evidence,
    Limit,
    LimitMeaning,
    LimitRule,
    LimitStart,
    Mark,
    SourceLevel,
)
from dispatch.domain.profile import (
    ClockRules,
    ClockStart,
    ExtensionRules,
    FollowUpRules,
    PolicyProfile,
    RatingRules,
    RedAfter,
    RedoRules,
    ReturnRules,
    ServiceRules,
    SupervisionRules,
    WarningRules,
)
from dispatch.domain.vocabulary import DepartmentKind, Rating, RequestKind, Urgency
from dispatch.domain.worktime import Interval, WorkCalendar, YearPlan

__all__ = [
    "PolicyProfile",
    "UnknownProfile",
    "load_calendar",
    "load_profile",
    "parse_profile",
    "parse_provisional",
    "parse_year",
    "profile_names",
]

Table = Mapping[str, Any]
Reader = Callable[[Any], Any]


class UnknownProfile(PolicyError):
    """没有这个规则方案"""

    code = "unknown-profile"


# --- values ---------------------------------------------------------------------------------


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise PolicyError("应是不小于零的整数")
    return value


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise PolicyError("应是大于 0、不大于 1 的小数")
    return float(value)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise PolicyError("应是 true 或 false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise PolicyError("应是不为空的文字")
    return value


def _limit(value: Any) -> Limit:
    return Limit.parse(_text(value))


def _choice(kind: type[StrEnum]) -> Reader:
    def read(value: Any) -> Any:
        known = [member.value for member in kind]
        if value not in known:
            raise PolicyError(f"“{value}”不认识，可用：{'、'.join(known)}")
        return kind(value)

    return read


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise PolicyError("应是不为空的列表")
    return value


def _choices(kind: type[StrEnum], collect: Callable[[list[Any]], Any]) -> Reader:
    read = _choice(kind)
    return lambda value: collect([read(item) for item in _list(value)])


def _intervals(value: Any) -> tuple[Interval, ...]:
    try:
        pairs = [_text(item).split("-") for item in _list(value)]
        return tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in pairs)
    except ValueError as problem:
        raise PolicyError("时段应写成“08:30-12:00”") from problem


# --- sections of a profile --------------------------------------------------------------------

SECTIONS: Mapping[str, Mapping[str, Reader]] = MappingProxyType(
    {
        "clock": {"starts": _choice(ClockStart), "limit_on_ticket": _switch},
        "hours": {"working": _intervals},
        "warning": {
            "yellow_before": _limit,
            "elapsed_fraction": _share,
            "red": _choice(RedAfter),
        },
        "return": {
            "window": _limit,
            "max_times": _number,
            "designation_after": _number,
            "after_designation": _switch,
            "suggested_unit_required": _switch,
        },
        "extension": {
            "apply_before": _limit,
            "max_times": _number,
            "longest": _limit,
            "further_needs_higher_approver": _switch,
            "commitment_max_months": _number,
        },
        "redo": {"max_times": _number, "share": _share, "at_least": _limit, "limit": _limit},
        "supervision": {"limit": _limit},
        "follow_up": {
            "within": _limit,
            "attempts": _number,
            "half_days": _number,
            "span": _limit,
            "polite_hours": _intervals,
            "link_valid": _limit,
        },
        "rating": {
            "scale": _choices(Rating, tuple),
            "satisfied": _choices(Rating, frozenset),
            "unreached_counts_as_satisfied": _switch,
        },
        "service": {"answer_within_seconds": _number, "connection_percent": _number},
    }
)
CONDITIONS: Mapping[str, tuple[str, Reader]] = MappingProxyType(
    {
        "kind": ("kinds", _choices(RequestKind, frozenset)),
        "urgency": ("urgencies", _choices(Urgency, frozenset)),
        "source_level": ("source_levels", _choices(SourceLevel, frozenset)),
        "category": ("categories", lambda value: tuple(_text(item) for item in _list(value))),
        "unit_class": ("unit_classes", _choices(DepartmentKind, frozenset)),
    }
)
RULE_KEYS = ("limit", "start", "day_end", "means", "evidence", "source")
OPTIONAL = frozenset({"extension.apply_before", "extension.longest", "redo.limit"})
HEAD = ("name", "label", "evidence", "source", "note", "inherits", "limit", "acknowledge")


def parse_profile(data: Table, parent: PolicyProfile | None = None) -> PolicyProfile:
    """Build a profile from a parsed TOML document; what it leaves out comes from `parent`.

    Raises PolicyError naming the key at fault.
    """
    _check_keys(data, (*HEAD, *SECTIONS), "")
    head = {key: _read(data, key, _text, "") for key in ("name", "label", "source")}
    own = Mark(_read(data, "evidence", _choice(Evidence), ""), head["source"])
    marks = dict(parent.marks) if parent else {}
    sections = {name: _section(name, data, own, marks, parent) for name in SECTIONS}
    extension = sections["extension"]
    return PolicyProfile(
        **head,
        evidence=own.evidence,
        note=str(data.get("note", "")),
        inherits=parent.name if parent else None,
        rules=_rules(data, "limit", own, parent.rules if parent else ()),
        acknowledge_rules=_rules(
            data, "acknowledge", own, parent.acknowledge_rules if parent else ()
        ),
        clock=ClockRules(**sections["clock"]),
        hours=sections["hours"]["working"],
        warning=WarningRules(**sections["warning"]),
        returning=ReturnRules(**sections["return"]),
        extension=ExtensionRules(**({"apply_before": None} | extension)),
        redo=RedoRules(**sections["redo"]),
        supervision=SupervisionRules(**sections["supervision"]),
        follow_up=FollowUpRules(**sections["follow_up"]),
        rating=RatingRules(**sections["rating"]),
        service=ServiceRules(**sections["service"]),
        marks=MappingProxyType(marks),
    )


def _section(
    name: str, data: Table, own: Mark, marks: dict[str, Mark], parent: PolicyProfile | None
) -> dict[str, Any]:
    stated = data.get(name, {})
    if not isinstance(stated, dict):
        raise PolicyError(f"{name} 应是一节（[{name}]）")
    readers = SECTIONS[name]
    _check_keys(stated, (*readers, "evidence", "source"), f"{name}.")
    usual = _mark(stated, own, f"{name}.")
    values: dict[str, Any] = {}
    for key, reader in readers.items():
        path = f"{name}.{key}"
        if key not in stated:
            if parent is None and path not in OPTIONAL:
                raise PolicyError(f"缺少 {path}")
            if parent is not None:
                values[key] = _inherited(parent, name, key)
            continue
        value, mark = stated[key], usual
        if isinstance(value, dict):
            _check_keys(value, ("value", "evidence", "source"), f"{path}.")
            mark = _mark(value, usual, f"{path}.")
            value = value.get("value")
        values[key] = _at(path, reader, value)
        marks[path] = mark
    return values


ATTRIBUTES = MappingProxyType({"return": "returning"})


def _inherited(parent: PolicyProfile, section: str, key: str) -> Any:
    if section == "hours":
        return parent.hours
    return getattr(getattr(parent, ATTRIBUTES.get(section, section)), key)


def _rules(
    data: Table, name: str, own: Mark, inherited: tuple[LimitRule, ...]
) -> tuple[LimitRule, ...]:
    rows = data.get(name, [])
    if not isinstance(rows, list):
        raise PolicyError(f"{name} 应写成 [[{name}]]")
    mine = [_rule(row, own, f"{name}[{place}].") for place, row in enumerate(rows, start=1)]
    older = [replace(rule, generation=rule.generation + 1) for rule in inherited]
    return tuple(sorted((*mine, *older), key=lambda rule: rule.rank))


def _rule(row: Table, own: Mark, where: str) -> LimitRule:
    _check_keys(row, (*RULE_KEYS, *CONDITIONS), where)
    conditions = {
        attribute: _at(f"{where}{key}", reader, row[key])
        for key, (attribute, reader) in CONDITIONS.items()
        if key in row
    }
    start = _at(f"{where}start", _choice(LimitStart), row.get("start", LimitStart.NEXT_DAY))
    day_end = _at(f"{where}day_end", _choice(DayEnd), row.get("day_end", DayEnd.CLOSE_OF_BUSINESS))
    means = _at(f"{where}means", _choice(LimitMeaning), row.get("means", LimitMeaning.HANDLING))
    text = _read(row, "limit", _text, where)
    limit = _at(f"{where}limit", lambda v: Limit.parse(v, start=start, day_end=day_end), text)
    return LimitRule(limit=limit, mark=_mark(row, own, where), means=means, **conditions)


def _mark(table: Table, usual: Mark, where: str) -> Mark:
    evidence = table.get("evidence", usual.evidence)
    source = table.get("source", usual.source)
    return Mark(_at(f"{where}evidence", _choice(Evidence), evidence), source)


def _check_keys(table: Table, known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise PolicyError(f"不认识的键 {where}{key}，可用：{'、'.join(known)}")


def _read(table: Table, key: str, reader: Reader, where: str) -> Any:
    if key not in table:
        raise PolicyError(f"缺少 {where}{key}")
    return _at(f"{where}{key}", reader, table[key])


def _at(path: str, reader: Reader, value: Any) -> Any:
    """Read a value; the error says at which key."""
    try:
        return reader(value)
    except PolicyError as problem:
        raise PolicyError(f"{path}：{problem}") from problem


# --- the calendar -------------------------------------------------------------------------------


def parse_year(data: Table) -> YearPlan:
    """Build one announced year from its document: holiday blocks with their make-up days."""
    _check_keys(data, ("year", "source", "holiday"), "")
    year = _read(data, "year", _number, "")
    holidays: set[date] = set()
    makeup: set[date] = set()
    for place, block in enumerate(data.get("holiday", []), start=1):
        where = f"holiday[{place}]."
        _check_keys(block, ("name", "first", "last", "makeup"), where)
        first = _read(block, "first", _day, where)
        last = _read(block, "last", _day, where)
        if last < first:
            raise PolicyError(f"{where}last 早于 first")
        holidays |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
        makeup |= {_at(f"{where}makeup", _day, day) for day in block.get("makeup", [])}
    return YearPlan(
        year=year,
        holidays=frozenset(holidays),
        makeup_days=frozenset(makeup),
        source=_read(data, "source", _text, ""),
    )


def parse_provisional(data: Table) -> list[YearPlan]:
    """Build the years without a notice from their document."""
    plans: list[YearPlan] = []
    for place, row in enumerate(data.get("year", []), start=1):
        where = f"year[{place}]."
        _check_keys(row, ("year", "days_off"), where)
        days = frozenset(_at(f"{where}days_off", _day, day) for day in row.get("days_off", []))
        year = _read(row, "year", _number, where)
        plans.append(YearPlan(year=year, holidays=days, provisional=True))
    return plans


def _day(value: Any) -> date:
    if type(value) is not date:
        raise PolicyError("应是日期，如 2025-10-01")
    return value


# --- the files shipped with the product ----------------------------------------------------------


def profile_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles, `default` first."""
    stems = sorted(path.name[:-5] for path in _folder("profiles") if path.name.endswith(".toml"))
    return ("default", *(stem for stem in stems if stem != "default"))


@cache  # the files are part of the program: they do not change while it runs
def load_profile(name: str) -> PolicyProfile:
    """Return a shipped profile; UnknownProfile names those that exist."""
    if name not in profile_names():
        raise UnknownProfile(f"没有规则方案“{name}”，可用：{'、'.join(profile_names())}")
    data = _document(f"profiles/{name}.toml")
    if data.get("name") != name:
        raise PolicyError(f"{name}.toml 的 name 应是 {name}")
    inherits = data.get("inherits")
    try:
        return parse_profile(data, load_profile(inherits) if inherits else None)
    except PolicyError as problem:
        raise PolicyError(f"规则方案 {name}：{problem}") from problem


@cache  # as above
def load_calendar() -> WorkCalendar:
    """Return the shipped calendar: announced years, then the provisional ones."""
    plans = parse_provisional(_document("calendar/provisional.toml"))
    for path in _folder("calendar"):
        if path.name.removesuffix(".toml").isdigit():
            plans.append(parse_year(_document(f"calendar/{path.name}")))
    return WorkCalendar.build(plans)


def _folder(name: str) -> list[Traversable]:
    return list(files("dispatch").joinpath("policy", name).iterdir())


def _document(path: str) -> dict[str, Any]:
    text = files("dispatch").joinpath("policy", *path.split("/")).read_text(encoding="utf-8")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise PolicyError(f"{path} 不是有效的 TOML：{problem}") from problem
