"""A small city with eight quiet weeks in a database, and bursts that tests plant in it."""

from __future__ import annotations

from datetime import datetime, timedelta

from benchmarks import city_store
from benchmarks.city_weeks import START, City
from dispatch.bus import Database
from dispatch.domain.gatherings import Seen
from dispatch.domain.learning_rules import HotSpotRules
from dispatch.domain.policy import load_profile

RULES: HotSpotRules = load_profile("default").hot_spot
DAYS = 60
NOW = START + timedelta(days=DAYS - 1, hours=15)  # three in the afternoon
SUBJECT, STREET = 1003, "s07"


def quiet_city(database: Database, *, a_day: int = 50, seed: int = 5) -> City:
    """Sixty days in which nothing gathers."""
    city = City(seed, a_day=a_day, subjects=30)
    with database.work() as session:
        city_store.found(session, city.trees)
        for number in range(DAYS):
            city_store.store(session, city.day(number))
    return city


def seen(
    number: int,
    at: datetime,
    *,
    text: str = "和平花园停水了，一滴水都没有",
    caller: str | None = None,
    subject: int = SUBJECT,
    street: str = STREET,
) -> Seen:
    """One ticket; equal callers only when they are named."""
    return Seen(
        ticket_id=number,
        at=at,
        category_id=subject,
        division=street,
        caller=caller or str(number),
        text=text,
    )


def planted(first: int, count: int, until: datetime, *, minutes: float = 10) -> list[Seen]:
    """Tickets of one event, evenly up to a moment, each from another caller."""
    return [
        seen(first + n, until - timedelta(minutes=minutes * (count - 1 - n))) for n in range(count)
    ]
