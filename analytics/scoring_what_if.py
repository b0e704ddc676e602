"""What if (试算): the same month by other rules, and whose band or points would be others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from analytics.scoring import UnitCounts, UnitScore, score
from dispatch.domain.judging_terms import Measure
from dispatch.domain.scoring_rules import ScoringRules


@dataclass(frozen=True)
class Changed:
    """One unit by the rules in force and by the others."""

    unit: UnitCounts
    before: UnitScore | None
    after: UnitScore | None
    other_band: bool
    """Whether the unit would stand at another place among the bands, or in none."""

    @property
    def by(self) -> Decimal | None:
        """Points more (or fewer); None where one of the two compares it with nobody."""
        if self.before is None or self.after is None:
            return None
        if self.before.total is None or self.after.total is None:
            return None
        return self.after.total - self.before.total


def _place(rules: ScoringRules, one: UnitScore | None) -> tuple[int, bool] | None:
    """How far down the bands a unit stands, and whether it may be summoned there.

    Two sets of rules name their bands differently, so names are not compared.
    """
    if one is None or one.band is None:
        return None
    return rules.bands.index(one.band), one.band.talk


def adjusted(
    rules: ScoringRules, *, least: int | None, full_at: Mapping[Measure, Decimal]
) -> ScoringRules:
    """The rules with another minimum of cases and other thresholds, for every source level."""
    items = tuple(
        replace(item, full_at=full_at[item.measure], full_at_by=MappingProxyType({}))
        if item.measure in full_at
        else item
        for item in rules.items
    )
    return replace(rules, items=items, least=rules.least if least is None else least)


def changes(
    before: ScoringRules, after: ScoringRules, units: Sequence[UnitCounts]
) -> tuple[Changed, ...]:
    """Every unit with a case whose points or band would change; other bands come first."""
    return _changed((before, unit, after, unit) for unit in units)


def recounted(
    rules: ScoringRules, before: Sequence[UnitCounts], after: Sequence[UnitCounts]
) -> tuple[Changed, ...]:
    """The same of two countings by the same rules: with excluded tickets, and without."""
    now = {unit.code: unit for unit in after}
    return _changed((rules, unit, rules, now[unit.code]) for unit in before if unit.code in now)


def _changed(
    pairs: Iterable[tuple[ScoringRules, UnitCounts, ScoringRules, UnitCounts]],
) -> tuple[Changed, ...]:
    found = []
    for before, counted, after, recount in pairs:
        was, would = score(before, counted), score(after, recount)
        if not any(seen is not None and seen.cases for seen in (was, would)):
            continue
        one = Changed(recount, was, would, _place(before, was) != _place(after, would))
        if one.other_band or one.by:
            found.append(one)
    return tuple(sorted(found, key=lambda one: (not one.other_band, one.by or 0, one.unit.code)))
