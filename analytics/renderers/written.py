"""How a cell is written wherever a report is read: one way for page, Word, PDF and chart."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from analytics.document import Cell, Kind
from dispatch.domain.worktime import SHANGHAI

NOTHING = "—"
"""What stands for no value."""

_SUFFIX = {Kind.PERCENT: "%", Kind.SECONDS: " 秒", Kind.DAYS: " 天"}
_PLACES = {Kind.PERCENT: 2, Kind.POINTS: 2, Kind.SECONDS: 1, Kind.DAYS: 2, Kind.NUMBER: 2}
_DIGITS = "零一二三四五六七八九"


def written(cell: Cell, kind: Kind) -> str:
    """The cell as people read it.

    A word in a column of numbers (样本不足) stays a word. Percentages have two decimals, seconds
    one and days two; a change in points carries its sign.
    """
    if cell is None:
        return NOTHING
    if isinstance(cell, str):
        return cell
    if kind in (Kind.TEXT, Kind.COUNT):
        return f"{cell}" if isinstance(cell, int) else _plain(cell, 2)
    if kind is Kind.NUMBER:
        return _plain(cell, _PLACES[kind])
    number = rounded(cell, _PLACES[kind])
    sign = "+" if kind is Kind.POINTS and number > 0 else ""
    return f"{sign}{number}{_SUFFIX.get(kind, '')}"


def rounded(value: float, places: int) -> Decimal:
    """Half up, as people round; never a negative nought."""
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return abs(exact) if exact == 0 else exact


def places(kind: Kind) -> int:
    """Decimals of a column's numbers."""
    return _PLACES.get(kind, 0)


def _plain(value: float, most: int) -> str:
    number = rounded(value, most)
    return f"{number.normalize():f}"


def ordinal(number: int) -> str:
    """1 to 99 as an office numbers its headings: 一、十二、二十."""
    tens, ones = divmod(number, 10)
    if not 0 < number < 100:
        raise ValueError(number)
    lead = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return lead + (_DIGITS[ones] if ones else "")


def display_width(text: str) -> int:
    """Half-width columns that the text takes: a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def made_moment(made_at: str) -> datetime:
    """The moment a report says it was made, for a file's properties.

    A file must not change because it was taken away twice, so its date is the report's own. A
    report whose moment has no date gives the first day of 2000.
    """
    year, month, day, hour, minute = (
        *(int(one) for one in re.findall(r"\d+", made_at)[:5]),
        *(0, 0, 0, 0, 0),
    )[:5]
    try:
        moment = datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)
    return moment.astimezone(UTC)
