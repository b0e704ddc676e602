"""Benchmarks print one JSON object per figure and nothing else, whatever the machine lacks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.__main__ import FAMILIES
from benchmarks.lines import Line, Skipped, percentile, rounded
from benchmarks.traffic import one_call, traffic
from telephony.replay import Replay

ROOT = Path(__file__).resolve().parents[2]


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as `make bench` does."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_line_names_its_figure_its_limit_and_the_ratio() -> None:
    line = Line(
        figure="screen_pop_p50",
        value=30.12345,
        unit="ms",
        limit="bare relay",
        limit_value=2.0,
        n=20,
        note="备注",
    )
    assert json.loads(line.to_json()) == {
        "figure": "screen_pop_p50",
        "value": 30.12,
        "unit": "ms",
        "limit": "bare relay",
        "limit_value": 2.0,
        "ratio": 15.06,
        "n": 20,
        "note": "备注",
    }


def test_a_limit_of_nothing_gives_no_ratio() -> None:
    line = Line(figure="f", value=1.0, unit="s", limit="none", limit_value=0.0, n=1)
    assert json.loads(line.to_json())["ratio"] is None


def test_a_missing_part_is_told_with_its_reason() -> None:
    assert json.loads(Skipped(figure="up_to_ready_s", skipped="no Asterisk").to_json()) == {
        "figure": "up_to_ready_s",
        "skipped": "no Asterisk",
    }


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 21)]
    assert percentile(values, 0.5) == 10
    assert percentile(values, 0.95) == 19
    assert percentile([7.0], 0.95) == 7


@pytest.mark.parametrize(
    ("value", "shown"),
    [(123456.7, 123457.0), (0.0065541, 0.006554), (0.0, 0.0), (-2.34567, -2.346)],
)
def test_four_digits_are_kept(value: float, shown: float) -> None:
    assert rounded(value) == shown


def test_the_list_names_every_figure_once() -> None:
    done = benchmarks("--list")
    assert done.returncode == 0, done.stderr
    named = [name for line in done.stdout.splitlines() for name in line.split(": ")[1].split()]
    assert named == [figure for figures in FAMILIES.values() for figure in figures]
    assert max(Counter(named).values()) == 1


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    done = benchmarks("no_such_figure")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "screen_pop" in done.stderr


def test_the_manager_stream_is_measured_against_a_parser_by_hand() -> None:
    done = benchmarks("ami", "--stream-calls", "10")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["figure"] for line in lines] == list(FAMILIES["ami"])
    for line in lines:
        assert line["n"] == 10 * len(one_call())
        assert line["value"] > 0
        assert line["ratio"] == pytest.approx(line["value"] / line["limit_value"], rel=0.01)


def test_the_made_traffic_is_so_many_calls_of_different_people() -> None:
    replay = Replay()
    replay.feed(traffic(25))
    contacts = replay.contacts()
    assert len({contact.call_id for contact in contacts}) == 25
    assert len({contact.caller for contact in contacts}) == 25
    assert len({contact.call_uuid for contact in contacts}) == 25
    assert {contact.outcome for contact in contacts} == {"answered"}
    assert {contact.agent for contact in contacts} == {str(8001 + n) for n in range(8)}
