"""Real calls through the generated dialplan, by telephones that speak and press keys."""

import re
import socket
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from telephony.asterisk.callers import Manner, SippCallee
from telephony.asterisk.errors import CallFailed
from telephony.asterisk.phones import CallResult, SimulatedPhone
from telephony.asterisk.probe import AmiProbe, Message
from tests.fixtures_asterisk import CITIZEN_IP, AsteriskUnderTest, free_port, private_asterisk

pytestmark = pytest.mark.asterisk


@contextmanager
def agent_on_duty(
    asterisk: AsteriskUnderTest, extension: str, *, seconds: float
) -> Iterator[SimulatedPhone]:
    """A member of the queue with a desk phone, signed off afterwards."""
    member = {"Queue": "hotline", "Interface": f"PJSIP/{extension}"}
    with (
        asterisk.desk_phone(extension, seconds=seconds).start() as phone,
        asterisk.probe() as probe,
    ):
        probe.action("QueueAdd", **member, MemberName="王芳")
        try:
            yield phone
        finally:
            probe.action("QueueRemove", **member)


def survey(
    asterisk: AsteriskUnderTest, follow_up: str, *, keys: str
) -> tuple[list[Message], CallResult]:
    """Ring the citizen, who presses the keys; every SurveyAnswer and the call's end."""
    with asterisk.rung_citizen(keys=keys).start() as citizen, asterisk.events() as events:
        originate(asterisk, follow_up)
        answers: list[Message] = []
        while True:
            event = events.wait_for("UserEvent", timeout_s=30)
            if event["UserEvent"] == "SurveyAnswer":
                answers.append(event)
            if event["UserEvent"] == "CallEnd":
                return answers, citizen.wait(10)


def originate(asterisk: AsteriskUnderTest, follow_up: str, timeout_ms: int = 10_000) -> None:
    with asterisk.probe() as probe:
        probe.action(
            "Originate",
            Channel="PJSIP/13900139000@trunk",
            Context="follow-up",
            Exten="s",
            Priority="1",
            Async="true",
            ChannelId=f"follow-up-{follow_up}",
            Timeout=str(timeout_ms),
            Variable=f"__FOLLOWUPID={follow_up}",
        )


def user_event(events: AmiProbe, name: str, timeout_s: float = 10) -> Message:
    return events.wait_for("UserEvent", timeout_s=timeout_s, UserEvent=name)


def test_a_citizen_is_greeted_queued_connected_and_recorded(asterisk: AsteriskUnderTest) -> None:
    with agent_on_duty(asterisk, "9001", seconds=2) as agent, asterisk.events() as events:
        call = asterisk.citizen().call(
            "13800138000", "12345", seconds=20, audio=asterisk.voice, name="李四"
        )
        announced = user_event(events, "HotlineCall")
        joined = events.wait_for("QueueCallerJoin", timeout_s=10, Queue="hotline")
        connected = events.wait_for("AgentConnect", timeout_s=10)
        completed = events.wait_for("AgentComplete", timeout_s=10)
        talked = agent.wait(10)

    assert (announced["Line"], announced["Caller"]) == ("12345", "13800138000")
    assert announced["CallerIDName"] == "李四"
    assert joined["CallerIDNum"] == "13800138000"
    assert (connected["Interface"], connected["MemberName"]) == ("PJSIP/9001", "王芳")
    assert completed["Reason"] == "agent"
    assert call.answered
    assert call.released_by_other_side
    # Two seconds of speech are a hundred packets each way.
    assert talked.loud_packets > 60
    assert call.loud_packets > 60
    for header, value in (
        ("X-Call-UUID", announced["CallUUID"]),
        ("X-Caller", "13800138000"),
        ("X-Line", "12345"),
    ):
        assert f"{header}: {value}" in agent.signalling
    linked = announced["Linkedid"]
    rows = [line for line in asterisk.queue_log.read_text().splitlines() if f"|{linked}|" in line]
    assert [row.split("|")[4] for row in rows] == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
    sides = sorted(asterisk.settings.recordings.glob(f"*/{announced['CallUUID']}*"))
    assert [side.name[36:] for side in sides] == ["-agent.wav", "-citizen.wav"]
    for side in sides:
        with wave.open(str(side), "rb") as sound:
            assert 1.5 < sound.getnframes() / sound.getframerate() < 4


def test_files_tell_the_call_apart_by_our_own_id_in_utc(asterisk: AsteriskUnderTest) -> None:
    with asterisk.events() as events:
        asterisk.citizen().call("13800138001", "12329", seconds=0.2)
        announced = user_event(events, "HotlineCall")
        user_event(events, "CallEnd")
    rows = lines_with(asterisk.cel, announced["CallUUID"])
    assert any('"HANGUP"' in row for row in rows)
    assert all(
        abs(float(row.split('"')[1]) - time.time()) < 60 for row in rows if row.startswith('"')
    )
    assert lines_with(asterisk.cdr, announced["CallUUID"])


def test_a_citizen_who_hangs_up_while_waiting_has_abandoned(asterisk: AsteriskUnderTest) -> None:
    with (
        asterisk.events() as events,
        asterisk.citizen().dial("13800138002", "12345", seconds=60) as citizen,
    ):
        events.wait_for("QueueCallerJoin", timeout_s=10)
        time.sleep(0.5)
        call = citizen.hang_up()
        abandoned = events.wait_for("QueueCallerAbandon", timeout_s=10)
    assert abandoned["CallerIDNum"] == "13800138002"
    assert not call.released_by_other_side
    assert call.loud_packets > 20  # greeting, then music


def test_a_call_without_a_number_is_taken_all_the_same(asterisk: AsteriskUnderTest) -> None:
    with asterisk.events() as events:
        asterisk.citizen().call("", "12345", seconds=0.5)
        announced = user_event(events, "HotlineCall")
    assert announced["Caller"] == ""
    assert re.fullmatch(r"[0-9a-f-]{36}", announced["CallUUID"])


def test_a_caller_nobody_answers_hears_the_apology_and_is_released(tmp_path: Path) -> None:
    with private_asterisk(tmp_path, queue_wait_s=1) as asterisk, asterisk.events() as events:
        call = asterisk.citizen().call("13800138003", "12345", seconds=20)
        done = user_event(events, "QueueDone")
    assert done["Status"] == "TIMEOUT"
    assert call.released_by_other_side


def test_a_stranger_cannot_ring_in(asterisk: AsteriskUnderTest) -> None:
    server = (asterisk.settings.sip_bind, asterisk.settings.sip_port)
    stranger = type(asterisk.citizen())(
        asterisk.sipp, asterisk.folder, server=server, local_ip="127.0.0.9"
    )
    with pytest.raises(CallFailed, match="401"):
        stranger.call("13800138004", "12345", seconds=1)


def test_an_asterisk_that_is_not_there_is_said_so(asterisk: AsteriskUnderTest) -> None:
    nobody = type(asterisk.citizen())(
        asterisk.sipp, asterisk.folder, server=("127.0.0.1", 9), local_ip="127.0.0.2"
    )
    with (
        pytest.raises(CallFailed, match="没有应答"),
        nobody.dial("1", "12345", seconds=0) as phone,
    ):
        phone.await_reply(timeout_s=1)


def test_a_survey_is_answered_by_two_keys(asterisk: AsteriskUnderTest) -> None:
    answers, call = survey(asterisk, "71", keys="12")
    assert [(answer["Question"], answer["Digit"], answer["FollowUp"]) for answer in answers] == [
        ("solved", "1", "71"),
        ("satisfied", "2", "71"),
    ]
    assert {answer["Linkedid"] for answer in answers} == {"follow-up-71"}
    assert call.released_by_other_side
    assert call.keys_pressed == "12"


def test_a_wrong_key_is_asked_again_once(asterisk: AsteriskUnderTest) -> None:
    answers, _ = survey(asterisk, "72", keys="925")
    assert [answer["Digit"] for answer in answers] == ["2", "5"]


def test_a_silent_citizen_leaves_both_answers_open(tmp_path: Path) -> None:
    with private_asterisk(tmp_path, key_wait_s=0.3) as impatient:
        answers, call = survey(impatient, "73", keys="")
    assert [(answer["Digit"], answer["Status"]) for answer in answers] == [
        ("", "TIMEOUT"),
        ("", "TIMEOUT"),
    ]
    assert call.released_by_other_side


@pytest.mark.parametrize("manner", [Manner.BUSY, Manner.NO_ANSWER])
def test_a_follow_up_that_reaches_nobody_says_so(
    asterisk: AsteriskUnderTest, manner: Manner
) -> None:
    with asterisk.rung_citizen(manner).start(), asterisk.events() as events:
        originate(asterisk, f"74-{manner}", timeout_ms=1000)
        ended = events.wait_for("Hangup", timeout_s=10, Uniqueid=f"follow-up-74-{manner}")
    assert ended["Cause"] == {"busy": "17", "no-answer": "19"}[manner]


def lines_with(path: Path, text: str) -> list[str]:
    """Rows of a file that Asterisk writes a moment after the event."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        rows = [row for row in path.read_text("utf-8").splitlines() if text in row]
        if rows:
            return rows
        time.sleep(0.05)
    return []


def test_a_telephone_whose_port_is_taken_says_so(asterisk: AsteriskUnderTest) -> None:
    """Else whoever rings it is answered by nobody, and nothing tells why."""
    address = (CITIZEN_IP, free_port(socket.SOCK_DGRAM, CITIZEN_IP))
    station = SippCallee(asterisk.sipp, asterisk.folder, address=address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(address)
        with pytest.raises(CallFailed, match=r"没有在 .* 上就绪：.*already in use"):
            station.start()
    with station.start() as phone:
        assert not phone.ringing
