"""DuckDB: the program that counts in the web process, over an archive's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from analytics.engines.changes import NULL
from analytics.engines.columns import COLUMNS
from analytics.engines.dialect import EngineFailed, Row

MEMORY = "1GB"
"""What counting may take of the machine; beyond it DuckDB goes to disk."""

THREADS = 2
"""Counting leaves the other cores to the calls."""


FILES_STAY = (
    "LOAD parquet; SET GLOBAL parquet_metadata_cache = true; "
    "SET GLOBAL validate_external_file_cache = 'NO_VALIDATION'"
)
"""A file of an archive is never written twice under one name: what it holds is read once."""


def open_duck(folder: Path | None = None, *, memory: str = MEMORY, threads: int = THREADS) -> Any:
    """A DuckDB of our own in memory; what does not fit goes below the folder."""
    settings: dict[str, Any] = {"memory_limit": memory, "threads": threads}
    if folder is not None:
        settings["temp_directory"] = str(folder / ".spill")
    duck = duckdb.connect(":memory:", config=settings)
    duck.execute(FILES_STAY)
    return duck


class DuckProgram:
    """Runs statements on one cursor; may be interrupted by nobody, it only reads."""

    words = "duckdb"

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def placeholder(self, name: str, value: Any) -> str:
        """A named parameter; a name is a word, whatever SQLAlchemy calls it."""
        return f"${name}"

    def run(self, statement: str, values: Mapping[str, Any]) -> tuple[Sequence[str], list[Row]]:
        """Run with moments as UTC without zone, as the files hold them."""
        plain = {name: without_zone(value) for name, value in values.items()}
        try:
            done = self._cursor.execute(statement, plain)
        except duckdb.Error as error:
            raise EngineFailed(str(error)) from error
        return [column[0] for column in done.description], done.fetchall()


def without_zone(value: Any) -> Any:
    """A moment in UTC without its zone; anything else as it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def quoted(text: str | Path) -> str:
    """A text as SQL writes it."""
    return "'" + str(text).replace("'", "''") + "'"


def empty(table: str) -> str:
    """A SELECT of the table's columns without rows."""
    listed = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in COLUMNS[table].items())
    return f"SELECT {listed} WHERE false"


def from_csv(table: str, path: Path) -> str:
    """A SELECT over what was spilled of a table."""
    if not path.stat().st_size:
        return empty(table)
    kinds = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in COLUMNS[table].items())
    return (
        f"SELECT * FROM read_csv({quoted(path)}, columns = {{{kinds}}}, header = false, "
        f"delim = ',', quote = '\"', escape = '\"', nullstr = {quoted(NULL)}, "
        "auto_detect = false, parallel = false)"
    )


def from_parquet(table: str, files: Iterable[str]) -> str:
    """A SELECT over a table's files; without files one without rows."""
    listed = ", ".join(quoted(file) for file in files)
    if not listed:
        return empty(table)
    names = ", ".join(f'"{name}"' for name in COLUMNS[table])
    return f"SELECT {names} FROM read_parquet([{listed}])"
