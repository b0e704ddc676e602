"""The file form of a policy profile: known keys, inheritance, and who says so.

A profile states only what its source says; everything else comes from the profile it inherits.
A value is written plainly, or as {value, evidence, source} when its evidence differs from the
rest of its section.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from dispatch.domain.toml_values import (
    Reader,
    Table,
    as_intervals,
    as_limit,
    as_list,
    as_number,
    as_share,
    as_switch,
    as_text,
    at,
    check_keys,
    one_of,
    required,
    several_of,
)
from dispatch.domain.vocabulary import DepartmentKind, Rating, RequestKind, Urgency

SECTIONS: Mapping[str, Mapping[str, Reader]] = MappingProxyType(
    {
        "clock": {"starts": one_of(ClockStart), "limit_on_ticket": as_switch},
        "hours": {"working": as_intervals},
        "warning": {
            "yellow_before": as_limit,
            "elapsed_fraction": as_share,
            "red": one_of(RedAfter),
        },
        "return": {
            "window": as_limit,
            "max_times": as_number,
            "designation_after": as_number,
            "after_designation": as_switch,
            "suggested_unit_required": as_switch,
        },
        "extension": {
            "apply_before": as_limit,
            "max_times": as_number,
            "longest": as_limit,
            "further_needs_higher_approver": as_switch,
            "commitment_max_months": as_number,
        },
        "redo": {
            "max_times": as_number,
            "share": as_share,
            "at_least": as_limit,
            "limit": as_limit,
        },
        "supervision": {"limit": as_limit},
        "follow_up": {
            "within": as_limit,
            "attempts": as_number,
            "half_days": as_number,
            "span": as_limit,
            "polite_hours": as_intervals,
            "link_valid": as_limit,
        },
        "rating": {
            "scale": several_of(Rating, tuple),
            "satisfied": several_of(Rating, frozenset),
            "unreached_counts_as_satisfied": as_switch,
        },
        "service": {"answer_within_seconds": as_number, "connection_percent": as_number},
    }
)
CONDITIONS: Mapping[str, tuple[str, Reader]] = MappingProxyType(
    {
        "kind": ("kinds", several_of(RequestKind, frozenset)),
        "urgency": ("urgencies", several_of(Urgency, frozenset)),
        "source_level": ("source_levels", several_of(SourceLevel, frozenset)),
        "category": ("categories", lambda value: tuple(as_text(item) for item in as_list(value))),
        "unit_class": ("unit_classes", several_of(DepartmentKind, frozenset)),
    }
)
RULE_KEYS = ("limit", "start", "day_end", "means", "evidence", "source")
OPTIONAL = frozenset({"extension.apply_before", "extension.longest", "redo.limit"})
HEAD = ("name", "label", "evidence", "source", "note", "inherits", "limit", "acknowledge")


def parse_profile(data: Table, parent: PolicyProfile | None = None) -> PolicyProfile:
    """Build a profile from a parsed TOML document; what it leaves out comes from `parent`.

    Raises PolicyError naming the key at fault.
    """
    check_keys(data, (*HEAD, *SECTIONS), "")
    head = {key: required(data, key, as_text, "") for key in ("name", "label", "source")}
    own = Mark(required(data, "evidence", one_of(Evidence), ""), head["source"])
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
    readers = SECTIONS[name]
    check_keys(stated, (*readers, "evidence", "source"), f"{name}.")
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
            check_keys(value, ("value", "evidence", "source"), f"{path}.")
            mark = _mark(value, usual, f"{path}.")
            value = value.get("value")
        values[key] = at(path, reader, value)
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
    check_keys(row, (*RULE_KEYS, *CONDITIONS), where)
    conditions = {
        attribute: at(f"{where}{key}", reader, row[key])
        for key, (attribute, reader) in CONDITIONS.items()
        if key in row
    }
    start = at(f"{where}start", one_of(LimitStart), row.get("start", LimitStart.NEXT_DAY))
    day_end = at(f"{where}day_end", one_of(DayEnd), row.get("day_end", DayEnd.CLOSE_OF_BUSINESS))
    means = at(f"{where}means", one_of(LimitMeaning), row.get("means", LimitMeaning.HANDLING))
    text = required(row, "limit", as_text, where)
    limit = at(f"{where}limit", lambda v: Limit.parse(v, start=start, day_end=day_end), text)
    return LimitRule(limit=limit, mark=_mark(row, own, where), means=means, **conditions)


def _mark(table: Table, usual: Mark, where: str) -> Mark:
    evidence = table.get("evidence", usual.evidence)
    source = table.get("source", usual.source)
    return Mark(
        at(f"{where}evidence", one_of(Evidence), evidence), at(f"{where}source", as_text, source)
    )
