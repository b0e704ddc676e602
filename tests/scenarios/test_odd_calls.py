"""Calls that are no model calls, many at once, and a database that stands still meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.fixtures_hotline import HotlineUnderTest, until
from tests.scenarios.people import Cast

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]

CALLERS = 15


def test_a_call_without_a_number_is_a_contact_of_nobody(
    troubled: HotlineUnderTest, cast: Cast
) -> None:
    troubled.asterisk.citizen().call("", "12345", seconds=2, name="Anonymous")
    contact = cast.ended(None)
    assert contact["line"] == "12345"
    assert contact["outcome"] == "abandoned_in_queue"
    assert contact["wait_s"] < 15


@pytest.mark.parametrize(
    ("caller", "name"),
    [("12900000101", "很长的名字" * 8), ("12900000102", "Zoë <q>&'; 热线\t😀 %s ${EXTEN}")],
    ids=["forty characters", "every kind of character"],
)
def test_a_strange_name_spoils_nothing(
    troubled: HotlineUnderTest, cast: Cast, caller: str, name: str
) -> None:
    troubled.asterisk.citizen().call(caller, "12345", seconds=2, name=name)
    assert cast.ended(caller)["outcome"] == "abandoned_in_queue"


def test_a_call_to_a_line_nobody_knows_is_taken_like_any_other(
    troubled: HotlineUnderTest, cast: Cast
) -> None:
    troubled.asterisk.citizen().call("12900000103", "96999", seconds=2)
    contact = cast.ended("12900000103")
    assert contact["line"] == "96999"
    assert contact["outcome"] == "abandoned_in_queue"


def test_who_hangs_up_during_the_greeting_never_waited(
    troubled: HotlineUnderTest, cast: Cast
) -> None:
    troubled.asterisk.citizen().call("12900000104", "12345", seconds=0.1)
    contact = cast.ended("12900000104")
    assert contact["outcome"] == "abandoned_in_ivr"
    assert contact["queued_at"] is None
    assert contact["wait_s"] is None


def test_fifteen_callers_at_once_with_nobody_on_duty_are_fifteen_contacts(
    troubled: HotlineUnderTest, cast: Cast
) -> None:
    numbers = [f"129000002{n:02d}" for n in range(CALLERS)]
    before = queue_verbs(troubled)
    with ExitStack() as calls:
        citizen = troubled.asterisk.citizen()
        phones = [
            calls.enter_context(citizen.dial(number, "12345", seconds=4 + n % 3))
            for n, number in enumerate(numbers)
        ]
        for phone in phones:
            assert phone.wait(60).answered
    # Asterisk writes its account a moment after the calls.
    until(lambda: (queue_verbs(troubled) - before)["ABANDON"] >= CALLERS)
    waits = logged_waits(troubled)
    for number in numbers:
        contact = cast.ended(number)
        assert contact["outcome"] == "abandoned_in_queue"
        assert abs(contact["wait_s"] - waits[number]) < 1.5, (contact, waits[number])
    told = queue_verbs(troubled) - before
    assert told["ENTERQUEUE"] == told["ABANDON"] == CALLERS


def test_what_happens_while_the_database_stands_still_is_not_lost(
    troubled: HotlineUnderTest, cast: Cast
) -> None:
    number = cast.ticket_to("dispatched")
    answers: list[int] = []
    with standing_still(troubled):
        with troubled.asterisk.citizen().dial("12900000301", "12345", seconds=4) as call:
            press = threading.Thread(
                target=lambda: answers.append(
                    cast.call("landi", "POST", f"/tickets/{number}/acknowledge", {}).status
                )
            )
            press.start()
            # Reading goes on: nobody holds the readers.
            assert cast.call("admin", "GET", "/contacts").status == 200
            assert call.wait(60).answered
        assert cast.contacts("12900000301") == []
    press.join(40)
    assert answers == [200] or answers == [503]
    assert cast.ticket(number)["status"] == ("acknowledged" if answers == [200] else "dispatched")
    contact = cast.ended("12900000301", 30)
    assert contact["outcome"] == "abandoned_in_queue"
    until(lambda: "12900000301" in logged_waits(troubled))
    assert abs(contact["wait_s"] - logged_waits(troubled)["12900000301"]) < 1.5, contact


@contextmanager
def standing_still(hotline: HotlineUnderTest) -> Iterator[None]:
    """Hold the write lock, as a backup tool gone wrong would."""
    lock = sqlite3.connect(hotline.folder / "hotline.db", isolation_level=None, timeout=20)
    try:
        lock.execute("BEGIN IMMEDIATE")
        yield
        lock.execute("ROLLBACK")
    finally:
        lock.close()


def queue_rows(hotline: HotlineUnderTest) -> list[list[str]]:
    """Asterisk's own account of the queue."""
    return [line.split("|") for line in hotline.asterisk.queue_log.read_text("utf-8").splitlines()]


def queue_verbs(hotline: HotlineUnderTest) -> Counter[str]:
    """How often each thing happened in the queue."""
    return Counter(row[4] for row in queue_rows(hotline))


def logged_waits(hotline: HotlineUnderTest) -> dict[str, float]:
    """Seconds each number waited before it gave up, by the queue log."""
    rows = queue_rows(hotline)
    caller = {row[1]: row[6] for row in rows if row[4] == "ENTERQUEUE"}
    return {caller[row[1]]: float(row[7]) for row in rows if row[4] == "ABANDON"}
