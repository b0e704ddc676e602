"""Files of history on their way in: what was handed over, and the rows that were refused.

They hold citizens' numbers, so they are readable by this program alone and go as soon as they
have been read; what was refused stays until the import is taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from dispatch.domain.errors import NotFound
from dispatch.files.store import FolderStore

MOST = 512 * 1024 * 1024
"""Bytes of one file."""


@dataclass(frozen=True)
class Staged:
    """A file that was handed over and not read in yet."""

    sha256: str
    name: str
    path: Path


@dataclass(frozen=True)
class RefusedRow:
    """A row that was not taken: its line in the file, why, and its cells as they were."""

    line: int
    why: str
    cells: tuple[str, ...]
    raw: str = ""
    """The whole row as it was written in the file."""


class ImportFolder:
    """The folder of history files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = FolderStore(folder)

    def stage(self, stream: BinaryIO, name: str) -> Staged:
        """Keep what somebody handed over until it is read in.

        Raises:
            FileRefused: it is too large.
        """
        stored = self._store.put(stream, most=MOST)
        path = self.folder / stored.path
        _write(path.with_suffix(".name"), [json.dumps(name[:200], ensure_ascii=False)])
        return Staged(stored.sha256, name[:200], path)

    def staged(self, sha256: str) -> Staged:
        """The file with this digest.

        Raises:
            NotFound: it is not there (any more).
        """
        try:
            path = self._store.find(f"{sha256[:2]}/{sha256}")
        except NotFound as gone:
            raise NotFound("这个文件不在了，请重新上传") from gone
        named = path.with_suffix(".name")
        name = json.loads(named.read_text("utf-8")) if named.is_file() else sha256[:8]
        return Staged(sha256, name, path)

    def drop(self, sha256: str) -> None:
        """Delete a file that has been read in; nothing happens when it is gone."""
        try:
            staged = self.staged(sha256)
        except NotFound:
            return
        staged.path.with_suffix(".name").unlink(missing_ok=True)
        staged.path.unlink(missing_ok=True)

    def drop_old(self, before: datetime, *, but: Iterable[str]) -> int:
        """Delete files that somebody handed over and did not come back to."""
        kept, gone = set(but), 0
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            if path.suffix == "" and path.name not in kept:
                if path.stat().st_mtime >= before.timestamp():
                    continue
                self.drop(path.name)
                gone += 1
        return gone

    def keep_refused(self, import_id: int, first: int, rows: Sequence[RefusedRow]) -> None:
        """Keep refused rows; told again after a crash, the same part is written anew."""
        if rows:
            _write(
                self._parts(import_id) / f"{first:012d}.jsonl",
                (json.dumps([r.line, r.why, *r.cells], ensure_ascii=False) for r in rows),
            )

    def refused(self, import_id: int) -> Iterator[RefusedRow]:
        """The rows of an import that were refused, in the order of the file."""
        for part in sorted(self._parts(import_id).glob("*.jsonl")):
            with part.open(encoding="utf-8") as lines:
                for line in lines:
                    number, why, *cells = json.loads(line)
                    yield RefusedRow(number, why, tuple(cells))

    def forget(self, import_id: int) -> None:
        """Delete the refused rows of an import."""
        parts = self._parts(import_id)
        for part in parts.glob("*.jsonl"):
            part.unlink(missing_ok=True)
        if parts.is_dir():
            parts.rmdir()

    def _parts(self, import_id: int) -> Path:
        return self.folder / f"refused-{import_id}"


def _write(path: Path, lines: Iterable[str]) -> None:
    """Write a text whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(
        "w", dir=path.parent, prefix="incoming-", encoding="utf-8", delete=False
    ) as made:
        for line in lines:
            made.write(line + "\n")
    Path(made.name).replace(path)
