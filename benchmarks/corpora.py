"""Labelled requests to learn from and to be judged on."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sklearn.model_selection import StratifiedGroupKFold

from benchmarks.workshop import ROOT
from hotline.city.catalog import load_city

FOLDS = 4
MOST_LABELLED = 4000


@dataclass(frozen=True)
class Corpus:
    """Texts, what each is, and what must stay on one side of a split.

    `names` are the Chinese names of labels that are codes; `tops` lead from a label to the one
    that is judged, when that is a coarser one.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    tops: Mapping[str, str] = field(default_factory=dict)

    @property
    def judged(self) -> list[str]:
        """The labels that are judged."""
        return [self.top(label) for label in self.labels]

    def top(self, label: str) -> str:
        """The label that is judged for one that is learned."""
        return self.tops.get(label, label)

    def of(self, rows: Sequence[int]) -> Corpus:
        """Some of it."""
        return replace(
            self,
            texts=tuple(self.texts[row] for row in rows),
            labels=tuple(self.labels[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
        )

    def splits(self) -> Iterator[tuple[Corpus, Corpus]]:
        """Folds with equal shares of each label, groups kept whole; always the same."""
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=1)
        for learned, judged in folds.split(self.texts, self.judged, self.groups):
            yield self.of(learned.tolist()), self.of(judged.tolist())


def demo_corpus() -> Corpus:
    """The demo city's requests, judged at the first level; equal texts stay together."""
    categories = load_city().categories
    with (ROOT / "hotline/city/corpus.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = tuple(row["text"] for row in rows)
    return Corpus(
        texts,
        tuple(row["category"] for row in rows),
        texts,
        names={category.code: category.name for category in categories},
        tops={category.code: category.parent or category.code for category in categories},
    )


def read_corpus(path: Path, *, whole: bool = False) -> Corpus:
    """Labelled requests: the whole file, or every second group and at most so many."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if whole:
        return _corpus(rows)
    kept = {row["group"] for row in rows if zlib.crc32(row["group"].encode()) % 2 == 0}
    return _corpus([row for row in rows if row["group"] in kept][:MOST_LABELLED])


def _corpus(rows: Sequence[Mapping[str, str]]) -> Corpus:
    return Corpus(
        tuple(row["text"] for row in rows),
        tuple(row["label"] for row in rows),
        tuple(row["group"] for row in rows),
    )
