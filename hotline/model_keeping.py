"""Models in use: the register in the database and the folders on disk, kept in step."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from classifier.errors import ModelMissing, ModelRefused
from classifier.gate import Answers, Verdict, judge
from classifier.holdout import RULE, key_of
from classifier.packed import unpack_model
from classifier.pipeline import RequestClassifier
from classifier.registry import CURRENT, ModelFolders
from dispatch.bus import Database
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.service import model_releases
from dispatch.service.model_releases import Made, Release
from hotline.training_set import Labelled, TrainingSet, gather

log = logging.getLogger("hotline.models")

KEPT = 6
"""Models whose files are kept: the one in use, the one before it, and the newest others."""

HELD_OUT = "held_out"
"""In a release's metrics: by which rule its training left texts out."""


class ModelKeeper:
    """Registers, judges and finds models; which one answers is the database's word."""

    def __init__(
        self, database: Database, models: Path, rules: Callable[[datetime], Rules]
    ) -> None:
        self.database = database
        self.folders = ModelFolders(models)
        self.rules = rules

    def adopt_current(self, *, now: datetime) -> None:
        """Register the model in the first folder, and put it into use when none is.

        A damaged or missing one changes nothing: what is registered goes on.
        """
        try:
            model = self.folders.load(CURRENT)
            with self.database.read() as session:
                known = {r.version for r in model_releases.releases(session, limit=1000)}
            if model.card.version in known:
                return
            folder = self.folders.adopt(self.folders.root / CURRENT, now=now)
        except (ModelMissing, ModelRefused) as problem:
            log.warning("%s", problem)
            return
        with self.database.work() as session:
            made = describe(model, folder)
            model_releases.register(session, SYSTEM, made, now=now)
            if model_releases.active(session) is None:
                model_releases.activate(session, SYSTEM, made.version, now=now)

    def active_version(self) -> str | None:
        """What the database says is in use."""
        with self.database.read() as session:
            release = model_releases.active(session)
        return release.version if release else None

    def best(self, version: str | None) -> RequestClassifier | None:
        """The model of this version; where its files are damaged, the last good one before it.

        The first folder of all is the last resort, and what is read while none is registered.
        """
        line: list[Release] = []
        if version is not None:
            with self.database.read() as session:
                line.append(model_releases.release_of(session, version))
                line += model_releases.good_before(session, version)
        for folder in [*(release.folder for release in line if release.folder), CURRENT]:
            try:
                return self.folders.load(folder)
            except (ModelMissing, ModelRefused) as problem:
                log.warning("%s：%s", folder, problem)
        return None

    def register(
        self,
        model: RequestClassifier,
        folder: str,
        verdict: Verdict | None,
        *,
        held_out: str = "",
        actor: Actor = SYSTEM,
        now: datetime,
    ) -> Release:
        """Write a judged model down; without a verdict there was none to compare it with.

        `held_out` names the rule by which its training left texts out, "" when it is not known.
        """
        made = describe(model, folder, held_out=held_out)
        refused = verdict is not None and not verdict.accepted
        report = verdict.to_json() if verdict else {}
        with self.database.work() as session:
            return model_releases.register(
                session, actor, made, refused=refused, report=report, now=now
            )

    def compare(self, model: RequestClassifier, data: TrainingSet, *, now: datetime) -> Verdict:
        """Judge a model against the active one, on texts that neither has learned from."""
        with self.database.read() as session:
            active = model_releases.active(session)
        old = self.best(active.version) if active else None
        if old is None or active is None:
            raise ModelMissing("没有使用中的模型，无从比较")
        # A model of before the first retraining has learned the whole founding corpus.
        unseen = active.metrics.get(HELD_OUT) == RULE and old.card.version == active.version
        held, newest = (
            [one for one in texts if unseen or key_of(one.text) not in data.founding]
            for texts in (data.held, data.newest)
        )
        return judge(
            _answers(held, old, model),
            _answers(newest, old, model),
            tolerance_points=self.rules(now).profile.classifier.tolerance_points,
            names=data.names,
        )

    def gather(self, *, now: datetime) -> TrainingSet:
        """What there is to learn from and to judge by."""
        days = self.rules(now).profile.classifier.newest_days
        return gather(self.database, self.folders.root, newest_days=days, now=now)

    def take(self, path: Path, actor: Actor, *, now: datetime) -> str:
        """Keep a model that somebody hands in; return its version (the port `ModelShelf`)."""
        return self.take_in(path, actor, now=now).version

    def take_in(self, path: Path, actor: Actor, *, now: datetime) -> Release:
        """Check a packed model, or one in a folder, judge it, and write it down.

        Raises:
            ModelMissing, ModelRefused: there is none, it is damaged, or not one of ours.
        """
        with tempfile.TemporaryDirectory(prefix="model-") as room:
            folder = path
            if path.is_file():
                folder = Path(room) / "model"
                unpack_model(path, folder)
            kept = self.folders.adopt(folder, now=now)
        model = self.folders.load(kept)
        verdict = None
        if self.active_version() is not None:
            verdict = self.compare(model, self.gather(now=now), now=now)
        return self.register(model, kept, verdict, actor=actor, now=now)

    def tidy(self) -> None:
        """Remove the files of models beyond the number kept; the register keeps their rows."""
        with self.database.work() as session:
            gone = model_releases.forget_files(session, keep=KEPT)
        for folder in gone:
            self.folders.remove(folder)


def describe(model: RequestClassifier, folder: str, *, held_out: str = "") -> Made:
    """A model as the register keeps it; pages read its figures there and load no arrays."""
    card = model.card
    metrics: dict[str, Any] = {
        **card.metrics,
        "figures": card.figures,
        "libraries": card.libraries,
        "judgement": model.judgement,
        HELD_OUT: held_out,
    }
    return Made(
        version=card.version,
        folder=folder,
        texts=card.texts,
        data_sha256=card.data_sha256,
        metrics=metrics,
        trained_at=card.trained_at,
    )


def _answers(texts: Iterable[Labelled], old: RequestClassifier, new: RequestClassifier) -> Answers:
    listed = list(texts)
    said = [one.text for one in listed]
    return Answers([one.category for one in listed], _labels(old, said), _labels(new, said))


def _labels(model: RequestClassifier, texts: list[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(texts), 500):
        chances = model.probabilities(texts[start : start + 500])
        found += [model.labels[column] for column in chances.argmax(axis=1).tolist()]
    return found
