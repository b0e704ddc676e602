"""Probabilities that hold, and never another answer."""

import numpy as np
import pytest

from classifier.calibrating import fit_calibration
from classifier.calibration import Calibration
from classifier.evaluation import expected_calibration_error


def _margins(seed: int, texts: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Margins of a machine that is far too sure: one text in four is another label's."""
    random = np.random.default_rng(seed)
    answers = random.integers(0, 5, size=texts)
    margins = random.normal(0, 0.3, size=(texts, 5)).astype(np.float32)
    shown = np.where(random.random(texts) < 0.25, random.integers(0, 5, size=texts), answers)
    margins[np.arange(texts), shown] += random.gamma(2.0, 0.8, size=texts).astype(np.float32)
    return margins, answers


def test_a_fitted_calibration_holds_on_other_texts() -> None:
    calibration = fit_calibration(*_margins(1))
    margins, answers = _margins(2)
    before = expected_calibration_error(Calibration(0.2).probabilities(margins), answers)
    after = expected_calibration_error(calibration.probabilities(margins), answers)
    assert after < before / 2


@pytest.mark.parametrize(("slope", "shift"), [(0.3, -2.0), (2.0, 1.0), (1.0, 0.0)])
def test_the_best_label_stays_the_best_and_rows_add_up_to_one(slope: float, shift: float) -> None:
    margins, _ = _margins(3)
    chances = Calibration(0.4, slope, shift).probabilities(margins)
    assert np.array_equal(chances.argmax(axis=1), margins.argmax(axis=1))
    assert np.allclose(chances.sum(axis=1), 1.0)
    assert chances.min() >= 0


def test_a_machine_that_was_always_right_is_left_as_it_is() -> None:
    margins = np.array([[1.0, -1.0], [-1.0, 1.0]], dtype=np.float32)
    calibration = fit_calibration(margins, np.array([0, 1]))
    assert (calibration.slope, calibration.shift) == (1.0, 0.0)
