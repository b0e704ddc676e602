"""Learning from more texts than fit into memory as rows, or into a quarter of an hour.

The ordinary way keeps every text's words and rows and fits six machines on all of them. From
MANY texts on (a city that has had the hotline for years) the texts are read in one stream:

1. every text is cut once and kept as the numbers of its words, four bytes a word; the
   document frequencies of all features are counted on the way, in bounded memory;
2. a machine learns from a first lesson, in which no label has more than its fair share;
3. it judges the other texts, in any order, until a second lesson of those that it was not
   clearly right about is full: the rest would not move a support vector machine anyhow;
4. the final machine learns from both lessons.

Some texts are kept aside from the start; on them chances are calibrated and figures taken, so
there are no folds. What this costs in accuracy is measured in docs/classifier.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from classifier.census import Census
from classifier.features import BATCH, FeatureSpace, Floats
from classifier.looks import LOOKS
from classifier.tokens import Tokenizer
from classifier.wordbook import Numbers

MANY = 60_000
"""More texts than this are learned from in the way of this module."""

LESSON = 40_000
"""Texts of each of the two lessons; fewer when there are many labels, each of which has a cost."""

WORK = 2_400_000
"""Texts times labels of a lesson at most, but never fewer than MANY / 4 texts."""

ASIDE = 20_000
"""Texts kept aside, a tenth of all at most."""

MOST_FEATURES = 150_000
"""Features of one look that are kept, the most frequent ones."""

RARE = 100_000
"""A feature must occur in one document for every so many, and in two at least."""

CLEARLY = 1.0
"""A text was clearly right when its label led the next one by more than this margin."""

Fit = Callable[[csr_matrix, Numbers], tuple[Floats, Floats]]
"""Learns weights (labels × columns) and bias from rows and the column of each one's label."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Learned:
    """What was learned, and how it, or its like, judged texts that it had not seen."""

    space: FeatureSpace
    weights: Floats
    bias: Floats
    unseen: Numbers
    """Places of those texts among all."""
    margins: Floats
    answers: Numbers
    """The column of each one's label."""
    rows: csr_matrix
    """Rows that were learned from and can serve other questions, too."""
    places: Numbers
    """Places of their texts among all."""


def learn_from_many(
    texts: Sequence[str],
    answers: Numbers,
    *,
    labels: int,
    titles: tuple[Sequence[str], Numbers],
    tokenizer: Tokenizer,
    fit: Fit,
    seed: int,
    progress: Progress = lambda step: None,
) -> Learned:
    """Learn from texts with the column of each one's label.

    `titles` are names of labels and their columns, which belong to every lesson.
    Raises ValueError when no feature is common enough.
    """
    pile = Pile(tokenizer)
    pile.add(texts, progress)
    space = pile.space()
    known = space.rows([tokenizer.words(title) for title in titles[0]])
    random = np.random.default_rng(seed)
    order = random.permutation(len(answers))
    aside, rest = np.split(order, [min(ASIDE, len(order) // 10)])
    size = min(LESSON, max(WORK // labels, MANY // 4))
    first = _fairly(rest, answers, size)
    progress(f"第一课：{len(first)} 条")
    fair = pile.rows(space, first)
    rows = vstack([known, fair], format="csr")
    learned = np.concatenate([titles[1], answers[first]])
    weights, bias = fit(rows, learned)
    second = _unclear(
        pile.margins(space, np.setdiff1d(rest, first), weights, bias, random), answers, size
    )
    progress(f"第二课：{len(second)} 条判断不清的文本")
    rows = vstack([rows, pile.rows(space, second)], format="csr")
    weights, bias = fit(rows, np.concatenate([learned, answers[second]]))
    judged = list(pile.margins(space, aside, weights, bias, random))
    aside = np.concatenate([places for places, _ in judged])
    margins = np.vstack([part for _, part in judged])
    return Learned(space, weights, bias, aside, margins, answers[aside], fair, first)


class Pile:
    """Texts as the numbers of their words, with a count of all their features."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._census = Census(LOOKS)
        self._numbers: list[NDArray[np.int32]] = []
        self._ends: list[Numbers] = []

    def add(self, texts: Sequence[str], progress: Progress = lambda step: None) -> None:
        """Cut and count the texts."""
        for start in range(0, len(texts), BATCH):
            if start % (100 * BATCH) == 0:
                progress(f"分词并统计：{start}/{len(texts)} 条")
            words = [self._tokenizer.words(text) for text in texts[start : start + BATCH]]
            scan = self._census.add(words)
            self._numbers.append(scan.numbers.astype(np.int32))
            self._ends.append(np.concatenate([[0], scan.ends]))

    def space(self) -> FeatureSpace:
        """Return the features that are common enough."""
        rare = max(2, self._census.documents // RARE)
        return FeatureSpace.of(self._census, min_documents=rare, most=MOST_FEATURES)

    def rows(self, space: FeatureSpace, places: Numbers) -> csr_matrix:
        """Return the rows of the texts at these places."""
        nothing = csr_matrix((0, space.width), dtype=np.float32)
        return vstack([nothing, *(part for _, part in self._parts(space, places))], format="csr")

    def margins(
        self,
        space: FeatureSpace,
        places: Numbers,
        weights: Floats,
        bias: Floats,
        random: np.random.Generator,
    ) -> Iterator[tuple[Numbers, Floats]]:
        """Yield some of the places at a time, in any order, with the margins of their texts."""
        by_column = np.ascontiguousarray(weights.T)
        for part, rows in self._parts(space, random.permutation(places)):
            yield part, np.asarray(rows @ by_column + bias, dtype=np.float32)

    def _parts(self, space: FeatureSpace, places: Numbers) -> Iterator[tuple[Numbers, csr_matrix]]:
        spelt = np.array(self._census.book.words, dtype=object)
        for start in range(0, len(places), BATCH):
            part = places[start : start + BATCH]
            documents = [spelt[self._text(place)].tolist() for place in part.tolist()]
            yield part, space.read(documents).rows

    def _text(self, place: int) -> NDArray[np.int32]:
        batch, at = divmod(place, BATCH)
        ends = self._ends[batch]
        return self._numbers[batch][ends[at] : ends[at + 1]]


def _fairly(places: Numbers, answers: Numbers, size: int) -> Numbers:
    """Return so many places: of a rare label all, of the frequent ones equally many."""
    sizes = np.bincount(answers[places])
    share = 1
    # The largest share of each label that still fits.
    for step in (1 << at for at in reversed(range(int(size).bit_length() + 1))):
        if np.minimum(sizes, share + step).sum() <= size:
            share += step
    by_label = places[np.argsort(answers[places], kind="stable")]
    rank = np.arange(len(places)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return by_label[rank < share]


def _unclear(judged: Iterator[tuple[Numbers, Floats]], answers: Numbers, size: int) -> Numbers:
    """Return the first so many places of texts the machine was not clearly right about."""
    found = [np.zeros(0, dtype=np.int64)]
    for places, margins in judged:
        found.append(places[_lead(margins, answers[places]) < CLEARLY])
        if sum(map(len, found)) >= size:
            break
    return np.concatenate(found)[:size]


def _lead(margins: Floats, answers: Numbers) -> Floats:
    """Return by how much the true label's margin leads the best other one's."""
    every = np.arange(len(answers))
    true = margins[every, answers]
    others = margins.copy()
    others[every, answers] = -np.inf
    lead: Floats = true - others.max(axis=1)
    return lead
