"""From the words of requests to rows of numbers, and from the numbers back to the words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from classifier.census import Census
from classifier.looks import LOOKS, Look
from classifier.reading import Occurrences, Reading, count_up
from classifier.wordbook import MOST_WORDS, Features, Numbers, Scan, WordBook, Words

BATCH = 500
"""Documents counted together; bounds the memory of a large file."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """The vocabulary of one look: its features in column order with their rarity (idf)."""

    features: tuple[str, ...]
    idf: Floats


class FeatureSpace:
    """Maps the words of a request to a sparse row: one TF-IDF block beside the other.

    Each block is what scikit-learn's TfidfVectorizer with sublinear term frequency gives; the
    rows are computed here, all blocks and a whole batch at once, because that is ten times
    faster.
    """

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        """Raises ValueError when a block is unknown or its lists do not fit each other."""
        for name, block in blocks.items():
            if name not in LOOKS or block.idf.shape != (len(block.features),):
                raise ValueError(f"block {name} does not fit")
        self.blocks = dict(blocks)
        sizes = [len(block.features) for block in blocks.values()]
        self.width = sum(sizes)
        self._looks = [LOOKS[name] for name in blocks]
        self._look_of = np.repeat(np.arange(len(sizes)), sizes)
        self._idf = np.concatenate([np.zeros(0, np.float32), *(b.idf for b in blocks.values())])
        self._lengths = np.array([look.length for look in self._looks], dtype=np.float32)
        starts = np.cumsum([0, *sizes])[:-1].tolist()
        columns = [
            {feature: start + at for at, feature in enumerate(block.features)}
            for start, block in zip(starts, blocks.values(), strict=True)
        ]
        self._pairs = [
            (look, _PairColumns(known))
            for look, known in zip(self._looks, columns, strict=True)
            if look.pairs
        ]
        self._windows = sorted({(look.first, look.until) for look in self._looks}, key=str)
        self._tables: list[Features] = [
            *(
                _columns_under(
                    [
                        (look, known)
                        for look, known in zip(self._looks, columns, strict=True)
                        if (look.first, look.until) == window
                    ]
                )
                for window in self._windows
            ),
            *(pairs.number for _, pairs in self._pairs),
        ]
        self._book = WordBook(self._tables)

    @classmethod
    def learn(cls, documents: Iterable[Words], *, min_documents: int) -> "FeatureSpace":
        """Take the features seen in at least min_documents documents, in a fixed order.

        Raises ValueError when no document has a word, or no feature is common enough.
        """
        census = Census(LOOKS)
        remaining = iter(documents)
        while batch := list(islice(remaining, BATCH)):
            census.add(batch)
        return cls.of(census, min_documents=min_documents)

    @classmethod
    def of(cls, census: Census, *, min_documents: int, most: int | None = None) -> "FeatureSpace":
        """Take the features that enough of the counted documents have, at most so many a look.

        Raises ValueError as `learn` does.
        """
        blocks: dict[str, Block] = {}
        for name in LOOKS:
            features, rarity = census.common(name, min_documents=min_documents, most=most)
            # A block nobody has words for (no letter is long enough) is left out.
            if features:
                blocks[name] = Block(features, rarity)
            elif name == "word" or census.seen(name):
                raise ValueError(f"no feature of {name} is common enough")
        return cls(blocks)

    def rows(self, documents: Sequence[Words]) -> csr_matrix:
        """Return one sparse row per document; all zero when no feature is known."""
        if not documents:
            return csr_matrix((0, self.width), dtype=np.float32)
        starts = range(0, len(documents), BATCH)
        parts = [self.read(documents[start : start + BATCH]).rows for start in starts]
        return parts[0] if len(parts) == 1 else vstack(parts, format="csr")

    def read(self, documents: Sequence[Words]) -> Reading:
        """Return the rows of a batch with the way back to the words."""
        book = self._book
        if len(book) > MOST_WORDS:
            self._book = book = WordBook(self._tables)
        scan = book.scan(documents)
        found = self._occurrences(scan, book)
        entries = count_up(found.columns, scan.document[found.owners])
        values = (1 + np.log(entries.times)) * self._idf[entries.columns]
        looks, look = len(self._looks), self._look_of[entries.columns]
        # One part is what one look saw in one document.
        part = entries.documents * looks + look
        norms = np.sqrt(np.bincount(part, values * values, minlength=looks * len(documents)))
        values *= self._lengths[look] / norms[part]
        pointers = np.zeros(len(documents) + 1, dtype=np.int64)
        np.cumsum(np.bincount(entries.documents, minlength=len(documents)), out=pointers[1:])
        rows = csr_matrix(
            (values.astype(np.float32), entries.columns, pointers),
            shape=(len(documents), self.width),
        )
        return Reading(rows, scan, found, entries)

    def _occurrences(self, scan: Scan, book: WordBook) -> Occurrences:
        columns: list[Numbers] = []
        owners: list[Numbers] = []
        for window, table in zip(self._windows, book.tables, strict=False):
            positions = scan.within(*window)
            found, counts = table.gather(scan.numbers[positions])
            columns.append(found)
            owners.append(np.repeat(positions, counts))
        singles = sum(map(len, columns))
        for (look, pairs), table in zip(
            self._pairs, book.tables[len(self._windows) :], strict=True
        ):
            numbers, _ = table.gather(scan.numbers)
            positions = scan.neighbours(look.first, look.until)
            known, found = pairs.find(numbers[positions], numbers[positions + 1])
            columns.append(found)
            owners.append(positions[known])
        return Occurrences(np.concatenate(columns), np.concatenate(owners), singles)


class _PairColumns:
    """The columns of pairs of neighbouring words, found for many pairs at once."""

    def __init__(self, columns: Mapping[str, int]) -> None:
        self._numbers: dict[str, int] = {}
        number = self._numbers
        pairs: list[tuple[int, int, int]] = []
        for feature, column in columns.items():
            left, blank, right = feature.partition(" ")
            if blank:
                pairs.append(
                    (
                        number.setdefault(left, len(number)),
                        number.setdefault(right, len(number)),
                        column,
                    )
                )
        lefts, rights, found = np.array(pairs, dtype=np.int64).reshape(-1, 3).T
        keys = lefts * len(number) + rights
        # Four drawers a key, so that most hold one or none.
        self._bits = max(4 * len(keys), 2).bit_length()
        drawers = self._drawers(keys)
        order = np.argsort(drawers, kind="stable")
        self._keys, self._columns = keys[order], found[order]
        sizes = np.bincount(drawers, minlength=1 << self._bits)
        self._ends = np.concatenate([[0], np.cumsum(sizes)])
        self._largest = int(sizes.max())

    def _drawers(self, keys: Numbers) -> Numbers:
        """Spread the keys evenly (Fibonacci hashing: Knuth, TAOCP 3, 6.4)."""
        spread_out = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        return (spread_out >> np.uint64(64 - self._bits)).astype(np.int64)

    def number(self, word: str) -> tuple[int]:
        """Return the number of a word that is in some pair, -1 for another."""
        return (self._numbers.get(word, -1),)

    def find(self, lefts: Numbers, rights: Numbers) -> tuple[Numbers, Numbers]:
        """Return which of the pairs are known (places in the arguments), and their columns."""
        able = np.flatnonzero((lefts >= 0) & (rights >= 0))
        keys = lefts[able] * len(self._numbers) + rights[able]
        drawers = self._drawers(keys)
        places, ends = self._ends[drawers], self._ends[drawers + 1]
        columns = np.full(len(able), -1)
        asked = np.arange(len(able))
        for _ in range(self._largest):
            asked = asked[places[asked] < ends[asked]]
            hits = self._keys[places[asked]] == keys[asked]
            columns[asked[hits]] = self._columns[places[asked[hits]]]
            asked = asked[~hits]
            places[asked] += 1
        known = np.flatnonzero(columns >= 0)
        return able[known], columns[known]


def _columns_under(looks: Sequence[tuple[Look, Mapping[str, int]]]) -> Callable[[str], list[int]]:
    """Return the function from a word to its columns under looks of one window."""

    def columns(word: str) -> list[int]:
        return [
            known[feature]
            for look, known in looks
            for feature in look.of_word(word)
            if feature in known
        ]

    return columns
