"""Documents per second from raw text, and macro-F1, beside a plain jieba and scikit-learn model."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import jieba
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from benchmarks.corpora import Corpus, demo_corpus, read_corpus
from benchmarks.letters import LENGTH, letters
from benchmarks.lines import Line, PartMissing, percentile
from benchmarks.plan import Plan
from benchmarks.workshop import ROOT, progress
from classifier.pipeline import RequestClassifier
from classifier.samples import Samples
from classifier.training import train

PLAIN = "jieba + scikit-learn TF-IDF of words (1–2) and characters (1–3) + LinearSVC"
DEMO = (
    "the demo corpus: learned at the finest level with the categories' names, judged at the first"
)
DOCUMENTS = 1000
SINGLE = 300
LEARNED = 10_000
ROUNDS = 2
LABELLED = "*/data/requests_labelled.csv"
"""Looked for beside the project's folder; --requests names another."""


def measure(plan: Plan) -> Iterator[Line]:
    """The demo corpus at its first level, then real letters when there are any."""
    jieba.setLogLevel(logging.WARNING)
    demo = demo_corpus()
    progress(f"classifier: {len(demo.texts)} texts of the demo corpus")
    ours, plain = learn(demo), learn_plain(demo)
    documents = _documents(demo.texts)
    yield _speed(ours, plain, documents)
    yield _single(ours, plain, documents[:SINGLE])
    yield _training()
    yield _quality("classifier_macro_f1_demo", demo, tuple(demo.splits()), DEMO)
    labelled = plan.requests or next(iter(sorted(ROOT.parent.glob(LABELLED))), None)
    if labelled is None:
        raise PartMissing("no labelled requests beside the project; name them by --requests")
    real = read_corpus(labelled)
    progress(f"classifier: {len(real.texts)} real letters")
    split = next(real.splits())
    yield _quality("classifier_macro_f1_letters", real, (split,), "real letters cut into words")


def learn(corpus: Corpus) -> RequestClassifier:
    """Our model, as the product trains it."""
    samples = Samples(corpus.texts, corpus.labels, (), "0" * 64)
    return train(samples, now=datetime.now(UTC), names=corpus.names)


def learn_plain(corpus: Corpus) -> Any:
    """What one would write in ten lines."""
    words = TfidfVectorizer(
        tokenizer=jieba.lcut, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True
    )
    characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    model = make_pipeline(make_union(words, characters), LinearSVC(C=0.5))
    return model.fit(corpus.texts, corpus.judged)


def _documents(texts: Sequence[str]) -> list[str]:
    """Raw texts of 400 characters, made by laying requests end to end."""
    running = "".join(texts)
    starts = itertools.cycle(range(0, len(running) - LENGTH, 173))
    return [running[at : at + LENGTH] for at in itertools.islice(starts, DOCUMENTS)]


def _speed(ours: RequestClassifier, plain: Any, documents: list[str]) -> Line:
    fast = _per_second(lambda part: list(ours.judge(part)), documents)
    slow = _per_second(lambda part: plain.predict(part), documents[: DOCUMENTS // 3])
    return Line(
        figure="classifier_docs_per_s",
        value=fast,
        unit="documents/s",
        limit=PLAIN,
        limit_value=slow,
        n=len(documents),
        note=f"raw texts of {LENGTH} characters to calibrated probabilities with the words that "
        "decided, in batches, a second of one core",
    )


def _per_second(judge: Callable[[list[str]], object], documents: list[str]) -> float:
    judge(documents[:5])  # dictionaries are read at first use
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        judge(documents)
        best = min(best, time.process_time() - began)
    return len(documents) / best


def _single(ours: RequestClassifier, plain: Any, documents: list[str]) -> Line:
    return Line(
        figure="classifier_single_p95_ms",
        value=_slowest(lambda text: ours.suggest(text), documents),
        unit="ms",
        limit=PLAIN,
        limit_value=_slowest(lambda text: plain.predict([text]), documents),
        n=len(documents),
        note=f"one text of {LENGTH} characters to three categories with the words that decided, "
        "time of one core",
    )


def _slowest(judge: Callable[[str], object], documents: list[str]) -> float:
    """The 95th percentile of milliseconds."""
    taken = []
    for text in documents:
        began = time.process_time()
        judge(text)
        taken.append((time.process_time() - began) * 1000)
    return percentile(taken, 0.95)


def _training() -> Line:
    demo = demo_corpus()
    made = [(text, demo.top(label)) for text, label in itertools.islice(letters(demo), LEARNED)]
    texts, labels = zip(*made, strict=True)
    corpus = Corpus(texts, labels, texts)
    progress(f"classifier: training on {LEARNED} letters")
    began = time.process_time()
    learn(corpus)
    ours = time.process_time() - began
    part = corpus.of(range(LEARNED // 10))
    began = time.process_time()
    learn_plain(part)
    return Line(
        figure="classifier_train_10000_s",
        value=ours,
        unit="s",
        limit=PLAIN + ", a tenth of the letters, its time times ten",
        limit_value=(time.process_time() - began) * 10,
        n=LEARNED,
        note=f"letters of {LENGTH} characters made for load, {len(set(corpus.labels))} labels, "
        "with folds, calibration and figures; time of one core",
    )


def _quality(
    figure: str, corpus: Corpus, splits: tuple[tuple[Corpus, Corpus], ...], what: str
) -> Line:
    """Mean macro-F1 over the splits, the same splits for both."""
    ours, plain, judged_texts = [], [], 0
    for number, (learned, judged) in enumerate(splits, 1):
        progress(f"{figure}: split {number} of {len(splits)}")
        model = learn(learned)
        best = model.probabilities(judged.texts).argmax(axis=1)
        said = [corpus.top(model.labels[column]) for column in best]
        ours.append(macro_f1(judged.judged, said))
        plain.append(macro_f1(judged.judged, learn_plain(learned).predict(judged.texts)))
        judged_texts += len(judged.texts)
    labels = len(set(corpus.judged))
    return Line(
        figure=figure,
        value=float(np.mean(ours)),
        unit="1",
        limit=PLAIN + ", same splits",
        limit_value=float(np.mean(plain)),
        n=judged_texts,
        note=f"{what}, {labels} labels, {len(splits)} group-aware split(s)",
    )


def macro_f1(true: Sequence[str], said: Sequence[str]) -> float:
    """Mean F1 of all labels that are true or said."""
    return float(f1_score(true, said, average="macro", zero_division=0))
