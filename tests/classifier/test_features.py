"""The feature rows are those of scikit-learn, only faster."""

import numpy as np
import pytest
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from classifier.features import FeatureSpace
from classifier.looks import LOOKS
from classifier.reading import count_up
from classifier.tokens import Tokenizer
from tests.classifier.letters import requests


@pytest.fixture(scope="module")
def documents() -> list[list[str]]:
    tokenizer = Tokenizer()
    # A long letter reaches beyond the lead and the opening, with repeated words.
    return [tokenizer.words(text) for text in (*requests().texts, "".join(requests().texts))]


@pytest.mark.parametrize("min_documents", [1, 2])
def test_rows_are_those_of_scikit_learn(documents: list[list[str]], min_documents: int) -> None:
    space = FeatureSpace.learn(documents, min_documents=min_documents)
    expected = hstack(
        [
            TfidfVectorizer(
                analyzer=look.features, min_df=min_documents, sublinear_tf=True
            ).fit_transform(documents)
            * look.length
            for look in LOOKS.values()
        ]
    ).toarray()
    assert np.allclose(space.rows(documents).toarray(), expected, atol=1e-5)


def test_a_batch_gives_the_rows_of_single_documents(documents: list[list[str]]) -> None:
    space = FeatureSpace.learn(documents, min_documents=1)
    many = space.rows(documents * 40)
    assert many.shape[0] == 40 * len(documents)
    assert np.array_equal(many[700].toarray(), space.rows([documents[700 % 19]]).toarray())


def test_the_parts_of_the_words_add_up_to_the_row(documents: list[list[str]]) -> None:
    space = FeatureSpace.learn(documents, min_documents=1)
    reading = space.read(documents)
    weights = np.random.default_rng(7).normal(size=(space.width, 3)).astype(np.float32)
    labels = np.array([[at % 3, (at + 1) % 3] for at in range(len(documents))])
    words = count_up(reading.scan.numbers, reading.scan.document)
    shares = reading.shares(weights, labels, words)
    assert len(shares) == sum(len(set(document)) for document in documents)
    scores = np.take_along_axis(reading.rows @ weights, labels, axis=1)
    for asked in (0, 1):
        added = np.bincount(words.documents, shares[:, asked], minlength=len(documents))
        assert np.allclose(added, scores[:, asked], atol=1e-5)


def test_documents_without_a_word_cannot_be_learned() -> None:
    with pytest.raises(ValueError):
        FeatureSpace.learn([[], []], min_documents=1)
