"""A model on disk: plain arrays beside JSON, checked before use, never executable."""

import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from classifier.calibration import Calibration
from classifier.errors import ModelMissing, ModelRefused
from classifier.features import Block, FeatureSpace
from classifier.pipeline import Head, ModelCard, RequestClassifier
from classifier.proofs import Proofs
from classifier.scope import Scope
from classifier.tokens import Tokenizer

FORMAT = "hotline-request-classifier"
SCHEMA = 2
MAX_BYTES = 2_000_000_000
"""Larger files are refused unread: no city's model comes near."""

DESCRIPTION = "model.json"

_DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    RecursionError,  # JSON nested thousands deep
    RuntimeError,  # an entry that is encrypted
    zipfile.BadZipFile,
)
"""What reading a damaged or foreign file can end with."""

AnyArray = np.ndarray[Any, np.dtype[Any]]


def save_model(model: RequestClassifier, folder: Path) -> None:
    """Write the model into the folder; readers see the old one or the new one, never a half.

    The arrays carry their hash in their name and are in place before the description that
    points to them is swapped; arrays of earlier models are then removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    blocks = model.space.blocks
    arrays = {f"idf_{name}": block.idf for name, block in blocks.items()}
    for name, head in model.heads.items():
        weights = np.ascontiguousarray(head.weights)
        arrays |= {f"weights_{name}": weights, f"bias_{name}": head.bias}
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    arrays_name = f"arrays-{digest[:16]}.npz"
    description = {
        "format": FORMAT,
        "schema": SCHEMA,
        "arrays": arrays_name,
        "arrays_sha256": digest,
        "heads": {
            name: {"labels": list(head.labels), "calibration": asdict(head.calibration)}
            for name, head in model.heads.items()
        },
        "judgement": dict(model.judgement),
        "terms": list(model.tokenizer.terms),
        "stopwords": list(model.tokenizer.stopwords),
        "names": list(model.tokenizer.names),
        "features": {name: block.features for name, block in blocks.items()},
        "card": _card_to_json(model.card),
    }
    _write(folder / arrays_name, packed.getvalue())
    _write(folder / DESCRIPTION, json.dumps(description, ensure_ascii=False).encode())
    for old in folder.glob("arrays-*.npz"):
        if old.name != arrays_name:
            old.unlink()


def load_model(folder: Path) -> RequestClassifier:
    """Read and check a model.

    Raises:
        ModelMissing: the folder holds no model.
        ModelRefused: it is damaged, of another schema, or not one of ours.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        raise ModelMissing(f"没有找到模型：{folder}，请先训练（hotline classify train）")
    try:
        description = json.loads(_read(path))
        _check_kind(description)
        packed = _read(folder / Path(description["arrays"]).name)
        if hashlib.sha256(packed).hexdigest() != description["arrays_sha256"]:
            raise ModelRefused("模型数据与说明文件不一致，文件可能损坏，已拒绝加载")
        return _assemble(description, _arrays(packed))
    except _DAMAGE as error:
        raise ModelRefused(f"模型文件损坏，或不是本系统生成的模型，已拒绝加载：{error}") from error


def _check_kind(description: Any) -> None:
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ModelRefused("这不是本系统生成的模型，已拒绝加载")
    if description.get("schema") != SCHEMA:
        raise ModelRefused(
            f"模型格式版本为 {description.get('schema')}，本系统只读版本 {SCHEMA}，请重新训练"
        )


def _arrays(packed: bytes) -> dict[str, AnyArray]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        # We never compress, so an entry that does could only be there to swell.
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ModelRefused("模型数据含有压缩内容，不是本系统生成的模型，已拒绝加载")
        return {entry.filename.removesuffix(".npy"): _array(archive, entry) for entry in entries}


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> AnyArray:
    """Read one array of plain numbers.

    numpy's own reader makes room for whatever size the heading claims before it looks whether the
    numbers are there; so the claim is held against the length of the entry first.
    """
    with archive.open(entry) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("数组格式不符")
        shape, by_column, kind = np.lib.format.read_array_header_1_0(file)
        claimed = math.prod(shape) * kind.itemsize
        if kind.kind != "f" or by_column or claimed != entry.file_size - file.tell():
            raise ValueError("数组的大小或类型与内容不符")
        return np.frombuffer(file.read(claimed), dtype=kind).reshape(shape)


def _assemble(description: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> RequestClassifier:
    space = FeatureSpace(
        {
            name: Block(tuple(map(str, features)), arrays[f"idf_{name}"].astype(np.float32))
            for name, features in description["features"].items()
        }
    )
    heads = {
        str(name): _head(stored, arrays[f"weights_{name}"], arrays[f"bias_{name}"], space.width)
        for name, stored in description["heads"].items()
    }
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("数值无效")
    tokenizer = Tokenizer(
        terms=description["terms"], stopwords=description["stopwords"], names=description["names"]
    )
    card, judgement = _card(description["card"]), description["judgement"]
    model = RequestClassifier(tokenizer, space, heads, card, judgement)
    Proofs.of(model)  # what it says of itself must be readable, too
    Scope.of(model)
    return model


def _head(stored: Mapping[str, Any], weights: AnyArray, bias: AnyArray, width: int) -> Head:
    labels = tuple(str(label) for label in stored["labels"])
    if weights.shape != (len(labels), width) or bias.shape != (len(labels),):
        raise ValueError("数组大小与标签、特征不符")
    numbers = {name: float(number) for name, number in stored["calibration"].items()}
    calibration = Calibration(**numbers)
    if not (calibration.temperature > 0 and all(map(math.isfinite, numbers.values()))):
        raise ValueError("数值无效")
    return Head(labels, weights.astype(np.float32), bias.astype(np.float32), calibration)


def _card_to_json(card: ModelCard) -> dict[str, Any]:
    return {
        "version": card.version,
        "trained_at": card.trained_at.isoformat(),
        "texts": card.texts,
        "data_sha256": card.data_sha256,
        "metrics": dict(card.metrics),
        "libraries": dict(card.libraries),
        "names": dict(card.names),
        "figures": dict(card.figures),
    }


def _card(stored: Mapping[str, Any]) -> ModelCard:
    return ModelCard(
        version=str(stored["version"]),
        trained_at=datetime.fromisoformat(stored["trained_at"]),
        texts=int(stored["texts"]),
        data_sha256=str(stored["data_sha256"]),
        metrics={str(k): float(v) for k, v in stored["metrics"].items()},
        libraries={str(k): str(v) for k, v in stored["libraries"].items()},
        names={str(k): str(v) for k, v in stored["names"].items()},
        figures=dict(stored["figures"]),
    )


def _read(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise ModelRefused(f"模型文件 {path.name} 过大，已拒绝加载")
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
