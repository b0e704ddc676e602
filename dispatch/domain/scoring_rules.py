"""A set of scoring rules (考核规则): items, classes of units, bands, and what is deducted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from dispatch.domain.judging_terms import Cause, Measure
from dispatch.domain.limits import Evidence, SourceLevel
from dispatch.domain.vocabulary import DepartmentKind


@dataclass(frozen=True, kw_only=True)
class ScoreItem:
    """One rate and its points: full from `full_at` percent on, `minus` per point below, a floor.

    `full_at_by` says another threshold for requests that one level sent down.
    """

    measure: Measure
    points: Decimal
    full_at: Decimal
    full_at_by: Mapping[SourceLevel, Decimal]
    minus: Decimal
    floor: Decimal


@dataclass(frozen=True, kw_only=True)
class ScoreClass:
    """Units that are compared with each other and with nobody else.

    `total` is the most a unit of the class can have; what the items do not add up to is given by
    other people than this system, and counts in full.
    """

    code: str
    label: str
    kinds: frozenset[DepartmentKind]
    tiers: frozenset[int]
    """Empty: every tier."""
    total: Decimal

    def holds(self, kind: DepartmentKind, tier: int) -> bool:
        """Whether a unit belongs here."""
        return kind in self.kinds and (not self.tiers or tier in self.tiers)


@dataclass(frozen=True, kw_only=True)
class Band:
    """档次: units from this percent of the total on; those of one band are not ranked."""

    code: str
    label: str
    at_least: Decimal
    talk: bool
    """Whether a unit in it may be summoned to talk."""


@dataclass(frozen=True, kw_only=True)
class Deduction:
    """So many points for each case of a cause, at most `cap` in all."""

    cause: Cause
    points: Decimal
    cap: Decimal


@dataclass(frozen=True, kw_only=True)
class ScoringRules:
    """Everything a month is scored by. `least`: an item with fewer cases compares nobody."""

    name: str
    label: str
    evidence: Evidence
    source: str
    note: str
    least: int
    items: tuple[ScoreItem, ...]
    classes: tuple[ScoreClass, ...]
    bands: tuple[Band, ...]
    """The best first; the last one begins at nothing."""
    deductions: tuple[Deduction, ...]

    @property
    def counted(self) -> Decimal:
        """The points this system counts itself."""
        return sum((item.points for item in self.items), Decimal(0))

    def class_of(self, kind: DepartmentKind, tier: int) -> ScoreClass | None:
        """The class of a unit; the first that holds it."""
        return next((one for one in self.classes if one.holds(kind, tier)), None)

    def band_of(self, percent: Decimal) -> Band:
        """The band of a score as a percentage of its total."""
        return next(band for band in self.bands if percent >= band.at_least)
