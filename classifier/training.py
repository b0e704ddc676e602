"""Learns a model from labelled requests and measures it on texts it has not seen."""

import platform
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.svm import LinearSVC

from classifier.calibration import fit_calibration
from classifier.errors import SamplesUnusable
from classifier.evaluation import Figures, expected_calibration_error, measure
from classifier.features import FeatureSpace, Floats
from classifier.pipeline import LinearHead, ModelCard, RequestClassifier
from classifier.samples import Samples
from classifier.tokens import Tokenizer

FOLDS = 5
PENALTY = 0.5
"""C of the linear support vector machine."""

SEED = 20260701

FEW_TEXTS = 3000
"""Up to so many texts a feature seen once is kept: it may be all there is of a rare subject."""

NAME_REPEATS = 3
"""How often the name of a category counts as a text of it; what a clerk would know, too."""

Progress = Callable[[str], None]


def train(
    samples: Samples,
    *,
    now: datetime,
    names: Mapping[str, str] | None = None,
    tokenizer: Tokenizer | None = None,
    progress: Progress = lambda step: None,
) -> RequestClassifier:
    """Learn from the samples; the same samples give the same weights.

    `now` dates the model; `names` gives the Chinese name of labels that are codes, which is
    learned from as well.
    Raises SamplesUnusable when there are fewer than two labels or no readable text.
    """
    labels = sorted(set(samples.labels))
    if len(labels) < 2:
        raise SamplesUnusable(f"至少需要两个不同的类别，现在只有：{'、'.join(labels) or '无'}")
    tokenizer = tokenizer or Tokenizer()
    progress(f"分词：{len(samples.texts)} 条")
    documents = [tokenizer.words(text) for text in samples.texts]
    titled = [at for at, label in enumerate(labels) if (names or {}).get(label)] * NAME_REPEATS
    titles = [tokenizer.words((names or {})[labels[at]]) for at in titled]
    progress("提取特征")
    try:
        few = len(documents) <= FEW_TEXTS
        space = FeatureSpace.learn([*documents, *titles], min_documents=1 if few else 2)
    except ValueError as error:
        raise SamplesUnusable("样本中没有可识别的文字") from error
    known = Lesson(space.rows(titles), np.array(titled, dtype=np.int64))
    rows = space.rows(documents)
    answers = np.array([labels.index(label) for label in samples.labels])
    margins, judged = _unseen_margins(Lesson(rows, answers), known, len(labels), progress)
    calibration = fit_calibration(margins[judged], answers[judged])
    progress("用全部样本训练")
    weights, bias = _fit(Lesson(rows, answers) + known, len(labels))
    head = LinearHead(weights, bias, calibration)
    card = _card(samples, now, head, margins[judged], answers[judged], names or {})
    return RequestClassifier(tokenizer, space, head, labels, card)


@dataclass(frozen=True)
class Lesson:
    """Rows to learn from and the column of each one's label."""

    rows: csr_matrix
    answers: np.ndarray

    def __add__(self, other: "Lesson") -> "Lesson":
        if not len(other.answers):
            return self
        rows = vstack([self.rows, other.rows], format="csr")
        return Lesson(rows, np.concatenate([self.answers, other.answers]))

    def where(self, chosen: np.ndarray) -> "Lesson":
        """Return the rows that are chosen."""
        return Lesson(self.rows[chosen], self.answers[chosen])


def _fit(lesson: Lesson, labels: int) -> tuple[Floats, Floats]:
    """Return weights and bias for every label; a label without a text is pushed out of reach."""
    present = np.unique(lesson.answers)
    weights = np.zeros((labels, lesson.rows.shape[1]), dtype=np.float32)
    bias = np.full(labels, -2.0, dtype=np.float32)
    if len(present) == 1:
        bias[present] = 2.0
        return weights, bias
    machine = LinearSVC(C=PENALTY, class_weight="balanced", random_state=SEED, max_iter=5000)
    machine.fit(lesson.rows, lesson.answers)
    coefficients, intercepts = machine.coef_, machine.intercept_
    if len(present) == 2:  # scikit-learn keeps one row for two classes
        coefficients = np.vstack([-coefficients, coefficients])
        intercepts = np.concatenate([-intercepts, intercepts])
    weights[present] = coefficients
    bias[present] = intercepts
    return weights, bias


def _unseen_margins(
    lesson: Lesson, known: Lesson, labels: int, progress: Progress
) -> tuple[Floats, np.ndarray]:
    """Return margins of each text by a model that did not learn from it, and which have any.

    Texts of equal content stay in one fold; `known` may always be learned from. The only text
    of a label cannot be judged.
    """
    rows, answers = lesson.rows, lesson.answers
    folds = _folds(rows, answers)
    margins = np.zeros((rows.shape[0], labels), dtype=np.float32)
    for fold in range(FOLDS):
        held_out = folds == fold
        if held_out.all() or not held_out.any():
            continue
        progress(f"交叉验证：第 {fold + 1}/{FOLDS} 折")
        weights, bias = _fit(lesson.where(~held_out) + known, labels)
        margins[held_out] = rows[held_out] @ weights.T + bias
    sizes = Counter(answers.tolist())
    judged = np.array([sizes[answer] > 1 for answer in answers.tolist()])
    return margins, judged if judged.any() else np.ones(len(answers), dtype=bool)


def _folds(rows: csr_matrix, answers: np.ndarray) -> np.ndarray:
    """Deal the texts of each label round the folds in a fixed random order."""
    seen: dict[bytes, int] = {}
    dealt: defaultdict[int, int] = defaultdict(int)
    folds = np.zeros(len(answers), dtype=np.int64)
    for row in np.random.default_rng(SEED).permutation(len(answers)).tolist():
        content = rows.indices[rows.indptr[row] : rows.indptr[row + 1]].tobytes()
        answer = int(answers[row])
        if content not in seen:
            seen[content] = (dealt[answer] + answer) % FOLDS
            dealt[answer] += 1
        folds[row] = seen[content]
    return folds


def _card(
    samples: Samples,
    now: datetime,
    head: LinearHead,
    margins: Floats,
    answers: np.ndarray,
    names: Mapping[str, str],
) -> ModelCard:
    chances = head.calibration.probabilities(margins)
    figures: Figures = measure(chances, answers)
    return ModelCard(
        version=f"{now:%Y%m%d-%H%M%S}-{samples.sha256[:8]}",
        trained_at=now,
        texts=len(samples.texts),
        data_sha256=samples.sha256,
        metrics={
            "accuracy": figures.accuracy,
            "macro_f1": figures.macro_f1,
            "top3": figures.top3,
            "ece": expected_calibration_error(chances, answers),
        },
        libraries=_libraries(("scikit-learn", "numpy", "scipy", "jieba", "rjieba")),
        names=dict(names),
    )


def _libraries(packages: Sequence[str]) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in packages:
        with suppress(PackageNotFoundError):  # the native segmenter may be absent
            found[name] = version(name)
    return found
