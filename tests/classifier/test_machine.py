"""Machines that listen to what is telling, and the mixing of what they say."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from classifier.machine import fit_machine
from classifier.mixing import LEAST_PER_LABEL, learn_mixing


def _rows(texts: int = 240) -> tuple[csr_matrix, np.ndarray]:
    """Two columns that tell each of three labels, forty that tell nothing."""
    random = np.random.default_rng(5)
    answers = np.arange(texts) % 3
    noise = (random.random((texts, 40)) < 0.2).astype(np.float32)
    telling = np.zeros((texts, 6), dtype=np.float32)
    telling[np.arange(texts), answers * 2 + random.integers(0, 2, texts)] = 1
    return csr_matrix(np.hstack([telling, noise])), answers


def _margins(seed: int, texts: int = 3 * LEAST_PER_LABEL) -> tuple[np.ndarray, np.ndarray]:
    """The machine of label 2 answers for label 0: what it says must be given to the other."""
    random = np.random.default_rng(seed)
    answers = np.arange(texts) % 3
    margins = random.normal(0, 0.4, size=(texts, 3)).astype(np.float32)
    margins[np.arange(texts), np.array([2, 1, 0])[answers]] += 1.5
    return margins, answers


def test_what_is_telling_of_a_label_weighs_most() -> None:
    rows, answers = _rows()
    weights, bias = fit_machine(rows, answers, 3)
    for label in range(3):
        assert set(np.argsort(-weights[label])[:2].tolist()) == {2 * label, 2 * label + 1}
    said = np.asarray(rows @ weights.T + bias).argmax(axis=1)
    assert (said == answers).mean() == 1.0


def test_two_labels_are_each_what_the_other_is_not() -> None:
    rows, answers = _rows()
    two = answers < 2
    weights, bias = fit_machine(rows[two], answers[two], 4)
    assert np.array_equal(weights[0], -weights[1])
    assert bias[0] == -bias[1]
    assert bias[2] == bias[3] == -2.0


def test_a_mixing_learns_whose_margin_speaks_for_whom() -> None:
    learned = learn_mixing(*_margins(1))
    assert learned is not None
    mixing, held_out = learned
    margins, answers = _margins(2)
    assert (margins.argmax(axis=1) == answers).mean() < 0.5
    assert (mixing.mixed(margins).argmax(axis=1) == answers).mean() > 0.9
    assert held_out.shape == margins.shape


def test_a_folded_mixing_gives_the_mixed_margins() -> None:
    rows, answers = _rows()
    weights, bias = fit_machine(rows, answers, 3)
    learned = learn_mixing(*_margins(1))
    assert learned is not None
    mixed = learned[0].mixed(np.asarray(rows @ weights.T + bias))
    folded, shift = learned[0].folded(weights, bias)
    assert np.allclose(rows @ folded.T + shift, mixed, atol=1e-4)


@pytest.mark.parametrize("texts", [9, 3 * LEAST_PER_LABEL - 3])
def test_too_few_texts_are_not_mixed(texts: int) -> None:
    margins, answers = _margins(1, texts)
    assert learn_mixing(margins, answers) is None
