"""The database fixtures: migrated, apart from each other, the same tables on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from dispatch.bus import Database
from dispatch.db import Base
from hotline.schema import differences, revision


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_a_migrated_database(database: Database, turn: int) -> None:
    has, newest = revision(database)
    assert has == newest
    assert has is not None


def test_models_and_migrations_describe_the_same_tables(database: Database) -> None:
    differences(database)
    tables = set(inspect(database.engines.read).get_table_names())
    assert tables >= {table.name for table in Base.metadata.sorted_tables}
    assert len(tables) > 5
