"""The list of an archive's files: what they hold, and up to which fact they are true."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

NAME = "manifest.json"
FORM = 1
"""Raised when older files can no longer be read; they are then made anew."""


@dataclass(frozen=True)
class Block:
    """One Parquet file: rows of a table with ids from `first` to `last`."""

    file: str
    first: int
    last: int
    rows: int


@dataclass(frozen=True)
class Manifest:
    """An archive as it was taken at a moment (UTC).

    `event` is the last fact that it surely knows; whatever was recorded later is asked of the
    live database. `columns` is told so that a changed table is seen.
    """

    taken_at: datetime
    event: int
    columns: Mapping[str, Mapping[str, str]]
    blocks: Mapping[str, tuple[Block, ...]] = field(default_factory=dict)

    def last(self, table: str) -> int:
        """The largest id that was archived of a table."""
        return max((block.last for block in self.blocks.get(table, ())), default=0)

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(block.rows for blocks in self.blocks.values() for block in blocks)

    def files(self, folder: Path, table: str) -> list[str]:
        """The files of a table, in order of ids."""
        return [str(folder / block.file) for block in self.blocks.get(table, ())]


def read_manifest(folder: Path) -> Manifest | None:
    """The archive in a folder; None where there is none, or none of this form."""
    try:
        plain = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if plain.pop("form", None) != FORM:
        return None
    blocks = {
        table: tuple(Block(**block) for block in listed)
        for table, listed in plain["blocks"].items()
    }
    return Manifest(
        taken_at=datetime.fromisoformat(plain["taken_at"]),
        event=plain["event"],
        columns=plain["columns"],
        blocks=blocks,
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the list in place at once: a reader sees the old archive or the new one."""
    plain = asdict(manifest) | {"form": FORM, "taken_at": manifest.taken_at.isoformat()}
    draft = folder / f".{NAME}.{os.getpid()}"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(plain, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / NAME)
