"""Alembic's entry: runs on the engine it is handed, for SQLite and PostgreSQL alike."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from hotline.migrations.tables import METADATA


def render_item(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Write our own column type by its name."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        autogen.imports.add("from dispatch.db import UtcDateTime")
        return "UtcDateTime()"
    return False


def run() -> None:
    """Run the migrations on the connection given by hotline.schema."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
