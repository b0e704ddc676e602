"""`clock.starts`: from the dispatch, or from the signature, which silence never holds back."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar
from dispatch.domain.policy_text import read_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.tickets import Assignment
from dispatch.service import assignment, intake

CENTER = Actor(name="中心", role=Role.CENTER)
AT_SIGNING = """
name = "signing"
label = "签收起算的城市"
evidence = "P"
source = "测试"
inherits = "default"

[clock]
starts = "acknowledge"

[[limit]]
limit = "10 working_hour"
"""
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


MONDAY = at("2026-11-23 10:00")  # to be signed within two working hours: by noon


@pytest.fixture
def signing() -> Rules:
    return Rules(read_profile(AT_SIGNING), load_calendar())


def share_of(database: Database) -> Assignment:
    with database.read() as s:
        return s.scalars(select(Assignment)).one()


def sent(database: Database, rules: Rules) -> str:
    with database.work() as s:
        number = intake.open_ticket(s, CENTER, FORM, now=MONDAY).number
        assignment.dispatch(s, CENTER, number, "CG", rules, now=MONDAY)
    return number


@pytest.mark.parametrize(
    ("signed", "started", "due"),
    [
        (None, "2026-11-23 12:00", "2026-11-24 17:00"),
        ("2026-11-23 10:30", "2026-11-23 10:30", "2026-11-24 15:30"),
        ("2026-11-23 12:00", "2026-11-23 12:00", "2026-11-24 17:00"),
        ("2026-11-24 09:00", "2026-11-23 12:00", "2026-11-24 17:00"),  # a day late gains nothing
    ],
)
def test_where_the_city_says_so_the_clock_counts_from_the_signature(
    database: Database, signing: Rules, unit: Actor, signed: str | None, started: str, due: str
) -> None:
    number = sent(database, signing)
    if signed is not None:
        with database.work() as s:
            assignment.acknowledge(s, unit, number, signing, now=at(signed))
    share = share_of(database)
    assert share.started_at == at(started)
    assert share.due_at == at(due)
    assert share.acknowledge_by == at("2026-11-23 12:00")
    assert share.promised_at == at("2026-11-24 17:00")


def test_everywhere_else_signing_changes_no_clock(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = sent(database, rules)
    before = share_of(database)
    with database.work() as s:
        assignment.acknowledge(s, unit, number, rules, now=at("2026-11-23 10:30"))
    after = share_of(database)
    assert (after.started_at, after.due_at) == (before.started_at, before.due_at)
    assert before.started_at == MONDAY
