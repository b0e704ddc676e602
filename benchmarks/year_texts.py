"""28,000 requests for a year in which a model learns: made, not collected.

There are no 28,000 labelled requests to be had freely, so they are put together from the demo
city's own corpus: a request is most of one request of the corpus, often with a sentence of another
of its category, sometimes with one of another category, and here and there a character lost or
mistaken as typing does. Some categories are asked for far more often than others, and in each some
requests far more often. A fifth of the corpus is never heard of in the whole year; of the rest
only a part is known at the beginning, and the others come up over the year. A model gets better by
what it hears for the first time, as in a city. A real year is harder in ways that this is not.
"""

from __future__ import annotations

import csv
import re
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.workshop import ROOT

KNOWN_AT_FIRST = 0.35
"""Share of the corpus that the city hears of before the first week."""

_EXAMINATION = 51  # of 256: a fifth
_MORE = 0.5
_STRAY = 0.25
_SKEW = 1.7
"""The larger, the more often the same requests come again."""
_SLIP = 0.01
_SENTENCE = re.compile(r"[^。！？；，]+[。！？；，]?")


@dataclass(frozen=True)
class Asked:
    """A request and the category it really is of."""

    text: str
    truth: str


class YearTexts:
    """Makes requests; the same seed makes the same year."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._heard: defaultdict[str, list[list[str]]] = defaultdict(list)
        self._kept: defaultdict[str, list[list[str]]] = defaultdict(list)
        path = ROOT / "hotline/city/corpus.csv"
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                sentences = _SENTENCE.findall(row["text"])
                kept = zlib.crc32(row["text"].encode()) % 256 < _EXAMINATION
                (self._kept if kept else self._heard)[row["category"][:2]].append(sentences)
        self.labels = sorted(self._heard)
        # As real hotlines have it: the most frequent subject ten times the rarest.
        shuffled = self._chance.sample(self.labels, len(self.labels))
        self._often = {label: 1 / (rank + 1.5) for rank, label in enumerate(shuffled)}

    def week(self, n: int, count: int) -> list[Asked]:
        """Requests of week n, 0 for what there was before the first."""
        share = KNOWN_AT_FIRST + (1 - KNOWN_AT_FIRST) * min(n, 52) / 52
        return [self._one(self._heard, share) for _ in range(count)]

    def examination(self, count: int) -> list[Asked]:
        """Requests as they come over the whole year, none of them ever learned."""
        return [self._one(self._heard, 1.0) for _ in range(count)]

    def unheard(self, count: int) -> list[Asked]:
        """Requests made of that fifth of the corpus that no week has."""
        return [self._one(self._kept, 1.0) for _ in range(count)]

    def _one(self, pool: dict[str, list[list[str]]], share: float) -> Asked:
        weights = [self._often[label] for label in self.labels]
        label = self._chance.choices(self.labels, weights)[0]
        theme = self._request(pool[label], share)
        parts = [sentence for sentence in theme if self._chance.random() < 0.8] or theme[:1]
        if self._chance.random() < _MORE:
            parts.append(self._chance.choice(self._request(pool[label], share)))
        if self._chance.random() < _STRAY:
            other = self._request(pool[self._chance.choice(self.labels)], share)
            parts.insert(self._chance.randrange(len(parts) + 1), self._chance.choice(other))
        return Asked(self._slipped("".join(parts)), label)

    def _request(self, requests: Sequence[list[str]], share: float) -> list[str]:
        known = max(1, round(len(requests) * share))
        return requests[int(known * self._chance.random() ** _SKEW)]

    def _slipped(self, text: str) -> str:
        """A character in a hundred is lost, or is the one beside it."""
        signs = list(text)
        for at in range(len(signs) - 1):
            if self._chance.random() < _SLIP:
                signs[at] = self._chance.choice(("", signs[at + 1]))
        return "".join(signs)


def real_texts(path: Path, text: str, label: str, seed: int) -> list[Asked]:
    """The rows of a file in a random order that is always the same."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [Asked(row[text], row[label]) for row in csv.DictReader(file)]
    Random(seed).shuffle(rows)
    return rows
