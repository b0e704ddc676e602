"""The road of one SELECT to an engine SQLAlchemy does not know.

SQLAlchemy compiles a statement once, as for PostgreSQL; sqlglot puts it into the engine's own
words; the engine's program runs it. Nothing of a figure is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, Protocol

import sqlalchemy
import sqlglot
from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.pool import NullPool
from sqlglot import exp

from analytics.engines.rewriting import group_whole_rows, suit_clickhouse

NAME = "hotlinefigures"
"""How SQLAlchemy finds the dialect below."""

registry.register(f"{NAME}.reading", __name__, "FiguresDialect")

Row = tuple[Any, ...]


class Program(Protocol):
    """What runs a translated statement."""

    words: str
    """The engine's dialect by sqlglot's name."""

    def run(self, statement: str, values: Mapping[str, Any]) -> tuple[Sequence[str], list[Row]]:
        """The names of the columns, and the rows. Moments come and go without zone, in UTC."""

    def placeholder(self, name: str, value: Any) -> str:
        """A parameter as the engine writes it."""


class EngineFailed(Exception):
    """The engine refused a statement; the message is its own."""


class FiguresDialect(PGDialect):
    """PostgreSQL's words, without a PostgreSQL to ask anything of."""

    supports_statement_cache = True
    default_paramstyle = "named"

    @classmethod
    def import_dbapi(cls) -> Any:
        """The few things SQLAlchemy asks of a driver."""
        return Driver

    def initialize(self, connection: Any) -> None:
        """There is no server whose version could be asked."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Reading leaves nothing to take back."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Reading leaves nothing to keep."""


class Driver:
    """A driver's outside (PEP 249) as far as reading needs it."""

    paramstyle = "named"
    apilevel = "2.0"
    Error = EngineFailed
    Warning = EngineFailed
    InterfaceError = DatabaseError = DataError = OperationalError = EngineFailed
    IntegrityError = InternalError = ProgrammingError = NotSupportedError = EngineFailed


class Connection:
    """One connection; whoever made the program also ends it."""

    program: Program

    def cursor(self) -> Cursor:
        """A new cursor."""
        return Cursor(self.program)

    def close(self) -> None:
        """Done with it."""

    def rollback(self) -> None:
        """Nothing to take back."""

    def commit(self) -> None:
        """Nothing to keep."""


class Cursor:
    """Runs one statement and hands out its rows."""

    arraysize = 1
    rowcount = -1
    lastrowid = None

    def __init__(self, program: Program) -> None:
        self._program = program
        self._rows: Iterator[Row] = iter(())
        self.description: list[tuple[Any, ...]] | None = None

    def execute(self, statement: str, values: Mapping[str, Any] | None = None) -> None:
        """Translate and run."""
        given = dict(values or {})
        # No engine but PostgreSQL groups by a parameter: there the value itself is written.
        constant = _grouped_by(statement)
        marks = tuple(
            (name, _constant(value) if name in constant else self._program.placeholder(name, value))
            for name, value in given.items()
        )
        left = {name: value for name, value in given.items() if name not in constant}
        names, rows = self._program.run(_translated(statement, self._program.words, marks), left)
        self.description = [(name, None, None, None, None, None, None) for name in names]
        self._rows = iter(rows)

    def fetchone(self) -> Row | None:
        """The next row."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Some rows."""
        found = (self.fetchone() for _ in range(size or self.arraysize))
        return [row for row in found if row is not None]

    def fetchall(self) -> list[Row]:
        """All that are left."""
        return list(self._rows)

    def close(self) -> None:
        """Forget the rows."""
        self._rows = iter(())


@lru_cache(maxsize=2000)
def _parsed(statement: str) -> exp.Expr:
    tree = sqlglot.parse_one(statement, read="postgres")
    for query in tree.find_all(exp.Select):
        group_whole_rows(query)
    return tree


@lru_cache(maxsize=2000)
def _grouped_by(statement: str) -> frozenset[str]:
    """The parameters by which a statement groups."""
    groups = _parsed(statement).find_all(exp.Group)
    return frozenset(
        mark.name
        for group in groups
        for mark in group.expressions
        if isinstance(mark, exp.Placeholder)
    )


def _constant(value: Any) -> str:
    """A value as an expression that no engine takes for the number of a column."""
    literal = (
        exp.Literal.number(value) if isinstance(value, int) else exp.Literal.string(str(value))
    )
    return exp.cast(literal, "BIGINT" if isinstance(value, int) else "TEXT").sql()


@lru_cache(maxsize=2000)
def _translated(statement: str, words: str, marks: tuple[tuple[str, str], ...]) -> str:
    """The statement in the engine's words, its parameters as the engine writes them."""
    known = dict(marks)
    tree = _parsed(statement).copy()
    for place in list(tree.find_all(exp.Placeholder)):
        if place.name in known:
            place.replace(exp.Var(this=known[place.name]))
    if words == "clickhouse":
        suit_clickhouse(tree)
    return tree.sql(dialect=words)


@cache
def _engine() -> Engine:
    """One for all programs: it keeps what it compiled, which costs more than a small count."""
    return create_engine(
        f"{NAME}+reading://", creator=Connection, poolclass=NullPool, query_cache_size=2000
    )


@contextmanager
def connected(program: Program) -> Iterator[sqlalchemy.Connection]:
    """SQLAlchemy's connection to a program."""
    with _engine().connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.program = program
        yield connection
