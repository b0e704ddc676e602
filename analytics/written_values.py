"""A figure's value as people and programs read it: one way for page, command and interface."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from analytics.figures import Figure, Form
from analytics.rates import Mean, Value
from dispatch.domain.rules import Rules

NO_DATA = "无数据"


@dataclass(frozen=True)
class Written:
    """A figure with its value: a percentage, seconds or working hours, and its two parts.

    `hits` and `judged` are the parts of a rate; of a mean `judged` is how many, and `total` the
    sum in milliseconds.
    """

    figure: Figure
    name: str
    value: Decimal | None
    hits: int | None
    judged: int
    total: int | None
    least: int

    @property
    def words(self) -> str:
        """Such as 91.91%, 13.40 秒, 无数据."""
        if self.value is None:
            return NO_DATA
        space = "" if self.figure.is_rate else " "
        return f"{self.value:,}{space}{self.figure.form.unit}"

    @property
    def parts(self) -> str:
        """Numerator and denominator as they are printed."""
        if self.total is None:
            return f"{self.hits:,} / {self.judged:,}"
        total = Mean(self.total, 1).per(_UNITS[self.figure.form]) if self.judged else Decimal(0)
        return f"{total:,} {self.figure.form.unit} / {self.judged:,}"

    @property
    def is_small(self) -> bool:
        """Too few to compare by."""
        return 0 < self.judged < self.least

    @property
    def plain(self) -> dict[str, Any]:
        """For programs: the definition and the value; no data is null."""
        figure = self.figure
        return {
            "code": figure.code,
            "name": self.name,
            "subject": figure.subject.value,
            "value": None if self.value is None else float(self.value),
            "unit": figure.form.unit,
            "hits": self.hits,
            "judged": self.judged,
            "total_ms": self.total,
            "percent": float(self.value) if figure.is_rate and self.value is not None else None,
            "formula": figure.formula,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
            "period_rule": figure.period.value,
            "source": figure.source,
            "exclusions": figure.exclusions,
            "least": self.least,
        }


_UNITS = {Form.SECONDS: 1_000, Form.WORKING_HOURS: 3_600_000}
"""How many milliseconds a mean is written in."""


def written(figure: Figure, value: Value, rules: Rules) -> Written:
    """A figure with its value, by a city's rules."""
    name, least = figure.name_in(rules), figure.minimum(rules)
    if isinstance(value, Mean):
        mean = value.per(_UNITS[figure.form])
        return Written(figure, name, mean, None, value.n, value.total, least)
    return Written(figure, name, value.percent, value.hits, value.judged, None, least)


def in_unit(figure: Figure, milliseconds: int | None) -> Decimal | None:
    """What one row adds to a mean, in the unit of the figure."""
    if milliseconds is None or figure.is_rate:
        return None
    return Mean(milliseconds, 1).per(_UNITS[figure.form])
