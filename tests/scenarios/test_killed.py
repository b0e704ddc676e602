"""The web process is killed in the middle of a call; the call is told whole, and once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.fixtures_hotline import HotlineUnderTest, private_hotline, until

pytestmark = [pytest.mark.asterisk]


@pytest.fixture(scope="module")
def hotline() -> Iterator[HotlineUnderTest]:
    """One installation for the module."""
    with (
        tempfile.TemporaryDirectory(prefix="hotline-killed-") as folder,
        private_hotline(Path(folder)) as running,
    ):
        yield running


def contacts(hotline: HotlineUnderTest, caller: str) -> list[dict[str, Any]]:
    """What the interface says of a caller."""
    token = hotline.command("token", "create", "--staff", "admin").strip()
    answer = cast(dict[str, Any], hotline.api("/contacts", token))
    return [item for item in answer["items"] if item["caller"] == caller]


def waited_s(hotline: HotlineUnderTest, call_id: str) -> float | None:
    """How long the caller waited before giving up, by Asterisk's own account."""
    log = hotline.asterisk.queue_log.read_text("utf-8").splitlines()
    gone = [row.split("|") for row in log if f"|{call_id}|" in row and "|ABANDON|" in row]
    return float(gone[-1][7]) if gone else None


def test_a_call_that_outlives_the_web_process_is_complete_and_single(
    hotline: HotlineUnderTest,
) -> None:
    caller = "12900000001"
    citizen = hotline.asterisk.citizen()
    with citizen.dial(caller, "12345", seconds=120) as call:
        until(lambda: contacts(hotline, caller), 10)
        hotline.kill_web()
        time.sleep(1)
        hotline.start_web()
        # Only now, however long the start took: the call outlives the first process.
        call.hang_up()
    until(lambda: contacts(hotline, caller)[0]["ended_at"], 15)
    (contact,) = contacts(hotline, caller)
    assert contact["outcome"] == "abandoned_in_queue"
    assert contact["queued_at"]
    until(lambda: waited_s(hotline, contact["call_id"]) is not None)
    # Asterisk's own account is in whole seconds.
    assert contact["wait_s"] == pytest.approx(waited_s(hotline, contact["call_id"]), abs=1.5)


def test_a_call_that_came_and_went_meanwhile_is_not_lost(hotline: HotlineUnderTest) -> None:
    caller = "12900000002"
    hotline.kill_web()
    with hotline.asterisk.citizen().dial(caller, "12329", seconds=3) as call:
        call.wait(30)
    hotline.start_web()
    until(lambda: contacts(hotline, caller), 15)
    (contact,) = contacts(hotline, caller)
    assert contact["line"] == "12329"
    assert contact["outcome"] == "abandoned_in_queue"
    assert contact["ended_at"]
