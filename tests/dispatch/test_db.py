"""What each database says to a value no column can hold."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.db import BAD_VALUE
from dispatch.models.contacts import Contact
from dispatch.models.tickets import Ticket


def test_a_number_beyond_64_bits_is_a_bad_value(database: Database) -> None:
    with pytest.raises(BAD_VALUE), database.read() as s:
        s.scalar(select(Contact.id).where(Contact.id == 10**20))


def test_a_nul_in_a_text_is_a_bad_value_or_finds_nothing(database: Database) -> None:
    wanted = select(Ticket.id).where(Ticket.number == "2026\0")
    if database.engines.is_sqlite:
        with database.read() as s:
            assert s.scalar(wanted) is None
    else:
        with pytest.raises(BAD_VALUE), database.read() as s:
            s.scalar(wanted)
