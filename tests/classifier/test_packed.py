"""A packed model comes out as it went in; whatever else is in a file never reaches the disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from classifier.artefact import load_model, save_model
from classifier.errors import ModelRefused
from classifier.packed import pack_model, unpack_model
from classifier.pipeline import RequestClassifier

ARRAYS = f"arrays-{'0' * 16}.npz"


def made(path: Path, entries: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    """A zip file with these entries."""
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_a_model_is_the_same_after_packing(model: RequestClassifier, tmp_path: Path) -> None:
    save_model(model, tmp_path / "one")
    pack_model(tmp_path / "one", tmp_path / "model.zip")
    unpack_model(tmp_path / "model.zip", tmp_path / "two")
    text = ["工地夜里打桩"]
    assert (load_model(tmp_path / "two").probabilities(text) == model.probabilities(text)).all()


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"model.json": b"{}"},
        {"model.json": b"{}", "../../escape.npz": b""},
        {"model.json": b"{}", "/tmp/arrays.npz": b""},
        {"model.json": b"{}", "payload.pkl": b""},
        {"model.json": b"{}", ARRAYS: b"", "more.py": b""},
    ],
)
def test_what_is_no_model_is_refused_and_writes_nothing_outside(
    tmp_path: Path, entries: dict[str, bytes]
) -> None:
    packed = made(tmp_path / "file.zip", entries)
    with pytest.raises(ModelRefused):
        unpack_model(packed, tmp_path / "a" / "b")
    written = {p.name for p in tmp_path.rglob("*") if p.is_file()}
    assert written <= {"file.zip", "model.json"}


def test_a_file_that_would_swell_is_refused_unread(tmp_path: Path) -> None:
    bomb = {"model.json": b" " * 50_000_000, ARRAYS: b""}
    packed = made(tmp_path / "bomb.zip", bomb, zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelRefused, match="不该有"):
        unpack_model(packed, tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []


def opened(path: Path, folder: Path) -> RequestClassifier:
    """What is in the file, through both checks."""
    unpack_model(path, folder)
    return load_model(folder)


def test_a_damaged_or_foreign_file_is_refused(model: RequestClassifier, tmp_path: Path) -> None:
    save_model(model, tmp_path / "one")
    pack_model(tmp_path / "one", tmp_path / "model.zip")
    whole = (tmp_path / "model.zip").read_bytes()
    for number, content in enumerate((b"", b"\x80\x04.", whole[:-200], whole[:300] + whole[400:])):
        path = tmp_path / f"bad{number}.zip"
        path.write_bytes(content)
        with pytest.raises(ModelRefused):
            opened(path, tmp_path / f"out{number}")
