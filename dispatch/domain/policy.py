"""The policy shipped with the product: profiles by name, and the working calendar."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from dispatch.domain.calendar_years import YearPlan, join_years, parse_provisional, parse_year
from dispatch.domain.errors import PolicyError
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.profile_file import parse_profile
from dispatch.domain.worktime import WorkCalendar

__all__ = ["PolicyProfile", "UnknownProfile", "load_calendar", "load_profile", "profile_names"]


class UnknownProfile(PolicyError):
    """没有这个规则方案"""

    code = "unknown-profile"


class UnknownYear(PolicyError):
    """没有这一年的放假通知"""

    code = "unknown-year"


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
    return join_years(shipped_years())


@cache  # as above
def shipped_years() -> tuple[YearPlan, ...]:
    """Return the shipped years of the calendar, each announced or provisional."""
    plans = parse_provisional(_document("calendar/provisional.toml"))
    for path in _folder("calendar"):
        if path.name.removesuffix(".toml").isdigit():
            plans.append(parse_year(_document(f"calendar/{path.name}")))
    return tuple(plans)


def shipped_text(name: str) -> str:
    """Return the file of a shipped profile as it is.

    Raises:
        UnknownProfile: there is none of that name.
    """
    load_profile(name)
    return _text(f"profiles/{name}.toml")


def shipped_year_text(year: str) -> str:
    """Return the file of a shipped, announced year as it is.

    Raises:
        UnknownYear: no notice of that year is shipped.
    """
    known = [path.name.removesuffix(".toml") for path in _folder("calendar")]
    if not year.isdigit() or year not in known:
        raise UnknownYear(f"没有 {year} 年的放假通知文件，该年按周末和法定节假日暂定")
    return _text(f"calendar/{year}.toml")


def _folder(name: str) -> list[Traversable]:
    return list(files("dispatch").joinpath("policy", name).iterdir())


def _document(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as problem:
        raise PolicyError(f"{path} 不是有效的 TOML：{problem}") from problem


def _text(path: str) -> str:
    return files("dispatch").joinpath("policy", *path.split("/")).read_text(encoding="utf-8")
