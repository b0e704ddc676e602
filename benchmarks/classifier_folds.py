"""Five folds of labelled requests, near-duplicates on one side: how right and how honest.

A file of one's own has the columns text, label and group; a group holds what is nearly the same.
The limit is what one would write in ten lines, on the same folds in the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jieba
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from benchmarks.corpora import Corpus, read_corpus
from benchmarks.lines import Line, PartMissing
from benchmarks.plan import Plan
from benchmarks.requests import LABELLED, learn
from benchmarks.workshop import ROOT, progress
from classifier.evaluation import expected_calibration_error

PLAIN = "scikit-learn TF-IDF of words (1-2) and characters (1-3) + LinearSVC, same folds"
GOAL = "goal"
LARGEST_ERROR = 0.02
FOLDS = 5
SEED = 0

Scores = NDArray[np.float64]
Numbers = NDArray[np.int64]
Folds = Sequence[tuple[Numbers, Numbers]]
"""Places of the texts to learn from, and of those held out."""


@dataclass(frozen=True)
class Held:
    """What a model said of the texts of every fold while it had not seen them."""

    scores: Scores
    """Texts × labels; the higher the likelier."""
    sure: Scores
    """One number a text, to rank texts by how sure the model is."""


def measure(plan: Plan) -> Iterator[Line]:
    """Judge every text once, by a model of the other folds."""
    letters = plan.requests or next(iter(sorted(ROOT.parent.glob(LABELLED))), None)
    if letters is None:
        raise PartMissing("no labelled requests beside the project; name them by --data")
    corpus = read_corpus(letters, whole=True)
    labels = sorted(set(corpus.labels))
    answers = np.array([labels.index(label) for label in corpus.labels])
    dealt = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    folds = list(dealt.split(answers, answers, corpus.groups))
    chances = _ours(corpus, labels, folds)
    ours = Held(chances, chances.max(axis=1))
    plain = _plain(corpus.texts, answers, folds)
    note = f"{len(labels)} labels, {FOLDS} folds by group"

    def line(figure: str, value: float, limit_value: float, limit: str = PLAIN) -> Line:
        return Line(
            figure=f"classifier_folds_{figure}",
            value=value,
            unit="1",
            limit=limit,
            limit_value=limit_value,
            n=len(answers),
            note=note,
        )

    yield line("macro_f1", _macro_f1(ours, answers), _macro_f1(plain, answers))
    yield line("top3", _among_three(ours, answers), _among_three(plain, answers))
    for share in (0.8, 0.9):
        both = _at_coverage(ours, answers, share), _at_coverage(plain, answers, share)
        yield line(f"accuracy_at_{round(share * 100)}", *both)
    yield line("ece", expected_calibration_error(chances, answers), LARGEST_ERROR, GOAL)


def _ours(
    corpus: Corpus,
    labels: Sequence[str],
    folds: Folds,
) -> Scores:
    """Chances from models trained as the product trains them, calibration and all."""
    chances = np.zeros((len(corpus.texts), len(labels)))
    for number, (learned, held) in enumerate(folds, 1):
        progress(f"classifier_folds: fold {number} of {len(folds)}")
        model = learn(corpus.of(learned.tolist()))
        columns = np.array([labels.index(label) for label in model.labels])
        chances[np.ix_(held, columns)] = model.probabilities([corpus.texts[at] for at in held])
    return chances


def _plain(
    texts: Sequence[str],
    answers: Numbers,
    folds: Folds,
) -> Held:
    """Margins of the plain model; it is the surer the further the best is ahead of the next."""
    progress("classifier_folds: the plain model")
    # Texts may come cut into words by blanks: these cuts are kept.
    cut = [" ".join(word for run in text.split() for word in jieba.cut(run)) for text in texts]
    margins = np.zeros((len(texts), int(answers.max()) + 1))
    for learned, held in folds:
        words = TfidfVectorizer(
            token_pattern=r"\S+", ngram_range=(1, 2), min_df=2, sublinear_tf=True
        )
        characters = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True
        )
        model = make_pipeline(make_union(words, characters), LinearSVC(C=0.5))
        model.fit([cut[at] for at in learned], answers[learned])
        margins[held] = model.decision_function([cut[at] for at in held])
    ordered = np.sort(margins, axis=1)
    return Held(margins, ordered[:, -1] - ordered[:, -2])


def _macro_f1(held: Held, answers: Numbers) -> float:
    return float(f1_score(answers, held.scores.argmax(axis=1), average="macro", zero_division=0))


def _among_three(held: Held, answers: Numbers) -> float:
    best = np.argsort(-held.scores, axis=1, kind="stable")[:, :3]
    return float((best == answers[:, None]).any(axis=1).mean())


def _at_coverage(held: Held, answers: Numbers, share: float) -> float:
    """Accuracy on so large a share of the texts, those the model is surest of."""
    surest = np.argsort(-held.sure, kind="stable")[: round(share * len(answers))]
    return float((held.scores.argmax(axis=1) == answers)[surest].mean())
