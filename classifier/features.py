"""What the model looks at in a request: words, pairs of words, their characters, the opening."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import TfidfVectorizer

LEAD_WORDS = 8
"""Telling words taken as the title: people say first what it is about."""

OPENING_WORDS = 40
"""Telling words that count as the opening paragraph."""

BATCH = 500
"""Documents counted together; bounds the memory of a large file."""

Words = Sequence[str]
Floats = NDArray[np.float32]


def itself(word: str) -> tuple[str, ...]:
    """Return the word."""
    return (word,)


def characters(word: str) -> tuple[str, ...]:
    """Return its runs of one to three characters: they mend odd cuts and typing slips."""
    return tuple(word[at : at + n] for n in (1, 2, 3) for at in range(len(word) - n + 1))


def itself_and_pairs(word: str) -> tuple[str, ...]:
    """Return the word and its pairs of characters."""
    return (word, *(word[at : at + 2] for at in range(len(word) - 1)))


@dataclass(frozen=True)
class Look:
    """One way of looking at a request, kept apart from the others by its own vocabulary."""

    of_word: Callable[[str], tuple[str, ...]]
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


LOOKS: Mapping[str, Look] = {
    "word": Look(itself, pairs=True),
    "character": Look(characters),
    "lead": Look(itself_and_pairs, until=LEAD_WORDS, length=0.8),
    "opening": Look(itself, LEAD_WORDS, OPENING_WORDS, length=0.6),
}


@dataclass(frozen=True)
class Block:
    """The vocabulary of one look: its features in column order with their rarity (idf)."""

    features: tuple[str, ...]
    idf: Floats


class FeatureSpace:
    """Maps the words of a request to a sparse row: one TF-IDF block beside the other.

    Each block is what scikit-learn's TfidfVectorizer with sublinear term frequency gives; the
    rows are computed here, all blocks at once, because that is several times faster.
    """

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        """Raises ValueError when a block is unknown or its lists do not fit each other."""
        for name, block in blocks.items():
            if name not in LOOKS or block.idf.shape != (len(block.features),):
                raise ValueError(f"block {name} does not fit")
        self.blocks = dict(blocks)
        self.width = sum(len(block.features) for block in blocks.values())
        self._columns: list[tuple[Look, dict[str, int]]] = []
        start = 0
        for name, block in blocks.items():
            columns = {feature: start + number for number, feature in enumerate(block.features)}
            self._columns.append((LOOKS[name], columns))
            start += len(block.features)
        self._of_word = [_remembering(look, columns) for look, columns in self._columns]
        self._idf = np.concatenate([np.zeros(0, np.float32), *(b.idf for b in blocks.values())])
        self._lengths = np.array([LOOKS[name].length for name in blocks], dtype=np.float32)

    @classmethod
    def learn(cls, documents: Sequence[Words], *, min_documents: int) -> "FeatureSpace":
        """Take the features seen in at least min_documents documents, in a fixed order.

        Raises ValueError when no document has a word, or no feature is common enough.
        """
        blocks: dict[str, Block] = {}
        for name, look in LOOKS.items():
            # A block nobody has words for (no letter is long enough) is left out.
            if name != "word" and not any(look.features(words) for words in documents):
                continue
            learner = TfidfVectorizer(analyzer=look.features, min_df=min_documents)
            learner.fit(documents)
            idf = np.asarray(learner.idf_, dtype=np.float32)
            blocks[name] = Block(tuple(learner.get_feature_names_out()), idf)
        return cls(blocks)

    def rows(self, documents: Sequence[Words]) -> csr_matrix:
        """Return one sparse row per document; all zero when no feature is known."""
        if not documents:
            return csr_matrix((0, self.width), dtype=np.float32)
        starts = range(0, len(documents), BATCH)
        parts = [self._rows(documents[start : start + BATCH]) for start in starts]
        return parts[0] if len(parts) == 1 else vstack(parts, format="csr")

    def _rows(self, documents: Sequence[Words]) -> csr_matrix:
        looks = len(self._columns)
        found: list[int] = []
        ends: list[int] = []
        for words in documents:
            for (look, columns), of_word in zip(self._columns, self._of_word, strict=True):
                seen = words[look.first : look.until]
                found.extend(chain.from_iterable(map(of_word, seen)))
                if look.pairs:
                    pairs = map(columns.get, map(" ".join, pairwise(seen)))
                    found.extend(column for column in pairs if column is not None)
                ends.append(len(found))
        # One part is what one look saw in one document; parts are numbered document by document.
        part = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        occurrences = part * self.width + np.array(found, dtype=np.int64)
        distinct, counts = np.unique(occurrences, return_counts=True)
        part, column = distinct // self.width, distinct % self.width
        values = (1 + np.log(counts)) * self._idf[column]
        norms = np.sqrt(np.bincount(part, values * values, minlength=len(ends)))
        values *= self._lengths[part % looks] / norms[part]
        ends_of_rows = np.cumsum(np.bincount(part // looks, minlength=len(documents)))
        pointers = np.concatenate([[0], ends_of_rows])
        return csr_matrix(
            (values.astype(np.float32), column, pointers), shape=(len(documents), self.width)
        )

    def parts(self, words: Words, row: csr_matrix) -> tuple[list[str], csr_matrix]:
        """Divide the row of the words among them: distinct words, and one row for each.

        The columns are those that the row fills (row.indices), in that order.

        A pair gives half to each of its words, a repeated feature an equal part to each
        occurrence. The parts add up to the row, so linear scores of the parts to its score.
        """
        number = {word: at for at, word in enumerate(dict.fromkeys(words))}
        owner: list[int] = []
        column: list[int] = []
        share: list[float] = []
        for (look, columns), of_word in zip(self._columns, self._of_word, strict=True):
            seen = words[look.first : look.until]
            for word in seen:
                found = of_word(word)
                column.extend(found)
                owner.extend([number[word]] * len(found))
                share.extend([1.0] * len(found))
            for pair in pairwise(seen) if look.pairs else ():
                both = columns.get(" ".join(pair))
                if both is not None:
                    column.extend((both, both))
                    owner.extend(number[word] for word in pair)
                    share.extend((0.5, 0.5))
        place = np.searchsorted(row.indices, column)
        times = np.bincount(place, share)
        values = row.data[place] * share / times[place]
        return list(number), csr_matrix((values, (owner, place)), shape=(len(number), row.nnz))


def _remembering(look: Look, columns: Mapping[str, int]) -> Callable[[str], tuple[int, ...]]:
    """Return a function from a word to the columns of its features, quick for words seen before."""

    @lru_cache(maxsize=100_000)
    def of_word(word: str) -> tuple[int, ...]:
        return tuple(columns[feature] for feature in look.of_word(word) if feature in columns)

    return of_word
