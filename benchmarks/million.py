"""Training on a million letters: one core, one process, nothing but the file of samples.

Not part of a whole run, it takes a quarter of an hour: `python -m benchmarks million`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.corpora import Corpus, demo_corpus
from benchmarks.letters import LENGTH, letters, write_letters
from benchmarks.lines import Line, MeasurementFailed
from benchmarks.plan import Plan
from benchmarks.requests import PLAIN, learn_plain, macro_f1
from benchmarks.workshop import ROOT, progress, temporary_folder
from classifier.artefact import save_model
from classifier.evaluation import evaluate
from classifier.samples import Samples, read_samples
from classifier.training import train

BARE = 3000
"""Letters the plain pipeline learns from; its time is scaled up, its memory would not do."""

JUDGED = 5000
"""Letters nobody has learned from, to judge both by."""


def measure(plan: Plan) -> Iterator[Line]:
    """Write the letters, train in a process of its own, and ask it what that took."""
    corpus = demo_corpus()
    labels = len(set(corpus.labels))
    what = f"{plan.letters} letters of {LENGTH} characters, {labels} labels"
    with temporary_folder() as folder:
        path = folder / "letters.csv"
        progress(f"million: writing {what}")
        write_letters(path, corpus, plan.letters)
        taken = _trained_apart(path)
        size = path.stat().st_size
    progress(f"million: the plain pipeline on {BARE}")
    bare, bare_f1 = _plain()
    note = f"{what}, one core, from the file to the saved model"
    yield Line(
        figure="classifier_train_million_s",
        value=taken["seconds"],
        unit="s",
        limit=f"{PLAIN}, time on {BARE} letters scaled up in proportion",
        limit_value=bare * plan.letters / BARE,
        n=plan.letters,
        note=note,
    )
    yield Line(
        figure="classifier_train_million_gb",
        value=taken["peak"] / 1e9,
        unit="GB",
        limit="the file of samples",
        limit_value=size / 1e9,
        n=plan.letters,
        note="largest resident memory of the training process",
    )
    yield Line(
        figure="classifier_train_million_f1",
        value=taken["macro_f1"],
        unit="1",
        limit=f"{PLAIN}, learned from {BARE}",
        limit_value=bare_f1,
        n=JUDGED,
        note="macro-F1 on other letters of the same making, a fiftieth of them mislabelled",
    )


def _trained_apart(path: Path) -> dict[str, float]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.million", str(path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise MeasurementFailed(f"training ended with {done.returncode}")
    taken: dict[str, float] = json.loads(done.stdout)
    return taken


def _train(path: Path) -> dict[str, float]:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    corpus = demo_corpus()
    began, worked = time.perf_counter(), time.process_time()
    samples = read_samples(path, text="text", label="label")
    model = train(samples, now=datetime.now(UTC), names=corpus.names, progress=progress)
    save_model(model, path.parent / "model")
    taken = {
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - worked,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0,
    }
    progress(f"million: {taken}, out of sample {model.card.metrics}")
    return taken | {"macro_f1": evaluate(model, _judged()).figures.macro_f1}


def _plain() -> tuple[float, float]:
    texts, labels = zip(*islice(letters(demo_corpus(), seed=3), BARE), strict=True)
    began = time.perf_counter()
    model: Any = learn_plain(Corpus(texts, labels, texts))
    seconds = time.perf_counter() - began
    judged = _judged()
    return seconds, macro_f1(judged.labels, model.predict(judged.texts))


def _judged() -> Samples:
    texts, labels = zip(*islice(letters(demo_corpus(), seed=2), JUDGED), strict=True)
    return Samples(texts, labels, (), "0" * 64)


if __name__ == "__main__":
    print(json.dumps(_train(Path(sys.argv[1]))))
