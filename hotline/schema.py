"""Bring the database's tables to this version, and tell whether they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from dispatch.bus import Database

SCRIPTS = Path(__file__).parent / "migrations"


def _config(connection: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("file_template", "%%(rev)s")
    config.attributes["connection"] = connection
    return config


def migrate(database: Database) -> None:
    """Upgrade an empty or older database to the newest revision; harmless when it is."""
    with (
        database.engines.write.connect() as connection,
        _unreferenced(database, connection),
        connection.begin(),
    ):
        command.upgrade(_config(connection), "head")


@contextmanager
def _unreferenced(database: Database, connection: Any) -> Iterator[None]:
    """Let SQLite rebuild tables that others refer to; references are checked afterwards.

    SQLite changes a column by making the table anew, and would delete what refers to the old one.
    """
    if not database.engines.is_sqlite:
        yield
        return
    raw = connection.connection.driver_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        broken = raw.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"dangling references after migration: {broken[:5]}")
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def new_revision(database: Database, message: str, name: str) -> None:
    """Write a revision file from the difference between tables and models (for developers)."""
    with database.engines.write.begin() as connection:
        command.revision(_config(connection), message=message, rev_id=name, autogenerate=True)


def differences(database: Database) -> None:
    """Raise alembic's error when models and migrated tables differ."""
    with database.engines.write.begin() as connection:
        command.check(_config(connection))


def revision(database: Database) -> tuple[str | None, str | None]:
    """Return (what the database has, the newest)."""
    with database.engines.read.connect() as connection:
        has = MigrationContext.configure(connection).get_current_revision()
    return has, ScriptDirectory(str(SCRIPTS)).get_current_head()
