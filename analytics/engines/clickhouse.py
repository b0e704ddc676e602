"""ClickHouse: the program a province would count with, over the same files.

It runs here inside the process (chDB), which is ClickHouse's own engine without its network. It is
no part of the default install: `pip install 'hotline[province]'`.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from analytics.engines.columns import ARCHIVED, COLUMNS, SMALL
from analytics.engines.dialect import EngineFailed, Row, connected
from analytics.engines.duck import quoted, without_zone
from analytics.engines.manifest import read_manifest
from dispatch.db import Session

SETTINGS = {
    "session_timezone": "UTC",
    "join_use_nulls": 1,
    "union_default_mode": "ALL",
    "prefer_column_name_to_alias": 1,
    # A window over a column of which another part reads only whether it is NULL fails otherwise.
    "optimize_functions_to_subcolumns": 0,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_decimals": 1,
}
"""What makes its answers those of standard SQL."""

_KINDS = {"TIMESTAMP": "DateTime64(6)", "BOOLEAN": "Bool", "BIGINT": "Int64", "DOUBLE": "Float64"}


class ClickHouseMissing(Exception):
    """The extra is not installed, or there is no archive; the message says what to do."""


class ClickHouseEngine:
    """Counts what an archive holds. What is newer reaches it with the next archive.

    It has no live database beside it: a statement that asks for texts is refused by it.
    """

    def __init__(self, archive: Path, place: Path) -> None:
        try:
            sessions = importlib.import_module("chdb.session")
        except ImportError as error:
            raise ClickHouseMissing(
                "没有安装 ClickHouse 组件，请运行 pip install 'hotline[province]'"
            ) from error
        manifest = read_manifest(archive)
        if manifest is None:
            raise ClickHouseMissing("还没有归档，请先运行 hotline archive take")
        self._taken_at = manifest.taken_at
        self._session = sessions.Session(str(place))
        for name, value in SETTINGS.items():
            self._session.query(f"SET {name} = {value!r}")
        for table in ARCHIVED:
            self._load(table.name, manifest.files(archive, table.name))
        for table in SMALL:
            self._load(table.name, [str(archive / f"{table.name}.parquet")])

    def _load(self, table: str, files: Sequence[str]) -> None:
        key = next(iter(COLUMNS[table]))
        columns = ", ".join(
            f"`{name}` {_stored(kind) if name == key else f'Nullable({_stored(kind)})'}"
            for name, kind in COLUMNS[table].items()
        )
        names = ", ".join(f"`{name}`" for name in COLUMNS[table])
        self._session.query(f"DROP TABLE IF EXISTS `{table}`")
        self._session.query(
            f"CREATE TABLE `{table}` ({columns}) ENGINE = MergeTree ORDER BY `{key}`"
        )
        for file in files:
            rows = f"SELECT {names} FROM file({quoted(file)}, Parquet)"
            self._session.query(f"INSERT INTO `{table}` ({names}) {rows}")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session whose statements ClickHouse answers."""
        with connected(ClickHouseProgram(self._session)) as counting, Session(counting) as session:
            yield session

    @property
    def told(self) -> str:
        """Of which archive."""
        return f"ClickHouse，{self._taken_at:%Y-%m-%d %H:%M} UTC 的归档"

    def close(self) -> None:
        """End the engine."""
        self._session.close()


def _stored(kind: str) -> str:
    return _KINDS.get(kind, "String")


class ClickHouseProgram:
    """Runs statements in a session of chDB."""

    words = "clickhouse"

    def __init__(self, session: Any) -> None:
        self._session = session

    def placeholder(self, name: str, value: Any) -> str:
        """A parameter with its type, which ClickHouse wants to know."""
        return f"{{{name}:{_type_of(value)}}}"

    def run(self, statement: str, values: Mapping[str, Any]) -> tuple[Sequence[str], list[Row]]:
        """Run, and read the answer back by the types it names."""
        given = {name: _plain(value) for name, value in values.items()}
        try:
            told = self._session.query(statement, "JSONCompact", params=given)
        except RuntimeError as error:
            raise EngineFailed(str(error)) from error
        answer = json.loads(str(told), parse_float=float)
        readers = [_reader(column["type"]) for column in answer["meta"]]
        rows = [
            tuple(read(value) for read, value in zip(readers, row, strict=True))
            for row in answer["data"]
        ]
        return [column["name"] for column in answer["meta"]], rows


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "Bool"
    if isinstance(value, int):
        return "Int64"
    if isinstance(value, float):
        return "Float64"
    return "DateTime64(6)" if isinstance(value, datetime) else "String"


def _plain(value: Any) -> Any:
    plain = without_zone(value)
    return (
        plain.isoformat(sep=" ", timespec="microseconds") if isinstance(plain, datetime) else plain
    )


def _reader(kind: str) -> Any:
    """What turns a value of a JSON answer into Python's."""
    inner = kind.removeprefix("Nullable(")
    if inner.startswith("DateTime"):
        return lambda value: value and datetime.fromisoformat(value)
    if inner.startswith("Decimal"):
        return lambda value: None if value is None else Decimal(value)
    if inner.startswith("Bool"):
        return lambda value: None if value is None else bool(value)
    return lambda value: value
