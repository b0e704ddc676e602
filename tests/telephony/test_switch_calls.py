"""What a caller meets before and instead of an agent, on a real Asterisk, by the city's plan."""

from __future__ import annotations

import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.domain.call_terms import OverflowTo
from dispatch.domain.numbers import canonical
from dispatch.domain.switch_plan import SwitchPlan
from telephony.asterisk.callers import Manner
from telephony.asterisk.errors import AmiRefused
from telephony.asterisk.phones import SimulatedPhone
from telephony.asterisk.probe import AmiProbe, Message
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk
from tests.fixtures_hotline import until
from tests.telephony.plans import AREA_CODE, key, line, load, queue

pytestmark = pytest.mark.asterisk

PLAN = SwitchPlan(
    area_code=AREA_CODE,
    queues=(
        queue("hotline", overflow=OverflowTo.BUSY),
        queue("enterprise", overflow=OverflowTo.QUEUE, overflow_queue="hotline"),
        queue("brief", max_wait_s=1, overflow=OverflowTo.QUEUE, overflow_queue="hotline"),
        queue("mail", max_wait_s=1, overflow=OverflowTo.VOICEMAIL),
        queue("back", call_back_after_s=1),
        queue("ask", max_wait_s=1, overflow=OverflowTo.CALL_BACK),
        queue("small", max_length=1, overflow=OverflowTo.VOICEMAIL),
    ),
    lines=(
        line("12345", "政务服务便民热线"),
        line("12329", "公积金热线（试行），甲${x};乙", "enterprise"),
        line("12301", "短队列", "brief"),
        line("12302", "留言", "mail"),
        line("12303", "回拨", "back"),
        line("12304", "询问", "ask"),
        line("12305", "小队列", "small"),
    ),
)


@pytest.fixture(scope="module")
def switch() -> Iterator[AsteriskUnderTest]:
    """One Asterisk with this plan for all of the module."""
    with (
        tempfile.TemporaryDirectory(prefix="hotline-switch-") as folder,
        private_asterisk(Path(folder), plan=PLAN, voicemail_s=4, voicemail_silence_s=3) as running,
    ):
        yield running
        log = (running.settings.log / "messages").read_text("utf-8", "replace")
        complaints = [text for text in log.splitlines() if "does not exist" in text]
        assert complaints == [], "a prompt, an extension or a queue was missing"


@contextmanager
def planned(switch: AsteriskUnderTest, plan: SwitchPlan) -> Iterator[None]:
    load(switch, plan)
    try:
        yield
    finally:
        load(switch, PLAN)


@contextmanager
def marked(switch: AsteriskUnderTest, number: str, mark: str) -> Iterator[None]:
    with switch.probe() as probe:
        probe.action("DBPut", Family="mark", Key=number, Val=mark)
        try:
            yield
        finally:
            probe.action("DBDel", Family="mark", Key=number)


@contextmanager
def agent(
    switch: AsteriskUnderTest, *queues: str, seconds: float = 1.0
) -> Iterator[SimulatedPhone]:
    """9001 serves the queues."""
    with switch.desk_phone("9001", seconds=seconds).start() as phone, switch.probe() as probe:
        for name in queues:
            probe.action("QueueAdd", Queue=name, Interface="PJSIP/9001")
        try:
            yield phone
        finally:
            for name in queues:
                probe.action("QueueRemove", Queue=name, Interface="PJSIP/9001")


@contextmanager
def waiting(switch: AsteriskUnderTest, number: str, dialled: str) -> Iterator[SimulatedPhone]:
    """A citizen who hangs up in the end, if nobody did before."""
    with switch.citizen().dial(number, dialled, seconds=90, audio=switch.voice) as citizen:
        yield citizen
        citizen.hang_up()


def told(events: AmiProbe, name: str, timeout_s: float = 30) -> Message:
    return events.wait_for("UserEvent", timeout_s=timeout_s, UserEvent=name)


def joined(events: AmiProbe, name: str) -> Message:
    return events.wait_for("QueueCallerJoin", timeout_s=30, Queue=name)


def rows(switch: AsteriskUnderTest, kind: str, call_uuid: str) -> list[str]:
    """Rows of the channel event log, written a moment after the event."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        text = switch.cel.read_text("utf-8")
        found = [row for row in text.splitlines() if f'"{kind}"' in row and call_uuid in row]
        if found:
            return found
        time.sleep(0.05)
    return []


def length_s(file: Path) -> float:
    with wave.open(str(file), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


# --- lines ----------------------------------------------------------------------------------


def test_a_line_shows_its_name_and_goes_to_its_own_queue(switch: AsteriskUnderTest) -> None:
    with agent(switch, "enterprise") as phone, switch.events() as events:
        switch.citizen().call("13800138000", "12329", seconds=20)
        call = told(events, "HotlineCall")
        assert joined(events, "enterprise")["Position"] == "1"
        end = told(events, "CallEnd")
        phone.wait(40)
    name = "公积金热线（试行），甲＄｛x｝；乙"
    assert (call["Line"], call["LineName"], call["Queue"]) == ("12329", name, "enterprise")
    assert f"X-Line-Name: {name}\n" in phone.signalling.replace("\r", "")
    assert "X-Queue: enterprise" in phone.signalling
    assert end["Stage"] == "queue"
    assert rows(switch, "HotlineCall", call["CallUUID"])


@pytest.mark.parametrize(
    ("dialled", "headers", "number", "name"),
    [
        ("+8612301", {}, "12301", "短队列"),
        ("099912301", {}, "12301", "短队列"),
        ("+8699912301", {}, "12301", "短队列"),
        ("12399", {}, "12399", ""),
        ("trunk-main", {}, "", ""),
        ("12345", {"Diversion": "<sip:12301@127.0.0.2>;reason=unconditional"}, "12301", "短队列"),
        ("12345", {"Diversion": "<sip:13912345678@127.0.0.2>"}, "12345", "政务服务便民热线"),
    ],
)
def test_however_a_number_is_reached_it_is_answered_as_the_line_it_is(
    switch: AsteriskUnderTest, dialled: str, headers: dict[str, str], number: str, name: str
) -> None:
    with switch.events() as events:
        call = switch.citizen().call("13800138000", dialled, seconds=1, headers=headers)
        announced = told(events, "HotlineCall")
        told(events, "CallEnd")
    assert call.answered
    assert (announced["Line"], announced["LineName"]) == (number, name)
    assert announced["Queue"] == ("brief" if number == "12301" else "hotline")


# --- who calls ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "+8613800138000",
        "008613800138000",
        "8613800138000",
        "013800138000",
        "2345678",
        "23456789",
        "09992345678",
        "+869992345678",
        "+861082345678",
        "+862123456789",
        "4001234567",
        "10086",
        "95588",
        "8001",
        "+85221234567",
        "0085221234567",
        "",
    ],
)
def test_a_caller_has_one_number_however_the_carrier_writes_it(
    switch: AsteriskUnderTest, raw: str
) -> None:
    with switch.events() as events:
        switch.citizen().call(raw, "12345", seconds=0.1)
        announced = told(events, "HotlineCall")
        told(events, "CallEnd")
    assert announced["Caller"] == canonical(raw, AREA_CODE)


def test_a_number_withheld_is_not_shown(switch: AsteriskUnderTest) -> None:
    asserted = {"P-Asserted-Identity": "<sip:13800138000@127.0.0.2>", "Privacy": "id"}
    with switch.events() as events:
        switch.citizen().call("anonymous", "12345", seconds=0.1, headers=asserted)
        assert told(events, "HotlineCall")["Caller"] == ""
        told(events, "CallEnd")


# --- nobody takes the call -------------------------------------------------------------------


def test_a_queue_nobody_serves_hands_its_callers_to_the_next_at_once(
    switch: AsteriskUnderTest,
) -> None:
    with agent(switch, "hotline") as phone, switch.events() as events:
        call = switch.citizen().call("13800138000", "12329", seconds=30)
        done = told(events, "QueueDone")
        joined(events, "hotline")
        phone.wait(40)
    assert (done["Queue"], done["Status"]) == ("enterprise", "JOINEMPTY")
    assert call.released_by_other_side


def test_a_queue_whose_people_do_not_answer_hands_its_callers_to_the_next_in_time(
    switch: AsteriskUnderTest,
) -> None:
    with (
        switch.desk_phone("9002", Manner.NO_ANSWER).start(),
        switch.probe() as probe,
        agent(switch, "hotline") as phone,
        switch.events() as events,
    ):
        probe.action("QueueAdd", Queue="brief", Interface="PJSIP/9002")
        switch.citizen().call("13800138000", "12301", seconds=30)
        done = told(events, "QueueDone")
        joined(events, "hotline")
        phone.wait(40)
        probe.action("QueueRemove", Queue="brief", Interface="PJSIP/9002")
    assert (done["Queue"], done["Status"]) == ("brief", "TIMEOUT")


def test_a_queue_that_is_full_sends_the_next_caller_on_at_once(switch: AsteriskUnderTest) -> None:
    with switch.events() as events, waiting(switch, "13800138000", "12305"):
        joined(events, "small")
        switch.citizen().call("13800138001", "12305", seconds=60, audio=switch.voice)
        assert told(events, "QueueDone")["Status"] == "FULL"
        assert told(events, "VoicemailLeft")["CallUUID"]


def test_a_message_left_instead_of_waiting_is_kept_with_its_length(
    switch: AsteriskUnderTest,
) -> None:
    with switch.events() as events:
        call = switch.citizen().call("13800138001", "12302", seconds=60, audio=switch.voice)
        left = told(events, "VoicemailLeft")
        assert told(events, "CallEnd")["Stage"] == "voicemail"
    assert call.released_by_other_side
    file = switch.settings.recordings / left["Path"]
    assert file.name == f"{left['CallUUID']}-voicemail.wav"
    assert 3 < length_s(file) < 5  # the longest there may be, 4 s: the voice goes on
    assert int(left["Seconds"]) == int(length_s(file))
    assert left["Path"] in rows(switch, "VoicemailLeft", left["CallUUID"])[0]


def test_who_hangs_up_while_speaking_has_left_a_message(switch: AsteriskUnderTest) -> None:
    folder = switch.settings.recordings
    before = {*folder.glob("*/*-voicemail.wav")}

    def new() -> set[Path]:
        return {*folder.glob("*/*-voicemail.wav")} - before

    with (
        switch.events() as events,
        switch.citizen().dial("13800138002", "12302", seconds=60, audio=switch.voice) as citizen,
    ):
        assert told(events, "QueueDone")["Status"] == "TIMEOUT"
        # Two and a half seconds: more than nobody's message, less than the longest.
        until(lambda: any(file.stat().st_size > 40_000 for file in new()))
        citizen.hang_up()
        left = told(events, "VoicemailLeft")
        assert told(events, "CallEnd")["Stage"] == "voicemail"
    assert {folder / left["Path"]} == new()
    assert int(left["Seconds"]) >= 2


def test_silence_is_nobodys_message(switch: AsteriskUnderTest) -> None:
    with switch.events() as events, switch.events() as more:
        switch.citizen().call("13800138001", "12302", seconds=60)
        call = told(events, "CallEnd")
        assert call["Stage"] == "voicemail"
        with pytest.raises(AmiRefused):
            more.wait_for("UserEvent", timeout_s=1, UserEvent="VoicemailLeft")
    assert rows(switch, "CallEnd", call["CallUUID"])


def test_key_two_asks_to_be_rung_back_and_gives_up_the_place(switch: AsteriskUnderTest) -> None:
    with (
        switch.events() as events,
        switch.citizen().dial("+8613800138003", "12303", seconds=60) as citizen,
    ):
        joined(events, "back")
        time.sleep(1.5)
        citizen.media.press("2")
        asked = told(events, "CallBackAsked")
        assert told(events, "CallEnd")["Stage"] == "call-back-asked"
        assert citizen.wait(40).released_by_other_side
    assert (asked["Number"], asked["Queue"]) == ("13800138003", "back")
    assert int(asked["Waited"]) >= 1
    (row,) = rows(switch, "CallBackAsked", asked["CallUUID"])
    assert f"13800138003:back:{asked['Waited']}" in row

    def given_up() -> bool:
        log = switch.queue_log.read_text().splitlines()
        return any(asked["Linkedid"] in row and "EXITWITHKEY|2|" in row for row in log)

    until(given_up)


def test_who_shows_no_number_is_told_so_and_waits_on(switch: AsteriskUnderTest) -> None:
    with (
        switch.events() as events,
        switch.citizen().dial("", "12303", seconds=60) as citizen,
    ):
        joined(events, "back")
        time.sleep(0.5)
        citizen.media.press("2")
        joined(events, "back")
        citizen.hang_up()
        assert told(events, "CallEnd")["Stage"] == "queue"


@pytest.mark.parametrize(("keys", "event"), [("1", "CallBackAsked"), ("2", "VoicemailLeft")])
def test_who_waited_too_long_chooses_a_call_back_or_a_message(
    switch: AsteriskUnderTest, keys: str, event: str
) -> None:
    with switch.events() as events:
        switch.citizen().call("13800138004", "12304", seconds=60, keys=keys, audio=switch.voice)
        assert told(events, event)["CallUUID"]


# --- hours, menu, marks ----------------------------------------------------------------------


def test_outside_hours_a_caller_hears_so_and_may_leave_a_message(
    switch: AsteriskUnderTest,
) -> None:
    closed = replace(PLAN, open=False, closed_to=OverflowTo.VOICEMAIL)
    with planned(switch, closed), switch.events() as events:
        switch.citizen().call("13800138005", "12345", seconds=60, audio=switch.voice)
        assert told(events, "CallClosed")["To"] == "voicemail"
        left = told(events, "VoicemailLeft")
    assert length_s(switch.settings.recordings / left["Path"]) > 3


def test_outside_hours_without_a_voicemail_the_call_ends_as_closed(
    switch: AsteriskUnderTest,
) -> None:
    closed = replace(PLAN, open=False, closed_to=OverflowTo.BUSY)
    with planned(switch, closed), switch.events() as events:
        call = switch.citizen().call("13800138006", "12345", seconds=60)
        assert told(events, "CallEnd")["Stage"] == "closed"
    assert call.released_by_other_side


@pytest.mark.parametrize(
    ("keys", "to"), [("2", "enterprise"), ("72", "enterprise"), ("77", "hotline")]
)
def test_a_menu_is_short_and_ends_at_a_person(
    switch: AsteriskUnderTest, keys: str, to: str
) -> None:
    menu = replace(PLAN, menu=(key("1", "hotline"), key("2", "enterprise")), menu_tries=2)
    with planned(switch, menu), agent(switch, to), switch.events() as events:
        switch.citizen().call("13800138007", "12345", seconds=30, keys=keys)
        joined(events, to)


def test_without_a_menu_the_queue_follows_the_greeting(switch: AsteriskUnderTest) -> None:
    with switch.events() as events:
        switch.citizen().call("13800138008", "12345", seconds=3, keys="2")
        assert joined(events, "hotline")["Position"] == "1"
        assert told(events, "CallEnd")["Stage"] == "queue"


def test_a_flagged_number_is_refused_politely_and_reaches_a_person_by_key_one(
    switch: AsteriskUnderTest,
) -> None:
    with marked(switch, "13800138009", "message"), switch.events() as events:
        with switch.citizen().dial("+8613800138009", "12345", seconds=60) as citizen:
            refused = told(events, "CallRefused")
            citizen.hang_up()
            assert told(events, "CallEnd")["Stage"] == "refused"
        assert refused["Number"] == "13800138009"
        switch.citizen().call("13800138009", "12345", seconds=4, keys="1")
        told(events, "CallRefused")
        joined(events, "hotline")


def test_a_flagged_number_that_stays_on_the_line_reaches_a_person(
    switch: AsteriskUnderTest,
) -> None:
    with (
        marked(switch, "13800138010", "message"),
        switch.events() as events,
        waiting(switch, "13800138010", "12345"),
    ):
        told(events, "CallRefused")
        joined(events, "hotline")


def test_marked_callers_go_first_and_last(switch: AsteriskUnderTest) -> None:
    places: dict[str, str] = {}
    with (
        marked(switch, "13800138011", "last"),
        marked(switch, "13800138013", "first:600"),
        switch.events() as events,
        waiting(switch, "13800138011", "12345"),
    ):
        places["last"] = joined(events, "hotline")["Position"]
        with waiting(switch, "13800138012", "12345"):
            places["ordinary"] = joined(events, "hotline")["Position"]
            with waiting(switch, "13800138013", "12345"):
                places["first"] = joined(events, "hotline")["Position"]
    assert places == {"last": "1", "ordinary": "1", "first": "1"}
