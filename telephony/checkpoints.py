"""Where reading stopped, kept over restarts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Protocol


class Checkpoints(Protocol):
    """A small store of named texts."""

    def get(self, name: str) -> str | None:
        """Return what was put last, None if nothing was."""

    def put(self, name: str, value: str) -> None:
        """Keep the value; it must survive a crash once this returns."""


class FileCheckpoints:
    """Keeps the texts in one small JSON file, replaced whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, name: str) -> str | None:
        """Return what was put last; a damaged file counts as none, so that all is read again."""
        value = self._read().get(name)
        return value if isinstance(value, str) else None

    def put(self, name: str, value: str) -> None:
        """Write beside the file and move into its place."""
        values = {**self._read(), name: value}
        beside = self.path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as out:
            json.dump(values, out, ensure_ascii=False)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(self.path)

    def _read(self) -> dict[str, object]:
        try:
            values = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}
