"""Agreement of two scorers, held against published examples."""

from __future__ import annotations

import pytest

from analytics.agreement import LEAST, agreement, band_of, cohen_kappa, icc_one_way

# Shrout and Fleiss (1979), table 2: four judges score six targets; their ICC(1,1) is .17.
SHROUT_FLEISS = [
    (9, 2, 5, 8),
    (6, 1, 3, 2),
    (8, 4, 6, 8),
    (7, 1, 2, 6),
    (10, 5, 6, 9),
    (6, 2, 4, 7),
]


def test_kappa_of_a_table_worked_by_hand() -> None:
    # 50 things: both yes 20, first only 5, second only 10, both no 15:
    # observed 0.7, expected 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    table = (("y", "y", 20), ("y", "n", 5), ("n", "y", 10), ("n", "n", 15))
    pairs = [(a, b) for a, b, count in table for _ in range(count)]
    assert cohen_kappa(pairs) == pytest.approx(0.4)


def test_kappa_knows_agreement_opposition_and_nothing_to_tell() -> None:
    assert cohen_kappa([("a", "a"), ("b", "b")]) == pytest.approx(1)
    assert cohen_kappa([("a", "b"), ("b", "a")]) == pytest.approx(-1)
    assert cohen_kappa([("a", "a"), ("a", "a")]) is None
    assert cohen_kappa([]) is None


def test_icc_gives_the_published_value() -> None:
    assert icc_one_way(SHROUT_FLEISS) == pytest.approx(0.17, abs=0.005)


def test_icc_of_equal_scores_is_one_and_of_no_spread_unknown() -> None:
    assert icc_one_way([(60, 60), (80, 80), (95, 95)]) == pytest.approx(1)
    assert icc_one_way([(80, 80), (80, 80)]) is None
    assert icc_one_way([(80, 70)]) is None


def test_too_few_double_checks_give_no_coefficient() -> None:
    pairs = [(95, 92), (70, 75), (85, 60)]
    few = agreement(pairs)
    assert (few.pairs, few.alike, few.kappa, few.icc) == (3, 2, None, None)
    assert few.mean_apart == pytest.approx(11)
    enough = agreement(pairs * 4)
    assert enough.pairs >= LEAST
    assert enough.kappa is not None
    assert enough.icc is not None


def test_bands_begin_at_their_least_points() -> None:
    assert [band_of(p) for p in (100, 90, 89, 80, 79, 70, 69, 0)] == list("优优良良中中差差")
