"""Counts in how many documents each feature occurs, one batch after the other."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from classifier.looks import Look
from classifier.reading import count_up
from classifier.wordbook import Features, Numbers, Scan, WordBook, Words

_WORD_BITS = 26
"""A pair of word numbers and a document of a batch fit 64 bits: 67 million distinct words."""

MOST_WORDS = 1_500_000
"""Distinct words counted; later ones are too rare to be a feature."""

MOST_PAIRS = 20_000_000
"""Distinct pairs kept while counting; beyond, pairs seen once so far are forgotten."""


class Census:
    """Document frequencies of the features of some looks; documents may come in any number."""

    def __init__(self, looks: Mapping[str, Look]) -> None:
        self.documents = 0
        self._looks = dict(looks)
        numbering = count()
        self._numbers: dict[str, dict[str, int]] = {name: {} for name in looks}
        tables: list[Features] = [
            _numbered(look, self._numbers[name], numbering) for name, look in looks.items()
        ]
        self.book = WordBook(tables, most=MOST_WORDS)
        self._frequency = np.zeros(1024, dtype=np.int64)
        self._pairs = {name: _Tally() for name, look in looks.items() if look.pairs}

    def add(self, documents: Sequence[Words]) -> Scan:
        """Count a batch; returns it as the numbers of `book`."""
        scan = self.book.scan(documents)
        self.documents += len(documents)
        for look, table in zip(self._looks.values(), self.book.tables, strict=True):
            positions = scan.within(look.first, look.until)
            found, counts = table.gather(scan.numbers[positions])
            width = int(found.max(initial=0)) + 1
            owners = np.repeat(scan.document[positions], counts)
            distinct = count_up(found, owners).columns
            while width > len(self._frequency):
                self._frequency = np.concatenate([self._frequency, np.zeros_like(self._frequency)])
            self._frequency[:width] += np.bincount(distinct, minlength=width)
        for name, tally in self._pairs.items():
            tally.add(_distinct_pairs(scan, self._looks[name]))
        return scan

    def seen(self, look: str) -> bool:
        """Whether any document had a feature of this look."""
        numbers = np.fromiter(self._numbers[look].values(), dtype=np.int64)
        return bool(self._frequency[numbers].any())

    def common(
        self, look: str, *, min_documents: int, most: int | None = None
    ) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Return the features that enough documents have, sorted, with their rarity.

        The rarity is the smoothed inverse document frequency of scikit-learn,
        ln((1 + documents) / (1 + frequency)) + 1. When there are more than `most`, the most
        frequent stay.
        """
        frequent = {
            feature: times
            for feature, number in self._numbers[look].items()
            if (times := int(self._frequency[number])) >= min_documents
        }
        if look in self._pairs:
            words = self.book.words
            keys, frequency = self._pairs[look].at_least(min_documents)
            lefts, rights = keys >> _WORD_BITS, keys & ((1 << _WORD_BITS) - 1)
            frequent |= {
                f"{words[left]} {words[right]}": times
                for left, right, times in zip(
                    lefts.tolist(), rights.tolist(), frequency.tolist(), strict=True
                )
            }
        kept = sorted(frequent)
        if most is not None and len(kept) > most:
            kept = sorted(sorted(kept, key=lambda feature: -frequent[feature])[:most])
        counts = np.array([frequent[feature] for feature in kept], dtype=np.float64)
        rarity = np.log((1 + self.documents) / (1 + counts)) + 1
        return tuple(kept), rarity.astype(np.float32)


class _Tally:
    """How often each of many keys came: sorted arrays, merged when enough have gathered."""

    def __init__(self) -> None:
        self._keys: list[Numbers] = []
        self._times: list[Numbers] = []
        self._waiting = 0

    def add(self, keys: Numbers) -> None:
        distinct, times = np.unique(keys, return_counts=True)
        self._keys.append(distinct)
        self._times.append(times)
        self._waiting += len(distinct)
        if self._waiting > max(MOST_PAIRS // 4, len(self._keys[0])):
            self._merge()
            if len(self._keys[0]) > MOST_PAIRS:
                self._keys, self._times = ([kept] for kept in self.at_least(2))

    def at_least(self, times: int) -> tuple[Numbers, Numbers]:
        """Return the keys that came so often, in order, and how often."""
        self._merge()
        enough = self._times[0] >= times
        return self._keys[0][enough], self._times[0][enough]

    def _merge(self) -> None:
        keys = np.concatenate([np.zeros(0, np.int64), *self._keys])
        times = np.concatenate([np.zeros(0, np.int64), *self._times])
        distinct, place = np.unique(keys, return_inverse=True)
        total = np.zeros(len(distinct), dtype=np.int64)
        np.add.at(total, place, times)
        self._keys, self._times, self._waiting = [distinct], [total], 0


def _distinct_pairs(scan: Scan, look: Look) -> Numbers:
    """Return the pairs of neighbours as one number each, once for every document that has it."""
    positions = scan.neighbours(look.first, look.until)
    lefts, rights = scan.numbers[positions], scan.numbers[positions + 1]
    pairs, place = np.unique((lefts << _WORD_BITS) | rights, return_inverse=True)
    distinct: Numbers = pairs[count_up(place, scan.document[positions]).columns]
    return distinct


def _numbered(
    look: Look, numbers: dict[str, int], numbering: "count[int]"
) -> Callable[[str], list[int]]:
    """Return a function from a word to the numbers of its features, new ones being given one."""

    def features(word: str) -> list[int]:
        found = []
        for feature in look.of_word(word):
            number = numbers.get(feature)
            if number is None:
                number = numbers[feature] = next(numbering)
            found.append(number)
        return found

    return features
