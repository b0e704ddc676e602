"""Learning from very many texts, here from few: the same way, only shorter."""

import numpy as np
import pytest

from classifier.census import Census
from classifier.features import FeatureSpace
from classifier.looks import LOOKS
from classifier.machine import fit_machine
from classifier.multitude import Learned, Pile, learn_from_many
from classifier.tokens import Tokenizer
from tests.classifier.letters import requests

LABELS = sorted(set(requests().labels))
ANSWERS = np.array([LABELS.index(label) for label in requests().labels])


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer()


@pytest.fixture(scope="module")
def learned(tokenizer: Tokenizer) -> Learned:
    # Six batches and a bit, each request written in some other order of its parts.
    texts = [f"{text}，第{at}次" for at in range(180) for text in requests().texts]
    return learn_from_many(
        texts,
        np.tile(ANSWERS, 180),
        labels=len(LABELS),
        titles=(["噪声污染"], np.array([LABELS.index("噪音")])),
        tokenizer=tokenizer,
        fit=lambda rows, answers: fit_machine(rows, answers, len(LABELS)),
        seed=1,
    )


def test_it_learns_and_judges_texts_that_it_kept_aside(learned: Learned) -> None:
    assert len(learned.unseen) == len(learned.answers) == len(learned.margins) == 324
    assert (learned.margins.argmax(axis=1) == learned.answers).mean() > 0.99
    assert not set(learned.unseen) & set(learned.places)
    assert np.array_equal(learned.answers, np.tile(ANSWERS, 180)[learned.unseen])


def test_what_it_learned_holds_for_a_new_text(learned: Learned, tokenizer: Tokenizer) -> None:
    rows = learned.space.rows(
        [tokenizer.words("老板欠我两个月工资不给"), tokenizer.words("停车位")]
    )
    margins = rows @ learned.weights.T + learned.bias
    assert [LABELS[at] for at in margins.argmax(axis=1)] == ["欠薪", "停车"]


def test_the_rows_of_a_pile_are_those_of_its_texts(tokenizer: Tokenizer) -> None:
    texts = requests().texts * 60
    pile = Pile(tokenizer)
    pile.add(texts)
    space = pile.space()
    places = np.array([1079, 0, 517, 3])
    expected = space.rows([tokenizer.words(texts[place]) for place in places])
    assert np.array_equal(pile.rows(space, places).toarray(), expected.toarray())
    assert pile.rows(space, places[:0]).shape == (0, space.width)


def test_of_too_many_features_the_most_frequent_stay(tokenizer: Tokenizer) -> None:
    documents = [tokenizer.words(text) for text in requests().texts]
    census = Census(LOOKS)
    census.add(documents)
    space = FeatureSpace.of(census, min_documents=1, most=5)
    assert [len(block.features) for block in space.blocks.values()] == [5] * len(space.blocks)
    every = FeatureSpace.of(census, min_documents=1)
    for name, block in space.blocks.items():
        assert sorted(block.idf) == sorted(every.blocks[name].idf)[:5]
