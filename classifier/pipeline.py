"""The trained model: from raw text to calibrated probabilities and the words that decided."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from classifier.calibration import Calibration, Margins, Probabilities
from classifier.evidence import EXPLAINED, explain
from classifier.features import FeatureSpace, Floats
from classifier.tokens import Tokenizer
from dispatch.domain.ports import Evidence, Suggestion

CATEGORY = "category"
"""The head every model has; the others are there when they were learned."""

KIND = "kind"
"""The head for the kind of a request (complaint, enquiry …)."""

URGENCY = "urgency"
"""The head for the urgency of a request."""

BATCH = 500
"""Texts judged at a time, so that memory does not grow with their number."""


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
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What its page in the portal shows, plain JSON."""


@dataclass(frozen=True)
class Head:
    """One question: its labels, weights of each over the feature space, and how sure to be."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats
    calibration: Calibration

    def probabilities(self, rows: csr_matrix) -> Probabilities:
        """Return rows × labels, each row adding up to 1."""
        return self.calibration.probabilities(self.margins(rows))

    def margins(self, rows: csr_matrix) -> Margins:
        """Return the sums of the weights, rows × labels."""
        return np.asarray(rows @ self._by_column + self.bias)

    @cached_property
    def _by_column(self) -> Floats:
        return np.ascontiguousarray(self.weights.T)


@dataclass(frozen=True)
class Judgement:
    """What the model makes of one text."""

    words: tuple[str, ...]
    """The telling words, in order."""
    known: bool
    """Whether the model knows at least one of them; nothing is suggested otherwise."""
    chances: Mapping[str, Probabilities]
    """For each head, the probability of each of its labels."""
    suggestions: tuple[Suggestion, ...]
    """The best categories, best first; those shown to a person with their evidence."""


class RequestClassifier:
    """Says which of its labels a request belongs to, how probably, and because of which words."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        space: FeatureSpace,
        heads: Mapping[str, Head],
        card: ModelCard,
        judgement: Mapping[str, Any] | None = None,
    ) -> None:
        """`judgement` is what was derived from unseen texts (thresholds …), plain JSON.

        Raises KeyError when there is no head for the category.
        """
        self.tokenizer = tokenizer
        self.space = space
        self.heads = dict(heads)
        self.head = self.heads[CATEGORY]
        self.labels = self.head.labels
        self.card = card
        self.judgement = dict(judgement or {})
        # A word speaks for a label by what it adds beyond what it adds to all labels.
        self._telling = np.ascontiguousarray((self.head.weights - self.head.weights.mean(axis=0)).T)

    def probabilities(self, texts: Sequence[str], head: str = CATEGORY) -> Probabilities:
        """Return texts × labels; a text without a known word gets the prior of the training."""
        return self.heads[head].probabilities(
            self.space.rows([self.tokenizer.words(text) for text in texts])
        )

    def suggest(self, text: str, *, top: int | None = EXPLAINED) -> tuple[Suggestion, ...]:
        """Return the best labels with their evidence, best first; all labels when top is None.

        Nothing is suggested for a text without one word the model knows.
        """
        return next(self.judge([text], top=top)).suggestions

    def judge(self, texts: Sequence[str], *, top: int | None = EXPLAINED) -> Iterator[Judgement]:
        """Yield everything the model has to say of each text, in order."""
        for start in range(0, len(texts), BATCH):
            documents = [self.tokenizer.words(text) for text in texts[start : start + BATCH]]
            yield from self._judge(documents, top)

    def _judge(self, documents: Sequence[list[str]], top: int | None) -> Iterator[Judgement]:
        reading = self.space.read(documents)
        margins = {name: head.margins(reading.rows) for name, head in self.heads.items()}
        chances = {
            name: head.calibration.probabilities(margins[name]) for name, head in self.heads.items()
        }
        ranked = np.argsort(-chances[CATEGORY], axis=1, kind="stable")[:, :top]
        evidence = explain(reading, documents, self._telling, ranked[:, :EXPLAINED])
        known = np.diff(reading.rows.indptr) > 0
        best = np.take_along_axis(chances[CATEGORY], ranked, axis=1).tolist()
        scores = margins[CATEGORY] - margins[CATEGORY].mean(axis=1, keepdims=True)
        scored = np.take_along_axis(scores, ranked, axis=1).tolist()
        for at, words in enumerate(documents):
            found = zip(ranked[at].tolist(), best[at], scored[at], strict=True)
            yield Judgement(
                words=tuple(words),
                known=bool(known[at]),
                chances={name: rows[at] for name, rows in chances.items()},
                suggestions=tuple(
                    self._suggestion(column, chance, score, evidence[at][place : place + 1])
                    for place, (column, chance, score) in enumerate(found if known[at] else ())
                ),
            )

    def _suggestion(
        self, column: int, chance: float, score: float, evidence: Sequence[tuple[Evidence, ...]]
    ) -> Suggestion:
        label = self.labels[column]
        why = evidence[0] if evidence else ()
        rest = score - sum(word.weight for word in why)
        return Suggestion(label, self.card.names.get(label, label), chance, why, score, rest)
