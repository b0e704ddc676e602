"""The policy in force and one unit that handles tickets."""

from __future__ import annotations

import pytest

from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Department


@pytest.fixture
def rules() -> Rules:
    """The default policy."""
    return Rules(load_profile("default"), load_calendar())


@pytest.fixture
def unit(database: Database) -> Actor:
    """城管局's liaison."""
    with database.work() as s:
        row = Department(code="CG", name="城市管理局", short_name="城管局", tier=2, kind="bureau")
        s.add(row)
        s.flush()
        return Actor(name="城管局", role=Role.DEPARTMENT, department_id=row.id)
