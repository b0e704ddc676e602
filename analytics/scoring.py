"""Points from counts (考核计分): pure functions over a set of scoring rules.

A rate is rounded to a hundredth of a percent before it is scored: published scores of cities are
reproduced only this way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from analytics.rates import HUNDREDTH, Rate
from dispatch.domain.judging_terms import Cause, Measure
from dispatch.domain.limits import SourceLevel
from dispatch.domain.scoring_rules import (
    Band,
    Deduction,
    ScoreClass,
    ScoreItem,
    ScoringRules,
)
from dispatch.domain.vocabulary import DepartmentKind

ByLevel = Mapping[SourceLevel | None, Rate]
"""The counts of one measure, by the level the requests came from."""


@dataclass(frozen=True)
class UnitCounts:
    """What is known of one unit in the month."""

    code: str
    name: str
    kind: DepartmentKind
    tier: int
    rates: Mapping[Measure, ByLevel]
    causes: Mapping[Cause, int]


@dataclass(frozen=True)
class ItemScore:
    """One item of one unit; `points` is None when nothing was judged."""

    item: ScoreItem
    rate: Rate
    full_at: Decimal
    """The threshold that held for this unit's own mixture of source levels."""
    points: Decimal | None

    @property
    def lost(self) -> Decimal:
        """What the missed ones cost together."""
        return Decimal(0) if self.points is None else self.item.points - self.points


@dataclass(frozen=True)
class DeductionScore:
    """One deduction of one unit."""

    deduction: Deduction
    cases: int

    @property
    def points(self) -> Decimal:
        """What is taken off."""
        return min(self.cases * self.deduction.points, self.deduction.cap)


@dataclass(frozen=True)
class UnitScore:
    """One unit's month. `total` and `band` are None for a unit with too few cases to compare."""

    unit: UnitCounts
    scored_in: ScoreClass
    items: tuple[ItemScore, ...]
    deductions: tuple[DeductionScore, ...]
    given: Decimal
    """Points this system does not count; they stand in full."""
    too_few: tuple[ItemScore, ...]
    total: Decimal | None
    band: Band | None

    @property
    def cases(self) -> int:
        """The most cases behind any item: what a reader should weigh the score by."""
        return max((one.rate.judged for one in self.items), default=0)


@dataclass(frozen=True)
class ClassScores:
    """The units of a class by band, unranked inside; and those who are not compared."""

    of: ScoreClass
    bands: tuple[tuple[Band, tuple[UnitScore, ...]], ...]
    not_compared: tuple[UnitScore, ...]

    @property
    def compared(self) -> int:
        """How many units stand in some band."""
        return sum(len(scores) for _band, scores in self.bands)


def item_points(item: ScoreItem, rate: Rate, full_at: Decimal | None = None) -> Decimal | None:
    """Points for a rate; None without cases. Rounded to a hundredth, half up."""
    percent = rate.percent
    if percent is None:
        return None
    below = max(Decimal(0), (item.full_at if full_at is None else full_at) - percent)
    points = max(item.floor, item.points - item.minus * below)
    return points.quantize(HUNDREDTH, ROUND_HALF_UP)


def threshold(item: ScoreItem, by_level: ByLevel) -> Decimal:
    """The threshold for a mixture of levels: each level's own, weighted by its cases."""
    cases = sum(rate.judged for rate in by_level.values())
    if not item.full_at_by or not cases:
        return item.full_at
    total = Decimal(0)
    for level, rate in by_level.items():
        own = item.full_at_by.get(level, item.full_at) if level else item.full_at
        total += own * rate.judged
    return (total / cases).quantize(HUNDREDTH, ROUND_HALF_UP)


def score(rules: ScoringRules, unit: UnitCounts) -> UnitScore | None:
    """One unit's month; None when the rules have no class for it."""
    scored_in = rules.class_of(unit.kind, unit.tier)
    if scored_in is None:
        return None
    items = tuple(_item(item, unit.rates.get(item.measure, {})) for item in rules.items)
    deductions = tuple(
        DeductionScore(one, unit.causes.get(one.cause, 0)) for one in rules.deductions
    )
    too_few = tuple(one for one in items if one.rate.judged < rules.least)
    given = scored_in.total - rules.counted
    total, band = None, None
    if not too_few:
        sums = sum((one.points for one in items if one.points is not None), given)
        total = max(Decimal(0), sums - sum((one.points for one in deductions), Decimal(0)))
        band = rules.band_of(100 * total / scored_in.total)
    return UnitScore(unit, scored_in, items, deductions, given, too_few, total, band)


def _item(item: ScoreItem, by_level: ByLevel) -> ItemScore:
    rate = sum(by_level.values(), Rate())
    full_at = threshold(item, by_level)
    return ItemScore(item, rate, full_at, item_points(item, rate, full_at))


def compare(rules: ScoringRules, units: Sequence[UnitCounts]) -> tuple[ClassScores, ...]:
    """Every unit that had a case, class by class."""
    scored = [one for unit in units if (one := score(rules, unit)) is not None and one.cases]
    found = []
    for each in rules.classes:
        mine = sorted((s for s in scored if s.scored_in == each), key=lambda s: s.unit.code)
        bands = tuple((band, tuple(s for s in mine if s.band == band)) for band in rules.bands)
        found.append(ClassScores(each, bands, tuple(s for s in mine if s.band is None)))
    return tuple(found)


def shares(lost: Decimal, rows: int) -> list[Decimal]:
    """What each of so many missed tickets cost: equal parts that add up to the whole cent."""
    if rows == 0:
        return []
    cents = int(lost / HUNDREDTH)
    each, more = divmod(cents, rows)
    return [HUNDREDTH * (each + (place < more)) for place in range(rows)]
