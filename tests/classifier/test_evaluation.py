"""Figures of a model, checked against small counts by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from classifier.evaluation import accuracy_at, evaluate, expected_calibration_error, measure
from classifier.pipeline import RequestClassifier
from classifier.samples import Samples
from classifier.training import train
from tests.classifier.conftest import NOW
from tests.classifier.letters import REQUESTS


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


def test_the_surest_texts_are_counted_first() -> None:
    chances = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55], [0.3, 0.7]])
    answers = np.array([0, 1, 1, 0, 1])  # wrong where the model is least sure
    assert accuracy_at(0.6, chances, answers) == 1.0
    assert accuracy_at(0.8, chances, answers) == 0.75
    assert accuracy_at(1.0, chances, answers) == 0.6


def test_a_wrong_leaf_of_the_right_branch_is_right_one_level_up() -> None:
    texts = [text for group in REQUESTS.values() for text in group]
    labels = [code for code in ("0101", "0102", "0201") for _ in range(6)]
    parents = {"0101": "01", "0102": "01", "0201": "02"}
    model = train(Samples(tuple(texts), tuple(labels), (), "0" * 64), now=NOW, parents=parents)
    noise, wages = REQUESTS["噪音"][0], REQUESTS["欠薪"][0]
    # The first is called unpaid wages here: wrong as a leaf, of the same branch nevertheless.
    told = Samples((noise, wages, "飞船降落"), ("0102", "0102", "0999"), (), "0" * 64)
    result = evaluate(model, told)
    assert result.figures.accuracy == pytest.approx(1 / 3)
    assert result.levels[1].accuracy == pytest.approx(2 / 3)
    assert result.levels[2].accuracy == pytest.approx(1 / 3)


def test_texts_that_cannot_be_read_are_counted(model: RequestClassifier) -> None:
    samples = Samples(("老板拖欠工资", "？？？", "zzz"), ("欠薪", "欠薪", "停车"), (), "0" * 64)
    result = evaluate(model, samples)
    assert result.out_of_scope == pytest.approx(2 / 3)
    assert set(result.to_json()["coverage"]) == {"0.8", "0.9"}
