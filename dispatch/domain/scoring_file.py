"""The file form of scoring rules, and those shipped with the product."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from dispatch.domain.errors import PolicyError
from dispatch.domain.judging_terms import Cause, Measure
from dispatch.domain.limits import Evidence, SourceLevel
from dispatch.domain.scoring_rules import (
    Band,
    Deduction,
    ScoreClass,
    ScoreItem,
    ScoringRules,
)
from dispatch.domain.toml_values import (
    Table,
    as_list,
    as_number,
    as_switch,
    as_text,
    at,
    check_keys,
    one_of,
    required,
    several_of,
)
from dispatch.domain.vocabulary import DepartmentKind

HEAD = ("name", "label", "evidence", "source", "note", "least")
TABLES = ("item", "class", "band", "deduction")
HUNDRED = Decimal(100)


def parse_scoring(data: Table) -> ScoringRules:
    """Build a set of rules from a parsed TOML document.

    Raises:
        PolicyError: something is missing or contradicts itself; the sentence names the key.
    """
    check_keys(data, (*HEAD, *TABLES), "")
    rules = ScoringRules(
        name=required(data, "name", as_text, ""),
        label=required(data, "label", as_text, ""),
        evidence=required(data, "evidence", one_of(Evidence), ""),
        source=required(data, "source", as_text, ""),
        note=str(data.get("note", "")),
        least=required(data, "least", _as_least, ""),
        items=tuple(_item(row, where) for row, where in _rows(data, "item")),
        classes=tuple(_class(row, where) for row, where in _rows(data, "class")),
        bands=tuple(_band(row, where) for row, where in _rows(data, "band")),
        deductions=tuple(_deduction(row, where) for row, where in _rows(data, "deduction")),
    )
    _check(rules)
    return rules


def shipped_scoring() -> tuple[str, ...]:
    """The names of the shipped sets, `default` first."""
    folder = files("dispatch").joinpath("policy", "scoring")
    stems = sorted(path.name[:-5] for path in folder.iterdir() if path.name.endswith(".toml"))
    return ("default", *(stem for stem in stems if stem != "default"))


def scoring_text(name: str) -> str:
    """The file of a shipped set as it is.

    Raises:
        PolicyError: there is none of that name.
    """
    if name not in shipped_scoring():
        raise PolicyError(f"没有考核规则“{name}”，可用：{'、'.join(shipped_scoring())}")
    path = files("dispatch").joinpath("policy", "scoring", f"{name}.toml")
    return path.read_text(encoding="utf-8")


@cache  # the files are part of the program: they do not change while it runs
def load_scoring(name: str = "default") -> ScoringRules:
    """A shipped set.

    Raises:
        PolicyError: there is none of that name.
    """
    return parse_scoring(tomllib.loads(scoring_text(name)))


def _rows(data: Table, name: str) -> list[tuple[Table, str]]:
    rows = data.get(name, [])
    if not isinstance(rows, list):
        raise PolicyError(f"{name} 应写成 [[{name}]]")
    return [(row, f"{name}[{place}].") for place, row in enumerate(rows, start=1)]


def _item(row: Table, where: str) -> ScoreItem:
    check_keys(row, ("measure", "points", "full_at", "full_at_by", "minus", "floor"), where)
    levels = row.get("full_at_by", {})
    check_keys(levels, tuple(level.value for level in SourceLevel), f"{where}full_at_by.")
    points = required(row, "points", _as_decimal, where)
    floor = required(row, "floor", _as_decimal, where)
    if not 0 <= floor <= points:
        raise PolicyError(f"{where}floor：应不小于零，不大于 points")
    return ScoreItem(
        measure=required(row, "measure", one_of(Measure), where),
        points=points,
        full_at=required(row, "full_at", _as_percent, where),
        full_at_by=MappingProxyType(
            {
                SourceLevel(level): at(f"{where}full_at_by.{level}", _as_percent, value)
                for level, value in levels.items()
            }
        ),
        minus=required(row, "minus", _as_decimal, where),
        floor=floor,
    )


def _class(row: Table, where: str) -> ScoreClass:
    check_keys(row, ("code", "label", "kinds", "tiers", "total"), where)
    tiers = row.get("tiers")
    return ScoreClass(
        code=required(row, "code", as_text, where),
        label=required(row, "label", as_text, where),
        kinds=required(row, "kinds", several_of(DepartmentKind, frozenset), where),
        tiers=frozenset(as_number(tier) for tier in as_list(tiers)) if tiers else frozenset(),
        total=required(row, "total", _as_decimal, where),
    )


def _band(row: Table, where: str) -> Band:
    check_keys(row, ("code", "label", "at_least", "talk"), where)
    return Band(
        code=required(row, "code", as_text, where),
        label=required(row, "label", as_text, where),
        at_least=required(row, "at_least", _as_percent, where),
        talk=at(f"{where}talk", as_switch, row.get("talk", False)),
    )


def _deduction(row: Table, where: str) -> Deduction:
    check_keys(row, ("cause", "points", "cap"), where)
    return Deduction(
        cause=required(row, "cause", one_of(Cause), where),
        points=required(row, "points", _as_decimal, where),
        cap=required(row, "cap", _as_decimal, where),
    )


def _check(rules: ScoringRules) -> None:
    for name in ("items", "classes", "bands"):
        if not getattr(rules, name):
            raise PolicyError(f"至少要有一个 [[{name.removesuffix('es').removesuffix('s')}]]")
    _once("item", [item.measure.value for item in rules.items])
    _once("class", [one.code for one in rules.classes])
    _once("band", [band.code for band in rules.bands])
    _once("deduction", [one.cause.value for one in rules.deductions])
    for one in rules.classes:
        if one.total < rules.counted:
            raise PolicyError(
                f"class：{one.label}的总分 {one.total} 小于各项之和 {rules.counted}，请核对"
            )
    if any(upper.at_least <= lower.at_least for upper, lower in pairwise(rules.bands)):
        raise PolicyError("band：档次应从高到低排列，at_least 依次减小")
    if rules.bands[-1].at_least != 0:
        raise PolicyError("band：最后一档的 at_least 应是 0，使每个单位都有档次")


def _once(table: str, codes: list[str]) -> None:
    for code in codes:
        if codes.count(code) > 1:
            raise PolicyError(f"{table}：“{code}”写了不止一次")


def _as_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise PolicyError("应是不小于零的数")
    return Decimal(str(value))


def _as_percent(value: Any) -> Decimal:
    percent = _as_decimal(value)
    if percent > HUNDRED:
        raise PolicyError("应是 0 到 100 之间的百分数")
    return percent


def _as_least(value: Any) -> int:
    least = as_number(value)
    if least < 1:
        raise PolicyError("应是正整数：一件都没有就没有比率可算")
    return least
