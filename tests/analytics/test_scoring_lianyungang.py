"""The published scores of a city's five monthly bulletins, from the rules inferred from them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from analytics.rates import Rate
from analytics.scoring import UnitCounts, item_points, score, threshold
from dispatch.domain.judging_terms import Cause, Measure
from dispatch.domain.limits import SourceLevel
from dispatch.domain.scoring_file import load_scoring
from dispatch.domain.scoring_rules import Deduction, ScoringRules
from dispatch.domain.vocabulary import DepartmentKind

RULES = load_scoring("lianyungang_2022")
ITEMS = {item.measure: item for item in RULES.items}
CITY, PROVINCE = SourceLevel.CITY, SourceLevel.PROVINCIAL
FULL = Rate(7, 7)


def unit(
    signed: Rate = FULL,
    on_time: Rate = FULL,
    satisfied: Rate = FULL,
    *,
    level: SourceLevel = CITY,
    further: int = 1,
) -> UnitCounts:
    """A department of the city; every bulletin takes one more point and does not say what for."""
    return UnitCounts(
        code="U",
        name="某局",
        kind=DepartmentKind.BUREAU,
        tier=2,
        rates={
            Measure.ACKNOWLEDGED: {level: signed},
            Measure.ON_TIME: {level: on_time},
            Measure.SATISFACTION: {level: satisfied},
        },
        causes={Cause.ORDER_LATE: further},
    )


def with_further() -> ScoringRules:
    """The rules with the one point more for something the bulletins leave unsaid."""
    one = Decimal(1)
    return replace(RULES, deductions=(Deduction(cause=Cause.ORDER_LATE, points=one, cap=one),))


@pytest.mark.parametrize(
    ("rate", "points"),
    [
        (Rate(4, 5), "5.00"),  # 80 %
        (Rate(8982, 10_000), "14.82"),  # 89.82 %
        (Rate(95, 100), "20.00"),
        (Rate(75, 100), "0.00"),
        (Rate(1, 100), "0.00"),
    ],
)
def test_on_time(rate: Rate, points: str) -> None:
    assert item_points(ITEMS[Measure.ON_TIME], rate) == Decimal(points)


@pytest.mark.parametrize(
    ("level", "rate", "points"),
    [
        (CITY, Rate(12, 17), "12.80"),  # 70.59 %, printed 12.8
        (CITY, Rate(2, 3), "12.50"),
        (CITY, Rate(1, 2), "12.50"),
        (PROVINCE, Rate(3, 4), "13.50"),
        (PROVINCE, Rate(5, 7), "12.50"),
        (PROVINCE, Rate(1, 2), "12.50"),
        (PROVINCE, Rate(7, 8), "19.75"),
        (PROVINCE, Rate(5, 6), "17.67"),
        (PROVINCE, Rate(98, 100), "25.00"),
    ],
)
def test_satisfaction_by_who_sent_the_request(level: SourceLevel, rate: Rate, points: str) -> None:
    item = ITEMS[Measure.SATISFACTION]
    assert item_points(item, rate, threshold(item, {level: rate})) == Decimal(points)


@pytest.mark.parametrize(
    ("case", "total"),
    [
        (unit(signed=Rate(6, 7)), "89.71"),
        # Only with each rate rounded to a hundredth first: 78.05 otherwise.
        (unit(signed=Rate(6, 7), on_time=Rate(5, 6)), "78.04"),
        (unit(on_time=Rate(1, 2), satisfied=Rate(1, 2)), "66.50"),
        (unit(signed=Rate(1, 2), satisfied=Rate(12, 17)), "76.80"),
        (unit(on_time=Rate(4, 5)), "84.00"),
        (unit(satisfied=Rate(2, 3)), "86.50"),
    ],
)
def test_totals(case: UnitCounts, total: str) -> None:
    found = score(with_further(), case)
    assert found is not None
    assert found.total == Decimal(total)
    # Without the unsaid point it is exactly one more.
    plain = score(RULES, case)
    assert plain is not None
    assert plain.total == Decimal(total) + 1


def test_counties_are_out_of_150_and_the_rest_is_not_counted_here() -> None:
    county = replace(unit(further=0), kind=DepartmentKind.DISTRICT)
    found = score(RULES, county)
    assert found is not None
    assert (found.total, found.given) == (Decimal(150), Decimal(95))
    department = score(RULES, unit(further=0))
    assert department is not None
    assert (department.total, department.given) == (Decimal(100), Decimal(45))
