"""What a model's card tells beyond single numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from classifier.calibration import Probabilities
from classifier.card_figures import Rows, card_figures, learning_curve

LABELS = ("0101", "0102", "0201")
CHANCES = np.array(
    [[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.1, 0.7], [0.1, 0.2, 0.7], [0.55, 0.4, 0.05]]
)
ANSWERS = np.array([0, 1, 2, 2, 1])


def test_the_card_names_pairs_areas_and_how_right_each_certainty_was() -> None:
    found = card_figures(CHANCES, ANSWERS, LABELS, parents={"0101": "01", "0102": "01"})
    assert found["confused"] == [["0102", "0101", 2]]
    assert found["areas"] == {"labels": ["01", "0201"], "counts": [[3, 0], [0, 2]]}
    assert found["per_class"]["0101"] == {
        "precision": pytest.approx(1 / 3, abs=1e-3),
        "recall": 1.0,
        "f1": 0.5,
        "n": 1,
    }
    assert found["bins"][-1] == [0.9, 1.0, 1]
    assert sum(n for _, _, n in found["bins"]) == 5
    assert json.loads(json.dumps(found)) == found


def test_a_matrix_too_large_to_read_is_left_out() -> None:
    labels = [f"{n:03}" for n in range(50)]
    found = card_figures(np.eye(50), np.arange(50), labels)
    assert found["areas"]["labels"] == []
    assert found["confused"] == []


def test_the_curve_learns_from_growing_parts_of_what_is_not_held_out() -> None:
    answers = np.arange(100) % 2
    folds = np.arange(100) // 20
    seen: list[int] = []

    def judge(lesson: Rows, held: Rows) -> Probabilities:
        assert not (lesson & held).any()
        seen.append(int(lesson.sum()))
        certain: Probabilities = np.eye(2)[answers[held]]
        return certain

    curve = learning_curve(folds, answers, judge)
    assert seen == [8, 20, 40]
    assert curve[-1] == [40, 1.0, 1.0]
