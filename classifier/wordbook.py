"""Words as numbers: what a word contributes is worked out once and then gathered for many texts.

A letter has hundreds of features and Python takes a fraction of a microsecond for each; numpy
takes nanoseconds. So a word is looked up once, and everything after that is arrays.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from threading import Lock

import numpy as np
from numpy.typing import NDArray

MOST_WORDS = 200_000
"""Words remembered; a book that is full is thrown away, so strange texts cannot fill the memory."""

Numbers = NDArray[np.int64]
Words = Sequence[str]
Features = Callable[[str], Sequence[int]]
"""From a word to whole numbers, repeated as often as they count."""


@dataclass(frozen=True)
class Scan:
    """Some documents as the numbers of their words, laid end to end."""

    numbers: Numbers
    lengths: Numbers

    @cached_property
    def ends(self) -> Numbers:
        """Position behind the last word of each document."""
        return np.cumsum(self.lengths)

    @cached_property
    def document(self) -> Numbers:
        """The document of each position."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def within(self, first: int, until: int | None) -> Numbers:
        """Return the positions of words[first:until] of each document."""
        if (first, until) == (0, None):
            return np.arange(len(self.numbers))
        begin, end = (
            np.minimum(bound, self.lengths) if bound >= 0 else np.maximum(self.lengths + bound, 0)
            for bound in (first, np.iinfo(np.int64).max if until is None else until)
        )
        counts = np.maximum(end - begin, 0)
        return spread(self.ends - self.lengths + begin, counts)

    def neighbours(self, first: int, until: int | None) -> Numbers:
        """Return the positions within that have a neighbour to the right within, too."""
        positions = self.within(first, until)
        together = np.diff(positions) == 1
        together &= np.diff(self.document[positions]) == 0
        return positions[:-1][together] if len(positions) else positions


class WordBook:
    """Numbers words in the order they come, and keeps what each contributes to some tables."""

    def __init__(self, tables: Sequence[Features], *, most: int | None = None) -> None:
        """A book of `most` words takes no more: words met later have the number 0, and nothing."""
        self.tables = [_Ragged() for _ in tables]
        self._features = tuple(tables)
        self._most = most
        self._numbers = {"": 0}
        self._adding = Lock()
        for table in self.tables:
            table.extend([()])

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def words(self) -> list[str]:
        """The words by their number; 0 is the empty one."""
        return list(self._numbers)

    def scan(self, documents: Sequence[Words]) -> Scan:
        """Return the documents as numbers; words not met before are added."""
        lengths = np.fromiter(map(len, documents), dtype=np.int64, count=len(documents))
        total = int(lengths.sum())
        try:
            found = map(self._numbers.__getitem__, chain.from_iterable(documents))
            return Scan(np.fromiter(found, dtype=np.int64, count=total), lengths)
        except KeyError:
            self._add(chain.from_iterable(documents))
        found = map(self._numbers.get, chain.from_iterable(documents), repeat(0))
        return Scan(np.fromiter(found, dtype=np.int64, count=total), lengths)

    def _add(self, words: Iterable[str]) -> None:
        with self._adding:
            numbers = self._numbers
            new = [word for word in dict.fromkeys(words) if word not in numbers]
            if self._most is not None:
                new = new[: max(0, self._most - len(numbers))]
            for table, features in zip(self.tables, self._features, strict=True):
                table.extend([features(word) for word in new])
            # Told last: who finds a number finds its rows (others may be reading).
            numbers.update(zip(new, range(len(numbers), len(numbers) + len(new)), strict=True))


class _Ragged:
    """Rows of whole numbers, each of its own length; appended and gathered in bulk."""

    def __init__(self) -> None:
        self._items = np.zeros(1024, dtype=np.int64)
        self._ends = np.zeros(256, dtype=np.int64)  # row r is items[ends[r]:ends[r + 1]]
        self._rows = 0

    def extend(self, rows: Sequence[Sequence[int]]) -> None:
        counts = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        begin = int(self._ends[self._rows])
        ends = begin + np.cumsum(counts)
        end = int(ends[-1]) if len(ends) else begin
        self._items = _with_room(self._items, end)
        self._ends = _with_room(self._ends, self._rows + 1 + len(rows))
        items = chain.from_iterable(rows)
        self._items[begin:end] = np.fromiter(items, dtype=np.int64, count=end - begin)
        self._ends[self._rows + 1 : self._rows + 1 + len(rows)] = ends
        self._rows += len(rows)

    def gather(self, rows: Numbers) -> tuple[Numbers, Numbers]:
        """Return the items of the rows end to end, and how many each row has."""
        ends = self._ends
        begins = ends[rows]
        counts = ends[rows + 1] - begins
        return self._items[spread(begins, counts)], counts


def spread(begins: Numbers, counts: Numbers) -> Numbers:
    """Return begins[0], begins[0] + 1, … counts[0] of them, then the same for the next."""
    behind = np.cumsum(counts)
    places = np.repeat(begins - behind + counts, counts)
    places += np.arange(len(places))
    return places


def _with_room(numbers: Numbers, size: int) -> Numbers:
    """Return the array, or a copy at least twice as long when it is shorter than `size`."""
    if size <= len(numbers):
        return numbers
    return np.concatenate([numbers, np.zeros(max(size, len(numbers)), dtype=np.int64)])
