"""The page of callers' ratings of agents: each number opens as many rows as it says."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.service import agent_ratings, intake
from tests.portal.town import MONDAY, Town


def rated(town: Town, name: str, key: str, *, extension: str = "8001", ago_days: float = 1) -> None:
    """A call of two minutes, after which the caller pressed this key ("" for none)."""
    began = MONDAY - timedelta(days=ago_days)
    record = CallRecord(
        call_id=name,
        direction=Direction.INBOUND,
        started_at=began,
        caller="13812345678",
        line="12345",
        agent=extension,
        answered_at=began + timedelta(seconds=5),
        talk_ended_at=began + timedelta(seconds=125),
        ended_at=began + timedelta(seconds=140),
        outcome=CallOutcome.ANSWERED,
        service_key=key,
    )
    with town.database.work() as session:
        contact_id = intake.record_call(session, record, now=MONDAY)
        agent_ratings.note_call(session, contact_id, record, now=MONDAY)


@pytest.fixture
def answers(town: Town) -> None:
    """Seven callers of wang, one of zhao, one long ago."""
    for n, key in enumerate(["1", "1", "2", "3", "4", "5", ""]):
        rated(town, f"w{n}", key)
    rated(town, "z", "2", extension="8002")
    rated(town, "old", "5", ago_days=60)


def linked_counts(page: str) -> list[tuple[str, int]]:
    """Where each number of the table leads, and the number."""
    found = re.findall(r'<a href="(/wallboard/ratings\?[^"]*rows=1[^"]*)#rows">(\d+)</a>', page)
    return [(href.replace("&amp;", "&"), int(number)) for href, number in found]


@pytest.mark.usefixtures("answers")
def test_every_number_opens_as_many_rows_as_it_says(town: Town) -> None:
    browser = town.browser("ban")
    page = browser.get("/wallboard/ratings").text
    counts = linked_counts(page)
    assert len(counts) == 7 + 3
    for href, number in counts:
        opened = browser.get(href).text
        assert opened.count('data-testid="rating"') == number, href
        assert f'data-testid="listed">{number}<' in opened
    assert "66.7%" in page
    assert "人数不足" in page


@pytest.mark.usefixtures("answers")
def test_a_longer_time_shows_older_answers(town: Town) -> None:
    browser = town.browser("zhong")
    totals = {
        days: sum(number for _, number in linked_counts(browser.get(path).text))
        for days in (30, 90)
        for path in (f"/wallboard/ratings?days={days}",)
    }
    # One more asked, one more answered, one more of its grade.
    assert totals[90] - totals[30] == 3


def test_an_empty_page_says_how_ratings_come_about(town: Town) -> None:
    page = town.browser("ban").get("/wallboard/ratings").text
    assert "这段时间没有评价" in page
    assert "按 1 至 5 评价" in page


@pytest.mark.usefixtures("answers")
def test_nonsense_in_the_address_shows_the_usual_page(town: Town) -> None:
    page = town.browser("ban").get("/wallboard/ratings?days=5&rows=1&grade=zzz&extension=x'--")
    assert page.status_code == 200
    assert 'data-testid="listed">0<' in page.text
