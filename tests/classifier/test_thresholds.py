"""A label goes without a person only where unseen texts prove it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from classifier.thresholds import Validation, coverage, expected_share, lower_bound, proven


def _validation(*counts: tuple[str, float, int, int]) -> Validation:
    """Unseen texts: predicted label, its probability, how many, how many of them right."""
    labels = ("甲", "乙", "丙")
    rows: list[list[float]] = []
    answers: list[int] = []
    for label, chance, texts, right in counts:
        said = labels.index(label)
        row = [(1 - chance) / 2] * 3
        row[said] = chance
        rows += [row] * texts
        answers += [said] * right + [(said + 1) % 3] * (texts - right)
    return Validation.measured(np.array(rows), np.array(answers), labels)


def test_wilsons_lower_bound_is_the_published_one() -> None:
    for right, n in ((80, 100), (0, 5), (7, 7), (299, 300)):
        # One-sided 95 % is the lower end of a two-sided 90 %.
        theirs = binomtest(right, n).proportion_ci(0.90, method="wilson").low
        assert lower_bound(right, n) == pytest.approx(float(theirs), abs=1e-5)
    assert lower_bound(0, 0) == 0.0
    # Without a single error n / (n + z²) remains.
    assert lower_bound(132, 132) < 0.98 < lower_bound(133, 133)


def test_what_is_expected_is_a_little_less_than_what_was_seen() -> None:
    assert expected_share(30, 30) == pytest.approx(30.5 / 31)
    assert expected_share(98, 100) < 0.98
    assert expected_share(0, 0) == 0.5


def test_the_threshold_is_the_lowest_that_still_proves_the_demand() -> None:
    validation = _validation(("甲", 0.95, 300, 300), ("甲", 0.85, 100, 99), ("甲", 0.6, 100, 50))
    found = coverage(validation, precision=0.98, least=30).categories[0]
    assert (found.threshold, found.validated, found.right) == (0.85, 400, 399)
    stricter = coverage(validation, precision=0.997, least=30).categories[0]
    assert (stricter.threshold, stricter.validated) == (0.95, 300)


def test_a_label_with_few_texts_has_proven_nothing_however_right_it_was() -> None:
    few = _validation(("甲", 0.95, 29, 29))
    assert proven(few, "甲", 0.99, precision=0.98, least=30) is None
    assert proven(few, "甲", 0.99, precision=0.90, least=30) is None
    assert proven(few, "甲", 0.99, precision=0.90, least=29) == pytest.approx(29.5 / 30)


def test_only_a_text_as_probable_as_the_proven_ones_may_go() -> None:
    validation = _validation(("甲", 0.95, 300, 300), ("乙", 0.95, 300, 270))
    assert proven(validation, "甲", 0.95, precision=0.98, least=30) is not None
    assert proven(validation, "甲", 0.94, precision=0.98, least=30) is None
    assert proven(validation, "乙", 0.99, precision=0.98, least=30) is None
    assert proven(validation, "新类别", 0.99, precision=0.98, least=30) is None


def test_coverage_counts_what_would_go_and_how_much_of_it_is_right() -> None:
    validation = _validation(("甲", 0.95, 300, 299), ("乙", 0.95, 300, 270))
    found = coverage(validation, precision=0.98, least=30)
    assert found.share == 0.5
    assert found.accuracy == pytest.approx(299 / 300)


def test_what_is_stored_is_what_was_measured() -> None:
    validation = _validation(("甲", 0.95, 300, 299), ("乙", 0.29, 30, 27))
    again = Validation.from_json(validation.to_json())
    assert again.to_json() == validation.to_json()
    assert coverage(again, precision=0.9, least=1) == coverage(validation, precision=0.9, least=1)


@pytest.mark.parametrize("row", [(500, 1, 1), (3, 1, 2), (-1, 2, 1)])
def test_counts_that_cannot_be_are_refused(row: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="验证记录"):
        Validation.from_json({"甲": [row]})


@given(
    st.lists(
        st.tuples(st.floats(0.34, 1.0), st.integers(1, 200), st.floats(0, 1)),
        min_size=1,
        max_size=6,
    ),
    st.floats(0.5, 0.99),
)
def test_asking_for_more_never_sends_more(
    cells: list[tuple[float, int, float]], precision: float
) -> None:
    validation = _validation(*(("甲", c, n, int(n * share)) for c, n, share in cells))
    less = coverage(validation, precision=precision, least=30)
    more = coverage(validation, precision=(precision + 1) / 2, least=30)
    assert more.share <= less.share
    assert less.share == 0 or less.accuracy >= precision
