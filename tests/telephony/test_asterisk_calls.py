"""Real calls through the generated dialplan, by telephones that speak and press keys."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from telephony.asterisk.callers import Manner, SippCallee
from telephony.asterisk.errors import CallFailed
from telephony.asterisk.phones import CallResult, SimulatedPhone
from telephony.asterisk.probe import AmiProbe, Message
from tests.fixtures_asterisk import CITIZEN_IP, AsteriskUnderTest, free_port, private_asterisk
from tests.fixtures_hotline import until
from tests.telephony.observing import recorded_s, talk_by_sip

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
                return answers, citizen.wait(40)


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


def user_event(events: AmiProbe, name: str, timeout_s: float = 30) -> Message:
    return events.wait_for("UserEvent", timeout_s=timeout_s, UserEvent=name)


def test_a_citizen_is_greeted_queued_connected_and_recorded(asterisk: AsteriskUnderTest) -> None:
    with agent_on_duty(asterisk, "9001", seconds=2) as agent, asterisk.events() as events:
        call = asterisk.citizen().call(
            "13800138000", "12345", seconds=20, audio=asterisk.voice, name="李四"
        )
        announced = user_event(events, "HotlineCall")
        joined = events.wait_for("QueueCallerJoin", timeout_s=30, Queue="hotline")
        connected = events.wait_for("AgentConnect", timeout_s=30)
        completed = events.wait_for("AgentComplete", timeout_s=30)
        talked = agent.wait(40)

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
    lines_with(asterisk.queue_log, f"|{linked}|", "|COMPLETEAGENT|")
    rows = lines_with(asterisk.queue_log, f"|{linked}|")
    assert [row.split("|")[4] for row in rows] == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
    sides = sorted(asterisk.settings.recordings.glob(f"*/{announced['CallUUID']}*"))
    assert [side.name[36:] for side in sides] == ["-agent.wav", "-citizen.wav"]
    for side in sides:
        assert recorded_s(side) == pytest.approx(talk_by_sip(agent), abs=0.7)


def test_files_tell_the_call_apart_by_our_own_id_in_utc(asterisk: AsteriskUnderTest) -> None:
    with asterisk.events() as events:
        asterisk.citizen().call("13800138001", "12329", seconds=0.2)
        announced = user_event(events, "HotlineCall")
        user_event(events, "CallEnd")
    assert lines_with(asterisk.cel, announced["CallUUID"], '"HANGUP"')
    rows = lines_with(asterisk.cel, announced["CallUUID"])
    assert all(
        abs(float(row.split('"')[1]) - time.time()) < 60 for row in rows if row.startswith('"')
    )
    assert lines_with(asterisk.cdr, announced["CallUUID"])


def test_a_citizen_who_hangs_up_while_waiting_has_abandoned(asterisk: AsteriskUnderTest) -> None:
    with (
        asterisk.events() as events,
        asterisk.citizen().dial("13800138002", "12345", seconds=60) as citizen,
    ):
        events.wait_for("QueueCallerJoin", timeout_s=30)
        until(lambda: citizen.media.loud_packets > 20)  # greeting, then music
        call = citizen.hang_up()
        abandoned = events.wait_for("QueueCallerAbandon", timeout_s=30)
    assert abandoned["CallerIDNum"] == "13800138002"
    assert not call.released_by_other_side


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
    # Only who rings without end is given up by us.
    patience_ms = 1_000 if manner is Manner.NO_ANSWER else 20_000
    with asterisk.rung_citizen(manner).start(), asterisk.events() as events:
        originate(asterisk, f"74-{manner}", timeout_ms=patience_ms)
        ended = events.wait_for("Hangup", timeout_s=30, Uniqueid=f"follow-up-74-{manner}")
    assert ended["Cause"] == {"busy": "17", "no-answer": "19"}[manner]


def lines_with(path: Path, *texts: str) -> list[str]:
    """Rows with all of these of a file that Asterisk writes row by row, after the events."""
    found: list[str] = []

    def look() -> list[str]:
        rows = path.read_text("utf-8").splitlines()
        found[:] = [row for row in rows if all(text in row for text in texts)]
        return found

    until(look, why=lambda: f"{path.name}: no row with {texts}")
    return found


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


@pytest.mark.parametrize("word", ["BYE", "CANCEL", "OPTIONS"])
def test_what_is_no_call_does_not_use_up_a_telephone_that_takes_one(
    asterisk: AsteriskUnderTest, word: str
) -> None:
    """One that ended without a goodbye is told so for half a minute, and trunks are asked."""
    host, _, port = asterisk.settings.trunk_contact.rpartition(":")
    told = (
        "{word} sip:{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{ours};branch=z9hG4bKx\r\n"
        "From: <sip:a@127.0.0.1>;tag=a\r\nTo: <sip:b@127.0.0.1>;tag=b\r\n"
        "Call-ID: earlier\r\nCSeq: 7 {word}\r\nContent-Length: 0\r\n\r\n"
    )
    with (
        asterisk.rung_citizen(seconds=60).start() as phone,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line,
    ):
        line.bind(("127.0.0.1", 0))
        line.settimeout(20)
        message = told.format(word=word, host=host, port=port, ours=line.getsockname()[1])
        line.sendto(message.encode(), (host, int(port)))
        assert line.recv(4096).startswith(b"SIP/2.0 200 ")
        assert phone.signalling == ""
        originate(asterisk, f"76-{word}")
        until(lambda: "ACK sip:" in phone.signalling)
        call = phone.hang_up()
    assert call.answered
    assert not call.released_by_other_side
