"""Readers of single values in policy files; every error names the key in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from enum import StrEnum
from itertools import pairwise
from typing import Any

from dispatch.domain.errors import PolicyError
from dispatch.domain.limits import Limit
from dispatch.domain.worktime import Interval

Table = Mapping[str, Any]
Reader = Callable[[Any], Any]


def as_number(value: Any) -> int:
    """A whole number, zero or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise PolicyError("应是不小于零的整数")
    return value


def as_hour(value: Any) -> int:
    """An hour of the day, 0 to 23."""
    if as_number(value) > 23:
        raise PolicyError("应是 0 至 23 的整数")
    return as_number(value)


def as_share(value: Any) -> float:
    """A share above zero, at most one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise PolicyError("应是大于 0、不大于 1 的小数")
    return float(value)


def as_switch(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise PolicyError("应是 true 或 false")
    return value


def as_text(value: Any) -> str:
    """Text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise PolicyError("应是不为空的文字")
    return value


def as_limit(value: Any) -> Limit:
    """A limit such as "5 working_day"."""
    return Limit.parse(as_text(value))


def one_of(kind: type[StrEnum]) -> Reader:
    """Return a reader of one value of an enum; its error lists them all."""

    def read(value: Any) -> Any:
        known = [member.value for member in kind]
        if value not in known:
            raise PolicyError(f"“{value}”不认识，可用：{'、'.join(known)}")
        return kind(value)

    return read


def as_list(value: Any) -> list[Any]:
    """A list that is not empty."""
    if not isinstance(value, list) or not value:
        raise PolicyError("应是不为空的列表")
    return value


def several_of(kind: type[StrEnum], collect: Callable[[list[Any]], Any]) -> Reader:
    """Return a reader of a list of values of an enum."""
    read = one_of(kind)
    return lambda value: collect([read(item) for item in as_list(value)])


def any_of(kind: type[StrEnum]) -> Reader:
    """Return a reader of a list of values of an enum that may be empty."""
    read = one_of(kind)

    def collect(value: Any) -> frozenset[Any]:
        if not isinstance(value, list):
            raise PolicyError("应是列表，可以为空")
        return frozenset(read(item) for item in value)

    return collect


def as_pattern(value: Any) -> str:
    """A regular expression."""
    try:
        re.compile(as_text(value))
    except re.error as problem:
        raise PolicyError(f"不是有效的正则表达式：{problem}") from problem
    return str(value)


def as_intervals(value: Any) -> tuple[Interval, ...]:
    """Times of day such as ["08:30-12:00", "14:00-17:30"], in order."""
    try:
        pairs = [as_text(item).split("-") for item in as_list(value)]
        intervals = tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in pairs)
    except ValueError as problem:
        raise PolicyError("时段应写成“08:30-12:00”") from problem
    moments = [moment for interval in intervals for moment in interval]
    if any(before >= after for before, after in pairwise(moments)):
        raise PolicyError("时段应按先后排列，不能重叠")
    return intervals


def as_day(value: Any) -> date:
    """A date."""
    if type(value) is not date:
        raise PolicyError("应是日期，如 2025-10-01")
    return value


def check_keys(table: Table, known: tuple[str, ...], where: str) -> None:
    """Refuse keys nobody reads: a mistyped key must not pass for a default."""
    if not isinstance(table, dict):
        raise PolicyError(f"{where.rstrip('.')} 应是一组键值")
    for key in table:
        if key not in known:
            raise PolicyError(f"不认识的键 {where}{key}，可用：{'、'.join(known)}")


def required(table: Table, key: str, reader: Reader, where: str) -> Any:
    """Read a key that must be there."""
    if key not in table:
        raise PolicyError(f"缺少 {where}{key}")
    return at(f"{where}{key}", reader, table[key])


def at(path: str, reader: Reader, value: Any) -> Any:
    """Read a value; the error says at which key."""
    try:
        return reader(value)
    except PolicyError as problem:
        raise PolicyError(f"{path}：{problem}") from problem


def as_texts(value: Any) -> tuple[str, ...]:
    """Several texts."""
    return tuple(as_text(item) for item in as_list(value))
