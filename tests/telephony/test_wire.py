"""Bytes become messages wherever they are cut and whatever they contain."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.wire import MESSAGE_LIMIT, Headers, WireReader

STREAM = (
    "Asterisk Call Manager/12.0.0\r\n"
    "Response: Success\r\nActionID: a1\r\nMessage: Authentication accepted\r\n\r\n"
    "Event: Newchannel\r\nCallerIDName: 张三丰\r\nChanVariable: A=1\r\nChanVariable: B=\r\n"
    "Empty: \r\n\r\n"
    "Event: Hangup\r\nCause-txt: Normal: Clearing\r\n\r\n"
).encode()


def read(chunks: list[bytes], reader: WireReader | None = None) -> list[Headers]:
    reader = reader or WireReader()
    messages = [message for chunk in chunks for message in reader.feed(chunk)]
    return messages + reader.close()


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_the_cuts_of_the_network_change_nothing(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in itertools.pairwise(places)]
    assert read(chunks) == read([STREAM])


def test_headers_are_read_as_they_were_written() -> None:
    response, channel, hangup = read([STREAM])
    assert response["Message"] == "Authentication accepted"
    assert channel["CallerIDName"] == "张三丰"
    assert channel.every("ChanVariable") == ["A=1", "B="]
    assert channel["Empty"] == ""
    assert hangup["Cause-txt"] == "Normal: Clearing"


def test_line_ends_of_either_kind_are_read_alike() -> None:
    assert read([STREAM.replace(b"\r\n", b"\n")]) == read([STREAM])


def test_a_damaged_line_costs_only_itself() -> None:
    reader = WireReader()
    stream = b"Event: X\r\nno header here\r\nA:1\r\nB: \xff\r\n\r\nEvent: Y\r\n\r\n"
    first, second = read([stream], reader)
    assert (first["A"], first["B"]) == ("1", "�")
    assert second["Event"] == "Y"
    assert (reader.malformed_lines, reader.bad_characters) == (1, 1)


def test_a_message_without_end_is_dropped_and_the_stream_goes_on() -> None:
    reader = WireReader()
    assert read([b"Event: X\r\nA: " + b"x" * MESSAGE_LIMIT], reader) == []
    assert reader.oversized == 1
    assert [one["Event"] for one in read([b"\r\n\r\nEvent: Y\r\n\r\n"], reader)] == ["Y"]


@pytest.mark.parametrize("extra", ["", "ActionID: 1\r\n"])
def test_events_nobody_wants_are_passed_over_unless_they_answer(extra: str) -> None:
    reader = WireReader(frozenset({"Hangup"}))
    stream = f"Event: VarSet\r\n{extra}\r\nEvent: Hangup\r\n\r\n".encode()
    names = [message["Event"] for message in read([stream], reader)]
    assert names == (["VarSet", "Hangup"] if extra else ["Hangup"])
    assert reader.messages == 2
