"""Persons with accounts, for tests of what one of them does."""

from __future__ import annotations

from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.service import accounts


def person(
    database: Database, role: Role = Role.AGENT, *, login: str = "agent", extension: str = "8001"
) -> Actor:
    """Somebody with an account and a telephone."""
    with database.work() as session:
        staff_id = accounts.create_staff(
            session,
            login=login,
            name=login,
            role=role,
            password_hash="x",
            extension=extension,
        )
        return Actor(name=login, role=role, staff_id=staff_id, extension=extension)
