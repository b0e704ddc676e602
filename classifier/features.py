"""What the model looks at in a request: words, pairs of words, their characters, the opening."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

LEAD_WORDS = 8
"""Telling words taken as the title: people say first what it is about."""

OPENING_WORDS = 40
"""Telling words that count as the opening paragraph."""

Words = Sequence[str]
Floats = NDArray[np.float32]
Source = tuple[str, ...]
"""The words of the text a feature stems from."""


@lru_cache(maxsize=100_000)
def itself(word: str) -> Source:
    """Return the word."""
    return (word,)


@lru_cache(maxsize=100_000)
def characters(word: str) -> Source:
    """Return its runs of one to three characters: they mend odd cuts and typing slips."""
    return tuple(word[at : at + n] for n in (1, 2, 3) for at in range(len(word) - n + 1))


@lru_cache(maxsize=100_000)
def itself_and_pairs(word: str) -> Source:
    """Return the word and its pairs of characters."""
    return (word, *(word[at : at + 2] for at in range(len(word) - 1)))


@dataclass(frozen=True)
class Look:
    """One way of looking at a request, kept apart from the others by its own vocabulary."""

    of_word: Callable[[str], Source]
    first: int = 0
    until: int | None = None
    pairs: bool = False
    """Whether neighbouring words count together, too."""
    length: float = 1.0
    """Length of this part of the row; the figures are in docs/classifier.md."""

    def features(self, words: Words) -> list[str]:
        """Return every feature of the words, repeated as often as it occurs."""
        seen = words[self.first : self.until]
        found = list(chain.from_iterable(map(self.of_word, seen)))
        if self.pairs:
            found.extend(map(" ".join, pairwise(seen)))
        return found

    def sources(self, words: Words) -> Iterator[tuple[str, Source]]:
        """Yield the same features, each with the words it stems from."""
        seen = words[self.first : self.until]
        for word in seen:
            for feature in self.of_word(word):
                yield feature, (word,)
        if self.pairs:
            for pair in pairwise(seen):
                yield " ".join(pair), pair


LOOKS: Mapping[str, Look] = {
    "word": Look(itself, pairs=True),
    "character": Look(characters),
    "lead": Look(itself_and_pairs, until=LEAD_WORDS, length=0.8),
    "opening": Look(itself, LEAD_WORDS, OPENING_WORDS, length=0.6),
}


class FeatureSpace:
    """Maps the words of a request to a sparse row: one TF-IDF block beside the other."""

    def __init__(self, blocks: Mapping[str, TfidfVectorizer]) -> None:
        self._blocks = dict(blocks)
        self.width = sum(len(block.vocabulary_) for block in self._blocks.values())

    @classmethod
    def learn(cls, documents: Sequence[Words], *, min_documents: int) -> "FeatureSpace":
        """Take the features seen in at least min_documents documents, in a fixed order.

        Raises ValueError when no document has a word.
        """
        blocks: dict[str, TfidfVectorizer] = {}
        for name, look in LOOKS.items():
            block = _vectorizer(name, min_df=min_documents)
            # A block nobody has words for (no letter is long enough) is left out.
            if any(look.features(words) for words in documents):
                blocks[name] = block.fit(documents)
        if not blocks:
            raise ValueError("no document has a word")
        return cls(blocks)

    @classmethod
    def restore(cls, state: Mapping[str, tuple[Sequence[str], Floats]]) -> "FeatureSpace":
        """Build the space again from what `state` returned.

        Raises ValueError when a block is unknown or its lists do not fit each other.
        """
        blocks: dict[str, TfidfVectorizer] = {}
        for name, (features, idf) in state.items():
            if name not in LOOKS or len(features) != len(idf):
                raise ValueError(f"block {name} does not fit")
            block = _vectorizer(name, vocabulary=list(features))
            block.idf_ = np.asarray(idf, dtype=np.float32)
            blocks[name] = block
        return cls(blocks)

    def state(self) -> dict[str, tuple[list[str], Floats]]:
        """Return each block's features in column order with their rarity weights (idf)."""
        return {
            name: (list(block.get_feature_names_out()), np.asarray(block.idf_, np.float32))
            for name, block in self._blocks.items()
        }

    def rows(self, documents: Sequence[Words]) -> csr_matrix:
        """Return one sparse row per document; all zero when no feature is known."""
        parts = [
            block.transform(documents) * np.float32(LOOKS[name].length)
            for name, block in self._blocks.items()
        ]
        return hstack(parts, format="csr", dtype=np.float32)

    def shares(self, words: Words, weights: Floats) -> dict[str, float]:
        """Divide a linear score among the words: each gets what its features contribute.

        `weights` has one number per column. A pair gives half to each of its words, a repeated
        feature an equal part to each occurrence; the shares add up to row @ weights.
        """
        row = self.rows([words])
        worth = dict(zip(row.indices.tolist(), (row.data * weights[row.indices]), strict=True))
        shares: dict[str, float] = dict.fromkeys(words, 0.0)
        offset = 0
        for name, block in self._blocks.items():
            vocabulary = block.vocabulary_
            found = [(f, source) for f, source in LOOKS[name].sources(words) if f in vocabulary]
            times = Counter(feature for feature, _ in found)
            for feature, source in found:
                part = float(worth[offset + vocabulary[feature]]) / times[feature] / len(source)
                for word in source:
                    shares[word] += part
            offset += len(vocabulary)
        return shares


def _vectorizer(name: str, **options: object) -> TfidfVectorizer:
    analyse = LOOKS[name].features
    return TfidfVectorizer(analyzer=analyse, sublinear_tf=True, dtype=np.float32, **options)
