"""The database: table base, UTC time column, engines for SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Engine, MetaData, create_engine, event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

__all__ = [
    "BAD_VALUE",
    "DATABASE_DOWN",
    "Base",
    "Engines",
    "Session",
    "UtcDateTime",
    "make_engines",
    "sessionmaker",
]

DATABASE_DOWN: tuple[type[Exception], ...] = (OperationalError, InterfaceError, PoolTimeout)
"""What is raised when the database cannot be reached, is locked, or has no connection free."""

BAD_VALUE: tuple[type[Exception], ...] = (DataError, OverflowError)
"""What is raised for a value no column can hold: a number beyond 64 bits, a NUL in a text."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table; constraints carry names so that a migration can drop them."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment kept in UTC; SQLite would silently drop the zone, so we convert."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: nobody knows which one it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return aware UTC on both engines."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass(frozen=True)
class Engines:
    """One engine to read and one to write; the same engine on PostgreSQL."""

    read: Engine
    write: Engine

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.write.dialect.name == "sqlite"

    def dispose(self) -> None:
        """Close every connection."""
        self.read.dispose()
        self.write.dispose()


def _sqlite_engine(url: str, *, writer: bool) -> Engine:
    # One write connection: with more, writers meet SQLITE_BUSY and back off for hundreds of ms.
    size = 1 if writer else 8
    engine = create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=30,
        connect_args={"check_same_thread": False, "timeout": 30, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    begin = "BEGIN IMMEDIATE" if writer else "BEGIN"

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # A write transaction takes its lock at once, so two of them never deadlock half-way.
        connection.exec_driver_sql(begin)

    return engine


def make_engines(url: str) -> Engines:
    """Open `sqlite:///file` or a PostgreSQL address (psycopg 3).

    A plain `postgresql://` address is read as `postgresql+psycopg://`.
    """
    if url.startswith("sqlite"):
        return Engines(_sqlite_engine(url, writer=False), _sqlite_engine(url, writer=True))
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    engine = create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
    return Engines(engine, engine)
