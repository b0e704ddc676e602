"""`hotline calls replay` on recordings of our own Asterisk, and on what is none."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hotline.commands.calls import app

TRACES = Path(__file__).parent / "traces"
FIELDS = {
    *("call_id", "direction", "caller", "line", "queue", "agent", "started_at", "queued_at"),
    *("answered_at", "ended_at", "wait_s", "talk_s", "outcome", "transfers", "recording", "dtmf"),
}


def replay(path: Path) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["replay", str(path), "--json"])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def only(name: str) -> dict[str, Any]:
    [contact] = replay(TRACES / f"{name}.ami")
    return contact


def test_every_recording_gives_whole_contacts_with_local_times() -> None:
    for path in TRACES.glob("*.ami"):
        for contact in replay(path):
            assert contact.keys() >= FIELDS, path
            for name in ("started_at", "queued_at", "answered_at", "ended_at"):
                if contact[name] is not None:
                    assert contact[name].endswith("+08:00")
                    assert datetime.fromisoformat(contact[name]).tzinfo is not None


def test_an_answered_call() -> None:
    contact = only("answered-agent-hangs-up")
    assert (contact["outcome"], contact["agent"], contact["direction"]) == (
        "answered",
        "9001",
        "inbound",
    )
    assert (contact["caller"], contact["line"], contact["queue"]) == (
        "13800138000",
        "12345",
        "hotline",
    )
    assert contact["talk_s"] == pytest.approx(1.5, abs=0.1)
    assert contact["recording"] == f"20261122/{contact['call_uuid']}.wav"
    assert contact["transfers"] == []


def test_an_abandoned_call() -> None:
    contact = only("abandoned-in-queue")
    assert (contact["outcome"], contact["agent"], contact["talk_s"]) == (
        "abandoned_in_queue",
        None,
        None,
    )
    assert contact["wait_s"] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("name", "by", "to"), [("blind-transfer", "9001", "9002"), ("refer", "8001", "8003")]
)
def test_a_blind_transfer(name: str, by: str, to: str) -> None:
    contact = only(name)
    [transfer] = contact["transfers"]
    assert (transfer["kind"], transfer["by"], transfer["to"]) == ("blind", by, to)
    assert (contact["agent"], contact["outcome"]) == (by, "answered")
    assert contact["talk_s"] > 2


def test_follow_up_calls() -> None:
    taken, busy = only("follow-up-answered"), only("follow-up-busy")
    assert (taken["direction"], taken["line"], taken["dtmf"]) == (
        "outbound",
        "13600136000",
        ["1", "5"],
    )
    assert (taken["outcome"], busy["outcome"], busy["answered_at"]) == ("answered", "failed", None)


def test_an_attended_transfer_is_one_call_with_one_transfer() -> None:
    contact = only("attended-transfer")
    [transfer] = contact["transfers"]
    assert (transfer["kind"], transfer["by"], transfer["to"]) == ("attended", "8001", "8003")
    assert (contact["agent"], contact["outcome"]) == ("8001", "answered")


@pytest.mark.parametrize("name", ["attended-transfer-given-up", "three-way", "barge"])
def test_a_helper_on_the_line_is_no_contact_and_no_transfer(name: str) -> None:
    contact = only(name)
    assert (contact["agent"], contact["outcome"], contact["transfers"]) == ("8001", "answered", [])


def test_agents_among_themselves_are_no_contact() -> None:
    assert replay(TRACES / "agent-to-agent.ami") == []


def test_an_agent_who_rings_a_citizen_back_makes_an_outbound_contact() -> None:
    contact = only("agent-rings-citizen")
    assert (contact["direction"], contact["line"], contact["agent"]) == (
        "outbound",
        "13600136000",
        "8001",
    )
    assert contact["talk_s"] == pytest.approx(2.0, abs=0.2)


def test_a_compressed_recording_is_read_alike(tmp_path: Path) -> None:
    source = TRACES / "blind-transfer.ami"
    packed = tmp_path / "trace.ami.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    assert replay(packed) == replay(source)


def test_a_recording_cut_in_the_middle_tells_what_is_known(tmp_path: Path) -> None:
    whole = (TRACES / "answered-agent-hangs-up.ami").read_bytes()
    cut = tmp_path / "cut.ami"
    cut.write_bytes(whole[: whole.index(b"Event: BridgeEnter") + 40])
    [contact] = replay(cut)
    assert (contact["outcome"], contact["ended_at"], contact["agent"]) == ("answered", None, "9001")


def test_damaged_bytes_do_not_stop_it(tmp_path: Path) -> None:
    whole = (TRACES / "blind-transfer.ami").read_bytes()
    damaged = tmp_path / "damaged.ami"
    damaged.write_bytes(whole.replace("王芳".encode(), b"\xff\xfe\x80").replace(b"\r\n", b"\n"))
    assert replay(damaged) == replay(TRACES / "blind-transfer.ami")


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, "这不是记录".encode(), b"\x1f\x8b broken"])
def test_what_is_no_recording_is_said_so_in_chinese(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.ami"
    path.write_bytes(content)
    result = CliRunner().invoke(app, ["replay", str(path), "--json"])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "AMI" in result.stderr or "无法读取" in result.stderr


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["replay", str(tmp_path / "nothing.ami")])
    assert result.exit_code == 2
    assert "无法读取" in result.stderr


def test_for_people_there_is_a_table() -> None:
    result = CliRunner().invoke(app, ["replay", str(TRACES / "answered-agent-hangs-up.ami")])
    assert result.exit_code == 0
    assert "已接通" in result.stdout
