"""How real the demo corpus is: learned from it alone, how well are real letters told apart.

The categories of the demo city are finer than the classes of the letters. `realism.csv` says to
which class each category belongs; the chances of a class are the sum of its categories', and
categories that have no class are left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.corpora import Corpus, demo_corpus
from benchmarks.lines import Line, PartMissing
from benchmarks.plan import Plan
from benchmarks.requests import LABELLED, PLAIN, learn, learn_plain
from benchmarks.workshop import ROOT, progress

CLASSES = Path(__file__).with_name("realism.csv")
WHAT = "learned from the demo corpus alone, judged on real letters by their {classes} classes"


def measure(plan: Plan) -> Iterator[Line]:
    """Accuracy and macro-F1 of the demo model on real letters."""
    letters = plan.requests or next(iter(sorted(ROOT.parent.glob(LABELLED))), None)
    if letters is None:
        raise PartMissing("no labelled requests beside the project; name them by --data")
    classes = read_classes(CLASSES)
    texts, true = read_letters(letters, set(classes.values()))
    demo = demo_corpus()
    progress(f"realism: {len(demo.texts)} texts learned, {len(texts)} letters judged")
    ours = learn(demo)
    said = answers(np.asarray(ours.probabilities(texts)), ours.labels, classes)
    plain = _plain_answers(demo, texts, classes)
    what = WHAT.format(classes=len(set(classes.values())))
    for figure, value, limit in (
        ("realism_accuracy", accuracy_score(true, said), accuracy_score(true, plain)),
        ("realism_macro_f1", _macro_f1(true, said), _macro_f1(true, plain)),
    ):
        yield Line(
            figure=figure,
            value=float(value),
            unit="1",
            limit=PLAIN + ", same corpus",
            limit_value=float(limit),
            n=len(texts),
            note=what,
        )


def read_classes(path: Path) -> dict[str, str]:
    """Return the class of each category that has one."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["category"]: row["class"] for row in csv.DictReader(file) if row["class"]}


def answers(chances: Any, labels: Sequence[str], classes: dict[str, str]) -> list[str]:
    """Return the class with the largest sum of chances for each row."""
    names = sorted(set(classes.values()))
    belongs = np.zeros((len(labels), len(names)))
    for row, label in enumerate(labels):
        if label in classes:
            belongs[row, names.index(classes[label])] = 1.0
    return [names[best] for best in (chances @ belongs).argmax(axis=1).tolist()]


def _plain_answers(corpus: Corpus, texts: Sequence[str], classes: dict[str, str]) -> list[str]:
    """The class of the category nearest to each text; margins cannot be summed."""
    machine = learn_plain(replace(corpus, tops={}))
    known = [column for column, label in enumerate(machine.classes_) if label in classes]
    best = machine.decision_function(texts)[:, known].argmax(axis=1).tolist()
    return [classes[machine.classes_[known[column]]] for column in best]


def read_letters(path: Path, known: set[str]) -> tuple[list[str], list[str]]:
    """Return texts and labels; letters of a class that no category belongs to are left out.

    Raises PartMissing when no letter is left.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in known]
    if not rows:
        raise PartMissing(f"no letter in {path} is of a class named in {CLASSES.name}")
    return [row["text"] for row in rows], [row["label"] for row in rows]


def _macro_f1(true: Sequence[str], said: Sequence[str]) -> float:
    return float(f1_score(true, said, average="macro", zero_division=0))
