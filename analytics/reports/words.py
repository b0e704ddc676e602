"""How counts and figures are put into words: the rules behind every sentence of a report.

A rule says what is said when; where nothing is known, nothing is said. All of them are here, so
that whoever doubts a sentence can read why it stands there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from analytics.rates import Rate
from dispatch.domain.worktime import SHANGHAI

CONFIDENTIAL = "（保密工单，内容不列）"
"""What stands for whatever a confidential ticket says: a report leaves the house."""

STEADY = Decimal(3)
"""A count that changed by less than this many per cent is called level."""

STEADY_POINTS = Decimal("0.05")
"""A rate that moved by less than this many percentage points is called level."""

LEAST_COUNTED = 10
"""Counts below this are told beside each other, without a percentage: 3 after 1 is no +200 %."""


@dataclass(frozen=True)
class Three:
    """A count of this span, of the one before, and of the same span a year before."""

    now: int
    before: int
    year_ago: int

    @property
    def on_last(self) -> Decimal | None:
        """Change on the span before in per cent; None where there was nothing to compare."""
        return grown(self.now, self.before)

    @property
    def on_year(self) -> Decimal | None:
        """Change on the year before in per cent."""
        return grown(self.now, self.year_ago)


def grown(now: int, before: int) -> Decimal | None:
    """By how many per cent a count changed; None where there was nothing before."""
    if before == 0:
        return None
    exact = Decimal(100) * (now - before) / before
    return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)


def changed(now: int, before: int, than: str) -> str:
    """比上周多 5.2%, 与上周基本持平, or the plain count where a percentage would mislead."""
    if not before:
        return f"{than}为 0" if now else f"{than}也为 0"
    if now == before:
        return f"与{than}相同"
    if min(now, before) < LEAST_COUNTED:
        return f"{than}为 {before:,}"
    percent = grown(now, before)
    if percent is None or abs(percent) < STEADY:
        return f"与{than}基本持平"
    return f"比{than}{'多' if percent > 0 else '少'} {abs(percent)}%"


def compared(three: Three, than: str) -> str:
    """On the span before, and on the year before where there was one."""
    said = changed(three.now, three.before, than)
    return f"{said}，{changed(three.now, three.year_ago, '上年同期')}" if three.year_ago else said


def points(now: Rate, before: Rate, least: int) -> Decimal | None:
    """The change in percentage points; None when either has fewer than `least` judged."""
    if now.percent is None or before.percent is None or min(now.judged, before.judged) < least:
        return None
    return now.percent - before.percent


def moved(now: Rate, before: Rate, least: int, than: str) -> str:
    """比上周升 1.2 个百分点; too few cases are said to be too few; "" where nothing was before."""
    if before.percent is None:
        return ""
    by = points(now, before, least)
    if by is None:
        return f"{than}或本期不足 {least} 件，不作比较"
    if abs(by) < STEADY_POINTS:
        return f"与{than}持平"
    return f"比{than}{'升' if by > 0 else '降'} {abs(by)} 个百分点"


def percent(rate: Rate) -> str:
    """91.91%, or the words for no data."""
    return "无数据" if rate.percent is None else f"{rate.percent}%"


def listed(parts: Iterable[str]) -> str:
    """The parts as one sentence; "" for none."""
    said = "；".join(part for part in parts if part)
    return f"{said}。" if said else ""


def moment(at: datetime | None) -> str:
    """2026-11-15 18:00 in the city; "" for none."""
    return "" if at is None else f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def number(value: Decimal | None) -> float | None:
    """A decimal as a table's cell."""
    return None if value is None else float(value)
