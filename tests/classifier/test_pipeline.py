"""The trained model: what it says, why, and that it says the same again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.errors import SamplesUnusable
from classifier.pipeline import RequestClassifier
from classifier.reading import count_up
from classifier.samples import Samples
from classifier.tokens import ReferenceSegmenter
from classifier.training import train
from tests.classifier.conftest import NOW
from tests.classifier.letters import requests

WORDS = (
    "噪音",
    "扰民",
    "工资",
    "拖欠",
    "停车",
    "车位",
    "晚上",
    "老板",
    "，",
    "飞船",
    "小区",
    "12",
    "a",
)


COMPLAINT = "楼上邻居装修打孔，周末早上噪音扰民"


def test_it_finds_the_subject_of_a_new_request(model: RequestClassifier) -> None:
    assert model.suggest(COMPLAINT)[0].label == "噪音"
    assert model.suggest("老板欠我两个月工资不给")[0].label == "欠薪"
    assert model.suggest("路边停车位被僵尸车占了")[0].label == "停车"


def test_probabilities_of_all_labels_add_up_to_one(model: RequestClassifier) -> None:
    chances = [one.probability for one in model.suggest(COMPLAINT, top=None)]
    assert len(chances) == 3
    assert sum(chances) == pytest.approx(1.0)
    assert chances == sorted(chances, reverse=True)


def test_the_evidence_consists_of_words_of_the_text(model: RequestClassifier) -> None:
    best = model.suggest(COMPLAINT)[0]
    assert best.evidence[0].token.startswith("噪音")
    assert all(word.token in COMPLAINT and word.weight > 0 for word in best.evidence)


def test_the_shares_of_the_words_add_up_to_the_score(model: RequestClassifier) -> None:
    words = model.tokenizer.words(COMPLAINT + COMPLAINT)
    weights = model.head.weights[:1].T
    reading = model.space.read([words])
    distinct = count_up(reading.scan.numbers, reading.scan.document)
    shares = reading.shares(weights, np.array([[0]]), distinct)
    score = (reading.rows @ weights)[0, 0]
    assert len(shares) == len(set(words))
    assert shares.sum() == pytest.approx(float(score), abs=1e-5)


@settings(deadline=None)
@given(text=st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map("".join))
def test_what_is_shown_and_the_rest_add_up_to_the_score_of_every_proposal(
    model: RequestClassifier, text: str
) -> None:
    row = model.space.rows([model.tokenizer.words(text)])
    margins = (row @ model.head.weights.T + model.head.bias)[0]
    for one in model.suggest(text, top=None):
        shown = sum(word.weight for word in one.evidence)
        assert shown + one.rest == pytest.approx(one.score)
        margin = margins[model.labels.index(one.label)]
        assert one.score == pytest.approx(float(margin - margins.mean()), abs=1e-4)


def test_a_cut_text_gets_the_answer_of_the_raw_one(
    model: RequestClassifier, jieba: ReferenceSegmenter
) -> None:
    cut = " ".join(jieba.cut(COMPLAINT))
    assert model.suggest(cut) == model.suggest(COMPLAINT)


@pytest.mark.parametrize("nothing", ["", " ", "！？", "𠀀𠀁", "zzzzzz qqqq"])
def test_it_says_nothing_of_a_text_it_cannot_read(model: RequestClassifier, nothing: str) -> None:
    assert model.suggest(nothing) == ()
    assert model.probabilities([nothing]).sum() == pytest.approx(1.0)


def test_the_same_samples_give_the_same_model(model: RequestClassifier) -> None:
    again = train(requests(), now=NOW)
    assert np.array_equal(again.head.weights, model.head.weights)
    assert again.head.calibration == model.head.calibration
    assert again.card == model.card


def test_two_labels_and_a_label_with_one_text_are_enough() -> None:
    samples = Samples(("噪音扰民", "夜间噪音", "拖欠工资"), ("a", "a", "b"), (), "0" * 64)
    model = train(samples, now=NOW)
    assert model.suggest("老板拖欠工资")[0].label == "b"


def test_the_name_of_a_category_is_learned_from_like_a_text() -> None:
    samples = Samples(
        ("夜里太吵", "音响太响", "车开不动", "堵了一路"), ("1", "1", "2", "2"), (), "0" * 64
    )
    model = train(samples, now=NOW, names={"1": "噪声污染", "2": "道路交通"})
    assert model.suggest("噪声污染")[0].name == "噪声污染"
    assert model.suggest("道路交通")[0].label == "2"


def test_one_label_cannot_be_learned() -> None:
    with pytest.raises(SamplesUnusable, match="至少需要两个不同的类别"):
        train(Samples(("噪音", "油烟"), ("a", "a"), (), "0" * 64), now=NOW)


def test_texts_without_a_word_cannot_be_learned() -> None:
    with pytest.raises(SamplesUnusable, match="没有可识别的文字"):
        train(Samples(("？", "！"), ("a", "b"), (), "0" * 64), now=NOW)


def test_the_card_tells_where_the_model_comes_from(model: RequestClassifier) -> None:
    card = model.card
    assert (card.texts, card.trained_at, card.data_sha256) == (18, NOW, "0" * 64)
    assert set(card.metrics) == {"accuracy", "macro_f1", "top3", "ece"}
    assert {"scikit-learn", "numpy", "python"} <= set(card.libraries)
