"""A version is whole or not there; what is damaged is refused and the others stay."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classifier.artefact import save_model
from classifier.errors import ModelMissing, ModelRefused
from classifier.pipeline import RequestClassifier
from classifier.registry import LEFT_OVER, ModelFolders

NOW = datetime.now(UTC)


@pytest.fixture
def folders(tmp_path: Path) -> ModelFolders:
    """An empty place for models."""
    return ModelFolders(tmp_path / "models")


def test_a_model_put_is_found_by_its_version_and_answers_the_same(
    folders: ModelFolders, model: RequestClassifier
) -> None:
    name = folders.put(model, now=NOW)
    assert name == f"versions/{model.card.version}"
    assert folders.put(model, now=NOW) == name
    assert folders.names() == [name]
    text = ["工地夜里打桩，吵得睡不着"]
    assert (folders.load(name).probabilities(text) == model.probabilities(text)).all()


def test_the_folder_of_a_city_that_has_not_retrained_is_taken_over_as_it_is(
    folders: ModelFolders, model: RequestClassifier
) -> None:
    current = folders.root / "current"
    save_model(model, current)
    (current / "notes.txt").write_text("不属于模型", encoding="utf-8")
    name = folders.adopt(current, now=NOW)
    assert sorted(p.suffix for p in (folders.root / name).iterdir()) == [".json", ".npz"]
    assert folders.load("current").card == folders.load(name).card


def test_what_a_killed_process_left_is_no_model_and_is_swept_away_when_it_is_old(
    folders: ModelFolders, model: RequestClassifier
) -> None:
    half = folders.root / "versions" / ".draft-killed"
    save_model(model, half)
    fresh = folders.root / "versions" / ".draft-at-work"
    fresh.mkdir()
    old = (NOW - LEFT_OVER - timedelta(minutes=1)).timestamp()
    os.utime(half, (old, old))
    assert folders.names() == []
    folders.put(model, now=NOW)
    assert not half.exists()
    assert fresh.exists()


def test_a_damaged_model_is_not_taken_and_leaves_nothing(
    folders: ModelFolders, model: RequestClassifier, tmp_path: Path
) -> None:
    save_model(model, tmp_path / "bad")
    (arrays,) = (tmp_path / "bad").glob("arrays-*.npz")
    arrays.write_bytes(arrays.read_bytes()[:-100])
    with pytest.raises(ModelRefused):
        folders.adopt(tmp_path / "bad", now=NOW)
    with pytest.raises(ModelMissing):
        folders.adopt(tmp_path / "nowhere", now=NOW)
    assert list((folders.root / "versions").iterdir()) == []


def test_a_version_that_would_lead_out_of_the_folder_is_refused(
    folders: ModelFolders, model: RequestClassifier, tmp_path: Path
) -> None:
    save_model(model, tmp_path / "bad")
    described = tmp_path / "bad" / "model.json"
    text = described.read_text("utf-8").replace(model.card.version, "../../etc")
    described.write_text(text, encoding="utf-8")
    with pytest.raises(ModelRefused, match="文件夹名"):
        folders.adopt(tmp_path / "bad", now=NOW)


def test_only_versions_are_removed(folders: ModelFolders, model: RequestClassifier) -> None:
    name = folders.put(model, now=NOW)
    save_model(model, folders.root / "current")
    folders.remove("current")
    folders.remove("../models/current")
    assert folders.load("current").card.version == model.card.version
    folders.remove(name)
    folders.remove(name)
    assert folders.names() == []
