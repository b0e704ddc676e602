"""Learns a model from labelled requests and measures it on texts it has not seen."""

import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from classifier.calibrating import fit_calibration
from classifier.card_figures import MOST_FOR_CURVE, Rows, card_figures, learning_curve
from classifier.errors import SamplesUnusable
from classifier.evaluation import Figures, expected_calibration_error, measure
from classifier.features import FeatureSpace, Floats
from classifier.folds import FOLDS, Lesson, Progress, fit, folds_of, unseen_margins
from classifier.judgement import Unseen, learn_judgement
from classifier.machine import SEED
from classifier.mixing import learn_mixing
from classifier.multitude import MANY, Learned, learn_from_many
from classifier.pipeline import CATEGORY, KIND, URGENCY, Head, ModelCard, RequestClassifier
from classifier.samples import Samples
from classifier.scope import (
    CITY,
    ELSEWHERE,
    LEAST_TEXTS,
    LOOKED_AT,
    SCOPE,
    learn_bounds,
    small_talk,
)
from classifier.tokens import Tokenizer
from classifier.wordbook import Numbers

FEW_TEXTS = 3000
"""Up to so many texts a feature seen once is kept: it may be all there is of a rare subject."""

NAME_REPEATS = 3
"""How often the name of a category counts as a text of it; what a clerk would know, too."""


def train(
    samples: Samples,
    *,
    now: datetime,
    names: Mapping[str, str] | None = None,
    parents: Mapping[str, str] | None = None,
    tokenizer: Tokenizer | None = None,
    progress: Progress = lambda step: None,
) -> RequestClassifier:
    """Learn from the samples; the same samples give the same weights.

    `now` dates the model; `names` gives the Chinese name of labels that are codes, which is
    learned from as well; `parents` the category above each. Kind of request and urgency are
    learned from the texts that have them.
    Raises SamplesUnusable when there are fewer than two labels or no readable text.
    """
    labels = sorted(set(samples.labels))
    if len(labels) < 2:
        raise SamplesUnusable(f"至少需要两个不同的类别，现在只有：{'、'.join(labels) or '无'}")
    tokenizer = tokenizer or Tokenizer()
    number = {label: at for at, label in enumerate(labels)}
    answers = np.array([number[label] for label in samples.labels])
    titled = [at for at, label in enumerate(labels) if (names or {}).get(label)] * NAME_REPEATS
    titles = Titles([(names or {})[labels[at]] for at in titled], np.array(titled, dtype=np.int64))
    learn = _learn_from_many if len(samples.texts) > MANY else _learn_from_few
    try:
        learned = learn(samples.texts, answers, titles, tokenizer, progress)
    except ValueError as error:
        raise SamplesUnusable("样本中没有可识别的文字") from error
    head, unseen = _calibrated(learned, labels)
    heads, metrics = {CATEGORY: head}, _metrics(unseen)
    for name, values in ((KIND, samples.kinds), (URGENCY, samples.urgencies)):
        told = [values[at] for at in learned.places.tolist()] if values else []
        other = _learn_other(learned.space, learned.rows, told, progress)
        if other is not None:
            heads[name] = other[0]
            metrics |= {f"{name}_{figure}": value for figure, value in _metrics(other[1]).items()}
    figures = card_figures(unseen.chances, unseen.answers, labels, parents=parents)
    if len(samples.texts) <= MOST_FOR_CURVE:
        progress("学习曲线")
        cut = [tokenizer.words(title) for title in titles.texts]
        named = Lesson(learned.space.rows(cut), titles.answers)
        last = [round(len(answers) * (1 - 1 / FOLDS)), metrics["accuracy"], metrics["macro_f1"]]
        figures["curve"] = [*_curve(Lesson(learned.rows, answers), named, len(labels)), last]
    card = _card(samples, now, metrics, names or {}, figures)
    judgement = learn_judgement(unseen, labels, parents or {})
    if len(samples.texts) >= LEAST_TEXTS:
        progress("识别闲聊与无关内容")
        heads[SCOPE], judgement[SCOPE] = _learn_scope(learned.space, samples.texts, tokenizer)
    return RequestClassifier(tokenizer, learned.space, heads, card, judgement)


@dataclass(frozen=True)
class Titles:
    """Names of labels that are learned from like texts, and the column of each one's label."""

    texts: Sequence[str]
    answers: Numbers


def _learn_from_few(
    texts: Sequence[str],
    answers: Numbers,
    titles: Titles,
    tokenizer: Tokenizer,
    progress: Progress,
) -> Learned:
    progress(f"分词：{len(texts)} 条")
    documents = [tokenizer.words(text) for text in texts]
    named = [tokenizer.words(title) for title in titles.texts]
    progress("提取特征")
    rare = 1 if len(documents) <= FEW_TEXTS else 2
    few = LEAST_TEXTS <= len(documents) <= FEW_TEXTS
    talk = [tokenizer.words(text) for text in small_talk()] if few else []
    space = FeatureSpace.learn([*documents, *named, *talk], min_documents=rare)
    known = Lesson(space.rows(named), titles.answers)
    return _learned(space, Lesson(space.rows(documents), answers), known, progress)


def _learned(space: FeatureSpace, lesson: Lesson, known: Lesson, progress: Progress) -> Learned:
    """Learn from all rows, and judge each by a machine that had not seen it."""
    labels = int(lesson.answers.max()) + 1
    margins, judged = unseen_margins(lesson, known, labels, progress)
    progress("用全部样本训练")
    weights, bias = fit(lesson + known, labels)
    unseen, places = np.flatnonzero(judged), np.arange(len(lesson.answers))
    seen_as = margins[unseen], lesson.answers[unseen]
    return Learned(space, weights, bias, unseen, *seen_as, lesson.rows, places)


def _learn_from_many(
    texts: Sequence[str],
    answers: Numbers,
    titles: Titles,
    tokenizer: Tokenizer,
    progress: Progress,
) -> Learned:
    labels = int(answers.max()) + 1
    return learn_from_many(
        texts,
        answers,
        labels=labels,
        titles=(titles.texts, titles.answers),
        tokenizer=tokenizer,
        fit=lambda rows, learned: fit(Lesson(rows, learned), labels),
        seed=SEED,
        progress=progress,
    )


def _calibrated(learned: Learned, labels: Sequence[str]) -> tuple[Head, Unseen]:
    """Return the head, and what it said of texts it had not seen."""
    weights, bias, margins = learned.weights, learned.bias, learned.margins
    learned_mixing = learn_mixing(margins, learned.answers)
    if learned_mixing is not None:
        mixing, margins = learned_mixing
        weights, bias = mixing.folded(weights, bias)
    calibration = fit_calibration(margins, learned.answers)
    chances = calibration.probabilities(margins)
    head = Head(tuple(labels), weights, bias, calibration)
    return head, Unseen(learned.unseen, margins, chances, learned.answers)


def _learn_other(
    space: FeatureSpace, rows: csr_matrix, values: Sequence[str], progress: Progress
) -> tuple[Head, Unseen] | None:
    """Learn a head from the rows whose value is known; None without two values to tell apart."""
    labels = sorted(set(values) - {""})
    if len(labels) < 2:
        return None
    column = {label: at for at, label in enumerate(labels)}
    told = np.array([value != "" for value in values])
    answers = np.array([column[value] for value in values if value])
    nothing = Lesson(rows[:0], answers[:0])
    return _calibrated(_learned(space, Lesson(rows[told], answers), nothing, progress), labels)


def _learn_scope(
    space: FeatureSpace, texts: Sequence[str], tokenizer: Tokenizer
) -> tuple[Head, dict[str, Any]]:
    """Learn to tell small talk from requests, and where good texts end."""
    step = -(-len(texts) // LOOKED_AT)
    looked_at = texts[::step]
    documents = [tokenizer.words(text) for text in looked_at]
    talk = [tokenizer.words(text) for text in small_talk()]
    # Every other request is cut short: small talk must not be known by its length.
    good = [words[: 2 + at % 5] if at % 2 else words for at, words in enumerate(documents)]
    rows = space.rows([*good, *talk])
    answers = np.repeat((0, 1), (len(good), len(talk)))
    lesson, nothing = Lesson(rows, answers), Lesson(rows[:0], answers[:0])
    head, unseen = _calibrated(
        _learned(space, lesson, nothing, lambda step: None), (CITY, ELSEWHERE)
    )
    return head, learn_bounds(looked_at, documents, space, unseen.chances[unseen.answers == 0, 1])


def _metrics(unseen: Unseen) -> dict[str, float]:
    figures: Figures = measure(unseen.chances, unseen.answers)
    return {
        "accuracy": figures.accuracy,
        "macro_f1": figures.macro_f1,
        "top3": figures.top3,
        "ece": expected_calibration_error(unseen.chances, unseen.answers),
    }


def _curve(lesson: Lesson, known: Lesson, labels: int) -> list[list[float]]:
    """Return what growing parts of the lesson bring; see card_figures."""

    def judge(part: Rows, held: Rows) -> Floats:
        weights, bias = fit(lesson.where(part) + known, labels)
        margins: Floats = lesson.rows[held] @ weights.T + bias
        return margins

    return learning_curve(folds_of(lesson.rows, lesson.answers), lesson.answers, judge)


def _card(
    samples: Samples,
    now: datetime,
    metrics: Mapping[str, float],
    names: Mapping[str, str],
    figures: Mapping[str, Any],
) -> ModelCard:
    return ModelCard(
        version=f"{now:%Y%m%d-%H%M%S}-{samples.sha256[:8]}",
        trained_at=now,
        texts=len(samples.texts),
        data_sha256=samples.sha256,
        metrics=metrics,
        libraries=_libraries(("scikit-learn", "numpy", "scipy", "jieba", "rjieba")),
        names=dict(names),
        figures=figures,
    )


def _libraries(packages: Sequence[str]) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in packages:
        with suppress(PackageNotFoundError):  # the native segmenter may be absent
            found[name] = version(name)
    return found
