"""Documents per second from raw text, and macro-F1, beside a plain jieba and scikit-learn model."""

from __future__ import annotations

import csv
import itertools
import logging
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jieba
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from benchmarks.lines import Line, PartMissing
from benchmarks.plan import Plan
from benchmarks.workshop import ROOT, progress
from classifier.pipeline import RequestClassifier
from classifier.samples import Samples
from classifier.training import train
from hotline.city.catalog import load_city

PLAIN = "jieba + scikit-learn TF-IDF of words (1–2) and characters (1–3) + LinearSVC"
LENGTH = 400
DOCUMENTS = 1000
FOLDS = 4
ROUNDS = 2
LABELLED = "*/data/requests_labelled.csv"
"""Looked for beside the project's folder; --requests names another."""
MOST_LABELLED = 4000


@dataclass(frozen=True)
class Corpus:
    """Texts, what each is, and what must stay on one side of a split."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]

    def of(self, rows: Sequence[int]) -> Corpus:
        """Some of it."""
        return Corpus(
            tuple(self.texts[row] for row in rows),
            tuple(self.labels[row] for row in rows),
            tuple(self.groups[row] for row in rows),
        )

    def splits(self) -> Iterator[tuple[Corpus, Corpus]]:
        """Folds with equal shares of each label, groups kept whole; always the same."""
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=1)
        for learned, judged in folds.split(self.texts, self.labels, self.groups):
            yield self.of(learned.tolist()), self.of(judged.tolist())


def measure(plan: Plan) -> Iterator[Line]:
    """The demo corpus at its first level, then real letters when there are any."""
    jieba.setLogLevel(logging.WARNING)
    demo = demo_corpus()
    progress(f"classifier: {len(demo.texts)} texts of the demo corpus")
    ours, plain = learn(demo), learn_plain(demo)
    documents = _documents(demo.texts)
    yield _speed(ours, plain, documents)
    yield _quality("classifier_macro_f1_demo", demo, tuple(demo.splits()), "the demo corpus")
    letters = plan.requests or next(iter(sorted(ROOT.parent.glob(LABELLED))), None)
    if letters is None:
        raise PartMissing("no labelled requests beside the project; name them by --requests")
    real = read_corpus(letters)
    progress(f"classifier: {len(real.texts)} real letters")
    split = next(real.splits())
    yield _quality("classifier_macro_f1_letters", real, (split,), "real letters cut into words")


def demo_corpus() -> Corpus:
    """The demo city's requests under the first level of their category; equal texts together."""
    top = {category.code: category.parent or category.code for category in load_city().categories}
    with (ROOT / "hotline/city/corpus.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = tuple(_root(row["category"], top) for row in rows)
    return Corpus(tuple(row["text"] for row in rows), labels, tuple(row["text"] for row in rows))


def _root(code: str, parents: dict[str, str]) -> str:
    while parents[code] != code:
        code = parents[code]
    return code


def read_corpus(path: Path) -> Corpus:
    """Labelled requests: every second group, at most so many, so that the run stays short."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = {row["group"] for row in rows if zlib.crc32(row["group"].encode()) % 2 == 0}
    chosen = [row for row in rows if row["group"] in kept][:MOST_LABELLED]
    return Corpus(
        tuple(row["text"] for row in chosen),
        tuple(row["label"] for row in chosen),
        tuple(row["group"] for row in chosen),
    )


def learn(corpus: Corpus) -> RequestClassifier:
    """Our model."""
    samples = Samples(corpus.texts, corpus.labels, (), "0" * 64)
    return train(samples, now=datetime.now(UTC))


def learn_plain(corpus: Corpus) -> Any:
    """What one would write in ten lines."""
    words = TfidfVectorizer(
        tokenizer=jieba.lcut, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True
    )
    characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    model = make_pipeline(make_union(words, characters), LinearSVC(C=0.5))
    return model.fit(corpus.texts, corpus.labels)


def _documents(texts: Sequence[str]) -> list[str]:
    """Raw texts of 400 characters, made by laying requests end to end."""
    running = "".join(texts)
    starts = itertools.cycle(range(0, len(running) - LENGTH, 173))
    return [running[at : at + LENGTH] for at in itertools.islice(starts, DOCUMENTS)]


def _speed(ours: RequestClassifier, plain: Any, documents: list[str]) -> Line:
    fast = _per_second(lambda part: ours.probabilities(part), documents)
    slow = _per_second(lambda part: plain.predict(part), documents[: DOCUMENTS // 3])
    return Line(
        figure="classifier_docs_per_s",
        value=fast,
        unit="documents/s",
        limit=PLAIN,
        limit_value=slow,
        n=len(documents),
        note=f"raw texts of {LENGTH} characters to calibrated probabilities, in batches, one core",
    )


def _per_second(judge: Callable[[list[str]], object], documents: list[str]) -> float:
    judge(documents[:5])  # dictionaries are read at first use
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        judge(documents)
        best = min(best, time.perf_counter() - began)
    return len(documents) / best


def _quality(
    figure: str, corpus: Corpus, splits: tuple[tuple[Corpus, Corpus], ...], what: str
) -> Line:
    """Mean macro-F1 over the splits, the same splits for both."""
    ours, plain, judged_texts = [], [], 0
    for number, (learned, judged) in enumerate(splits, 1):
        progress(f"{figure}: split {number} of {len(splits)}")
        model = learn(learned)
        said = np.array(model.labels)[model.probabilities(judged.texts).argmax(axis=1)]
        ours.append(_macro_f1(judged.labels, said.tolist()))
        plain.append(_macro_f1(judged.labels, learn_plain(learned).predict(judged.texts)))
        judged_texts += len(judged.texts)
    labels = len(set(corpus.labels))
    return Line(
        figure=figure,
        value=float(np.mean(ours)),
        unit="1",
        limit=PLAIN + ", same splits",
        limit_value=float(np.mean(plain)),
        n=judged_texts,
        note=f"{what}, {labels} labels, {len(splits)} group-aware split(s)",
    )


def _macro_f1(true: Sequence[str], said: Sequence[str]) -> float:
    return float(f1_score(true, said, average="macro", zero_division=0))
