"""A model on disk: plain arrays beside JSON, checked before use, never executable."""

import hashlib
import io
import json
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
from classifier.pipeline import LinearHead, ModelCard, RequestClassifier
from classifier.tokens import Tokenizer

FORMAT = "hotline-request-classifier"
SCHEMA = 1
MAX_BYTES = 2_000_000_000
"""Larger files are refused unread: no city's model comes near."""

DESCRIPTION = "model.json"


def save_model(model: RequestClassifier, folder: Path) -> None:
    """Write the model into the folder; readers see the old one or the new one, never a half.

    The arrays carry their hash in their name and are in place before the description that
    points to them is swapped; arrays of earlier models are then removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    blocks = model.space.blocks
    arrays = {f"idf_{name}": block.idf for name, block in blocks.items()}
    arrays |= {"weights": model.head.weights, "bias": model.head.bias}
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    arrays_name = f"arrays-{digest[:16]}.npz"
    description = {
        "format": FORMAT,
        "schema": SCHEMA,
        "arrays": arrays_name,
        "arrays_sha256": digest,
        "labels": list(model.labels),
        "calibration": asdict(model.head.calibration),
        "terms": list(model.tokenizer.terms),
        "stopwords": list(model.tokenizer.stopwords),
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
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelRefused(f"模型文件损坏，或不是本系统生成的模型，已拒绝加载：{error}") from error


def _check_kind(description: Any) -> None:
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ModelRefused("这不是本系统生成的模型，已拒绝加载")
    if description.get("schema") != SCHEMA:
        raise ModelRefused(
            f"模型格式版本为 {description.get('schema')}，本系统只读版本 {SCHEMA}，请重新训练"
        )


def _arrays(packed: bytes) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        # We never compress, so an entry that does could only be there to swell.
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ModelRefused("模型数据含有压缩内容，不是本系统生成的模型，已拒绝加载")
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _assemble(
    description: Mapping[str, Any], arrays: Mapping[str, np.ndarray[Any, np.dtype[Any]]]
) -> RequestClassifier:
    space = FeatureSpace(
        {
            name: Block(tuple(map(str, features)), arrays[f"idf_{name}"].astype(np.float32))
            for name, features in description["features"].items()
        }
    )
    labels = [str(label) for label in description["labels"]]
    weights, bias = arrays["weights"], arrays["bias"]
    stored = description["calibration"]
    names = ("temperature", "slope", "shift")
    calibration = Calibration(**{name: float(stored[name]) for name in names})
    if weights.shape != (len(labels), space.width) or bias.shape != (len(labels),):
        raise ValueError("数组大小与标签、特征不符")
    numbers = (*arrays.values(), np.array([calibration.slope, calibration.shift]))
    if not (calibration.temperature > 0 and all(np.isfinite(array).all() for array in numbers)):
        raise ValueError("数值无效")
    head = LinearHead(weights.astype(np.float32), bias.astype(np.float32), calibration)
    tokenizer = Tokenizer(terms=description["terms"], stopwords=description["stopwords"])
    return RequestClassifier(tokenizer, space, head, labels, _card(description["card"]))


def _card_to_json(card: ModelCard) -> dict[str, Any]:
    return {
        "version": card.version,
        "trained_at": card.trained_at.isoformat(),
        "texts": card.texts,
        "data_sha256": card.data_sha256,
        "metrics": dict(card.metrics),
        "libraries": dict(card.libraries),
        "names": dict(card.names),
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
