"""Figures of a model, checked against small counts by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from classifier.evaluation import evaluate, expected_calibration_error, measure
from classifier.pipeline import RequestClassifier
from classifier.samples import Samples


def test_figures_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(5)
    chances = random.dirichlet(np.ones(5), size=200)
    answers = random.integers(0, 4, size=200)
    figures = measure(chances, answers)
    predicted = chances.argmax(axis=1)
    assert figures.macro_f1 == pytest.approx(f1_score(answers, predicted, average="macro"))
    assert figures.accuracy == pytest.approx(float((predicted == answers).mean()))
    assert sum(one.n for one in figures.per_class.values()) == 200


def test_a_model_as_right_as_it_is_sure_has_no_calibration_error() -> None:
    chances = np.array([[0.75, 0.25]] * 4)
    assert expected_calibration_error(chances, np.array([0, 0, 0, 1])) == pytest.approx(0.0)
    assert expected_calibration_error(chances, np.array([1, 1, 1, 1])) == pytest.approx(0.75)


def test_a_label_unknown_to_the_model_counts_against_it(model: RequestClassifier) -> None:
    samples = Samples(("老板拖欠工资", "飞船降落"), ("欠薪", "航天"), (), "0" * 64)
    result = evaluate(model, samples)
    assert result.unknown_labels == ("航天",)
    assert result.figures.accuracy == 0.5
    assert result.to_json()["per_class"]["航天"] == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "n": 1,
    }
