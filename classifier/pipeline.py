"""The trained model: from raw text to calibrated probabilities and the words that decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from scipy.sparse import csr_matrix

from classifier.calibration import Calibration, Probabilities
from classifier.features import FeatureSpace, Floats, Words
from classifier.tokens import Tokenizer
from dispatch.domain.ports import Evidence, Suggestion

EVIDENCE_WORDS = 6
"""Words shown for a suggestion; more than a glance can take helps nobody."""

EXPLAINED = 3
"""Suggestions that come with evidence: those shown to a person."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """Where a model comes from and how good it was on texts it had not seen."""

    version: str
    trained_at: datetime
    texts: int
    data_sha256: str
    metrics: Mapping[str, float]
    """Out-of-fold: accuracy, macro_f1, top3, ece (expected calibration error), all 0 to 1."""
    libraries: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    """Chinese name of each label that is a code."""


@dataclass(frozen=True)
class LinearHead:
    """One row of weights per label over the columns of the feature space, and how sure to be."""

    weights: Floats
    bias: Floats
    calibration: Calibration


class RequestClassifier:
    """Says which of its labels a request belongs to, how probably, and because of which words."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        space: FeatureSpace,
        head: LinearHead,
        labels: Sequence[str],
        card: ModelCard,
    ) -> None:
        self.tokenizer = tokenizer
        self.space = space
        self.head = head
        self.labels = tuple(labels)
        self.card = card
        # A word speaks for a label by what it adds beyond what it adds to all labels.
        self._telling: Floats = head.weights - head.weights.mean(axis=0)
        self._by_column = np.ascontiguousarray(head.weights.T)

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Return texts × labels; a text without a known word gets the prior of the training."""
        return self._judge(self.space.rows([self.tokenizer.words(text) for text in texts]))

    def suggest(self, text: str, *, top: int | None = 3) -> tuple[Suggestion, ...]:
        """Return the best labels with their evidence, best first; all labels when top is None.

        Nothing is suggested for a text without one word the model knows.
        """
        words = self.tokenizer.words(text)
        row = self.space.rows([words])
        if row.nnz == 0:
            return ()
        chances = self._judge(row)[0]
        best = np.argsort(-chances, kind="stable")[:top].tolist()
        evidence = self._evidence(words, row, best[:EXPLAINED])
        return tuple(
            Suggestion(
                label=self.labels[column],
                name=self.card.names.get(self.labels[column], self.labels[column]),
                probability=float(chances[column]),
                evidence=evidence.get(column, ()),
            )
            for column in best
        )

    def _judge(self, rows: csr_matrix) -> Probabilities:
        margins = rows @ self._by_column + self.head.bias
        return self.head.calibration.probabilities(np.asarray(margins))

    def _evidence(
        self, words: Words, row: csr_matrix, columns: Sequence[int]
    ) -> dict[int, tuple[Evidence, ...]]:
        distinct, parts = self.space.parts(words, row)
        shares = parts @ self._telling[np.ix_(columns, row.indices)].T
        return {
            column: _most_telling(zip(distinct, shares[:, at].tolist(), strict=True))
            for at, column in enumerate(columns)
        }


def _most_telling(shares: Iterable[tuple[str, float]]) -> tuple[Evidence, ...]:
    speaking = [(word, share) for word, share in shares if share > 0]
    # A lone character or number rarely explains anything to a person.
    plain = [item for item in speaking if len(item[0]) > 1 and not item[0].isdigit()]
    ranked = sorted(plain or speaking, key=lambda item: (-item[1], item[0]))
    return tuple(Evidence(word, round(share, 4)) for word, share in ranked[:EVIDENCE_WORDS])
