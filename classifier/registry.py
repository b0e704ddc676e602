"""Folders of models: each version whole in a folder of its own, never changed once it is there."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from classifier.artefact import load_model, save_model
from classifier.errors import ModelRefused
from classifier.pipeline import RequestClassifier

VERSIONS = "versions"
"""Where the versions lie, below the folder of models."""

CURRENT = "current"
"""The one folder of a city that has not retrained yet, and of the first training."""

LEFT_OVER = timedelta(hours=6)
"""A draft this old belongs to nobody any more."""

_DRAFT = ".draft-"
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,59}")


class ModelFolders:
    """The models on this machine.

    A model is written into a draft, read back, and renamed: whoever is killed in between leaves
    a draft, which is never loaded and is swept away later.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, model: RequestClassifier, *, now: datetime) -> str:
        """Keep a trained model; return its folder below the root."""
        return self._keep(lambda draft: save_model(model, draft), now)

    def adopt(self, folder: Path, *, now: datetime) -> str:
        """Keep a copy of the model in another folder.

        Raises:
            ModelMissing, ModelRefused: there is none, it is damaged, or not one of ours.
        """
        return self._keep(lambda draft: _copy(folder, draft), now)

    def load(self, name: str) -> RequestClassifier:
        """Read a model.

        Raises:
            ModelMissing, ModelRefused: it is not there, or damaged.
        """
        return load_model(self.root / name)

    def remove(self, name: str) -> None:
        """Take a version away; others and the first folder are never touched."""
        folder = self.root / name
        if folder.parent == self.root / VERSIONS and _VERSION.fullmatch(folder.name):
            # Renamed first: a folder that is half removed must not look like a model.
            gone = folder.with_name(f"{_DRAFT}{uuid4().hex}")
            with suppress(FileNotFoundError):
                folder.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)

    def names(self) -> list[str]:
        """The versions that are there."""
        found = (self.root / VERSIONS).glob("*/model.json")
        folders = sorted(path.parent.name for path in found)
        return [f"{VERSIONS}/{name}" for name in folders if not name.startswith(_DRAFT)]

    def _keep(self, write: Callable[[Path], object], now: datetime) -> str:
        versions = self.root / VERSIONS
        versions.mkdir(parents=True, exist_ok=True)
        self._sweep(now)
        draft = versions / f"{_DRAFT}{uuid4().hex}"
        try:
            write(draft)
            # What cannot be read back is not kept, whatever the reason.
            version = load_model(draft).card.version
            if not _VERSION.fullmatch(version):
                raise ModelRefused(f"模型的版本号“{version[:60]}”不能作文件夹名，已拒绝")
            target = versions / version
            if not (target / "model.json").exists():
                draft.rename(target)
                _settle(versions)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return f"{VERSIONS}/{version}"

    def _sweep(self, now: datetime) -> None:
        oldest = (now - LEFT_OVER).timestamp()
        for draft in (self.root / VERSIONS).glob(f"{_DRAFT}*"):
            with suppress(FileNotFoundError):
                if draft.stat().st_mtime < oldest:
                    shutil.rmtree(draft, ignore_errors=True)


def _copy(folder: Path, draft: Path) -> None:
    """Copy what belongs to a model, and nothing else that lies there."""
    draft.mkdir()
    for path in (*folder.glob("model.json"), *folder.glob("arrays-*.npz")):
        shutil.copyfile(path, draft / path.name)


def _settle(folder: Path) -> None:
    """Make a rename last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
