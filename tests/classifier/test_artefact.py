"""A model on disk comes back equal, or is refused by name."""

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.artefact import DESCRIPTION, load_model, save_model
from classifier.calibration import Calibration
from classifier.errors import ModelMissing, ModelRefused
from classifier.pipeline import Head, RequestClassifier
from tests.classifier.letters import requests


@pytest.fixture
def folder(tmp_path: Path, model: RequestClassifier) -> Path:
    save_model(model, tmp_path / "model")
    return tmp_path / "model"


def _arrays_of(folder: Path) -> Path:
    return next(folder.glob("arrays-*.npz"))


def _rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / DESCRIPTION
    description = json.loads(path.read_text(encoding="utf-8"))
    change(description)
    path.write_text(json.dumps(description), encoding="utf-8")


def _swap_arrays(folder: Path, packed: bytes) -> None:
    """Plant other arrays with the right hash, as an attacker would."""
    path = _arrays_of(folder)
    path.write_bytes(packed)
    digest = hashlib.sha256(packed).hexdigest()
    _rewrite(folder, lambda d: d.update(arrays=path.name, arrays_sha256=digest))


def test_a_saved_model_answers_as_before(folder: Path, model: RequestClassifier) -> None:
    again = load_model(folder)
    texts = requests().texts
    assert np.array_equal(again.probabilities(texts), model.probabilities(texts))
    assert again.suggest(texts[0]) == model.suggest(texts[0])
    assert again.card == model.card


def test_saving_again_leaves_one_set_of_arrays(folder: Path, model: RequestClassifier) -> None:
    (folder / "arrays-0000000000000000.npz").write_bytes(b"older")
    save_model(model, folder)
    assert len(list(folder.glob("arrays-*.npz"))) == 1
    load_model(folder)


def test_no_model_is_told_apart_from_a_bad_one(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="请先训练"):
        load_model(tmp_path)


@pytest.mark.parametrize("foreign", [b"", b"\x80\x04N.", b"[1, 2]", b'{"format": "else"}', b"\xff"])
def test_a_foreign_description_is_refused(folder: Path, foreign: bytes) -> None:
    (folder / DESCRIPTION).write_bytes(foreign)
    with pytest.raises(ModelRefused):
        load_model(folder)


def test_a_model_of_another_schema_is_refused_with_the_remedy(folder: Path) -> None:
    _rewrite(folder, lambda d: d.update(schema=99))
    with pytest.raises(ModelRefused, match="请重新训练"):
        load_model(folder)


def test_damaged_arrays_are_refused(folder: Path) -> None:
    path = _arrays_of(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelRefused, match="不一致"):
        load_model(folder)


def test_missing_arrays_are_refused(folder: Path) -> None:
    _arrays_of(folder).unlink()
    with pytest.raises(ModelRefused):
        load_model(folder)


class Payload:
    """Creates a file when unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Path]]:
        return Path.touch, (self.mark,)


def test_a_payload_in_the_arrays_is_refused_and_never_run(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    with np.load(_arrays_of(folder)) as arrays:
        kept = {name: arrays[name] for name in arrays.files}
    kept["bias"] = np.array([Payload(mark)] * 3, dtype=object)
    packed = io.BytesIO()
    np.savez(packed, **kept)
    _swap_arrays(folder, packed.getvalue())
    with pytest.raises(ModelRefused):
        load_model(folder)
    assert not mark.exists()
    _swap_arrays(folder, pickle.dumps(Payload(mark)))
    with pytest.raises(ModelRefused):
        load_model(folder)
    assert not mark.exists()


def test_compressed_arrays_are_refused_before_they_swell(folder: Path) -> None:
    packed = io.BytesIO()
    np.savez_compressed(packed, weights=np.zeros(10_000_000, np.float32))
    _swap_arrays(folder, packed.getvalue())
    with pytest.raises(ModelRefused, match="压缩"):
        load_model(folder)


def test_an_array_that_claims_more_than_it_holds_is_refused_before_room_is_made(
    folder: Path,
) -> None:
    heading = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        heading, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 1 << 20)}
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("weights_category.npy", heading.getvalue() + b"\0" * 64)
    _swap_arrays(folder, packed.getvalue())
    with pytest.raises(ModelRefused, match="大小"):
        load_model(folder)


def test_a_description_nested_without_end_is_refused(folder: Path) -> None:
    (folder / DESCRIPTION).write_text('{"format":' + "[" * 200_000, encoding="utf-8")
    with pytest.raises(ModelRefused):
        load_model(folder)


def test_every_head_and_what_was_derived_comes_back(
    tmp_path: Path, model: RequestClassifier
) -> None:
    kind = Head(("投诉", "咨询"), model.head.weights[:2], model.head.bias[:2], Calibration(0.5))
    heads = {**model.heads, "kind": kind}
    card = replace(model.card, figures={"curve": [1, 2]})
    save_model(RequestClassifier(model.tokenizer, model.space, heads, card), tmp_path)
    again = load_model(tmp_path)
    texts = requests().texts
    assert list(again.heads) == [*model.heads, "kind"]
    assert np.array_equal(
        again.probabilities(texts, "kind"),
        kind.probabilities(model.space.rows([model.tokenizer.words(text) for text in texts])),
    )
    assert again.card == card


def test_arrays_that_do_not_fit_are_refused(folder: Path) -> None:
    _rewrite(folder, lambda d: d["heads"]["category"]["labels"].append("多出来的"))
    with pytest.raises(ModelRefused):
        load_model(folder)


def test_a_path_in_the_description_cannot_leave_the_folder(folder: Path) -> None:
    outside = folder.parent / "arrays-outside.npz"
    _arrays_of(folder).rename(outside)
    _rewrite(folder, lambda d: d.update(arrays=f"../{outside.name}"))
    with pytest.raises(ModelRefused):
        load_model(folder)
