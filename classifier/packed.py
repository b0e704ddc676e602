"""A model as one file, to be carried from one city's machine to another and handed in there."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from classifier.errors import ModelRefused

MOST_BYTES = 500_000_000
"""A larger file is refused unread: a city's model has some tens of megabytes."""

_NAME = re.compile(r"model\.json|arrays-[0-9a-f]{16}\.npz")
_FILES = 2
_PIECE = 1 << 20


def pack_model(folder: Path, path: Path) -> None:
    """Write the model of a folder into one file; nothing in it is compressed."""
    draft = path.with_name(f".{path.name}.draft")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for part in sorted((*folder.glob("model.json"), *folder.glob("arrays-*.npz"))):
            archive.write(part, part.name)
    draft.replace(path)


def unpack_model(path: Path, folder: Path) -> None:
    """Take a packed model apart into an empty folder; what it says is checked when it is loaded.

    Only the two files of a model are taken, by their exact names, so that no path can lead out of
    the folder; a compressed entry, which alone can swell, is refused, and so is one that is longer
    than the file itself.

    Raises:
        ModelRefused: it is no packed model, too large, or damaged.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ModelRefused(f"模型文件有 {size >> 20} MB，超过 {MOST_BYTES >> 20} MB 的上限，已拒绝")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if len(entries) != _FILES or len(names) != _FILES or "model.json" not in names:
                raise ModelRefused("这不是本系统导出的模型文件，已拒绝")
            folder.mkdir(parents=True)
            for entry in entries:
                _take(archive, entry, folder, size)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError) as damage:
        # RuntimeError: an entry is encrypted or packed in an unknown way; OSError and ValueError:
        # its place lies outside of the file.
        raise ModelRefused(f"模型文件损坏，或不是本系统导出的，已拒绝：{damage}") from damage


def _take(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, most: int) -> None:
    stored = entry.compress_type == zipfile.ZIP_STORED and entry.file_size <= most
    if not stored or not _NAME.fullmatch(entry.filename):
        raise ModelRefused(f"模型文件含有不该有的内容“{entry.filename[:60]}”，已拒绝")
    left = most
    with archive.open(entry) as source, (folder / entry.filename).open("xb") as target:
        while piece := source.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise ModelRefused("模型文件的内容比它自己还长，已拒绝")
            target.write(piece)
