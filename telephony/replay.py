"""A recorded manager session run through the reducer, as if it happened now."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from dispatch.domain.calls import CallRecord
from dispatch.domain.errors import InvalidInput
from telephony.agent_intervals import AgentInterval, intervals
from telephony.calls import CallReducer
from telephony.facts import Fact, MemberSeen, SystemReady
from telephony.headers import HEARD, EventReader
from telephony.legs import Leg
from telephony.story import LOCAL_TIME
from telephony.wire import Headers, WireReader

CHUNK = 1 << 16
SETTLE_EVERY = 500
GZIP_MAGIC = b"\x1f\x8b"
MARKS = (b"Event:", b"Response:", b"Asterisk Call Manager")


class Replay:
    """Derives the contacts of a recorded stream; its counters say what the stream was like."""

    def __init__(self) -> None:
        self.wire = WireReader(HEARD)
        self.reader = EventReader()
        self.reducer = CallReducer()
        self._finished: list[CallRecord] = []
        self._legs: dict[str, Leg] = {}
        self._calls: dict[str, str] = {}
        self._members: list[MemberSeen] = []
        self._since_settled = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the recording."""
        self._take(self.wire.feed(data))

    def contacts(self) -> list[CallRecord]:
        """End the recording and return its contacts, oldest first, unfinished ones as known."""
        self._take(self.wire.close())
        records = self._finished + self.reducer.open_calls()
        return sorted(records, key=lambda record: (record.started_at, record.call_id))

    def states(self) -> list[AgentInterval]:
        """End the recording and return what every agent did from when to when."""
        self._take(self.wire.close())
        self._keep_legs()
        legs = ((leg, self._calls[leg_id]) for leg_id, leg in self._legs.items())
        return intervals(legs, self._members)

    def _take(self, messages: list[Headers]) -> None:
        for headers in messages:
            for fact in self.reader.facts(headers):
                if isinstance(fact, Fact):
                    self.reducer.fold(fact)
                elif isinstance(fact, SystemReady):
                    self.reducer.system_ready(fact)
                elif isinstance(fact, MemberSeen):
                    self._members.append(fact)
        self._since_settled += len(messages)
        if self._since_settled >= SETTLE_EVERY:
            self._since_settled = 0
            self._keep_legs()
            self._finished += self.reducer.settle()

    def _keep_legs(self) -> None:
        """Hold on to the agents' legs, which the reducer lets go with their calls."""
        for legs in self.reducer.stations.values():
            for leg_id, leg in legs.items():
                self._legs[leg_id] = leg
                self._calls[leg_id] = self.reducer.call_of(leg)


def replay_file(path: Path) -> Replay:
    """Run a recorded manager session, plain or gzipped, to its end.

    Raises:
        InvalidInput: the file cannot be read or is no manager session.
    """
    replay = Replay()
    try:
        for number, data in enumerate(_chunks(path)):
            if number == 0 and not any(mark in data for mark in MARKS):
                raise InvalidInput(f"{path} 不是 Asterisk 管理接口（AMI）的记录")
            replay.feed(data)
    except (OSError, zlib.error) as broken:
        raise InvalidInput(f"无法读取 {path}：{broken}") from broken
    if replay.wire.messages == 0:
        raise InvalidInput(f"{path} 是空的，不是 Asterisk 管理接口（AMI）的记录")
    return replay


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as plain:
        packed = plain.read(2) == GZIP_MAGIC
        plain.seek(0)
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if packed else plain
        # A packed recording cut in the middle ends there, like a plain one.
        with contextlib.suppress(EOFError):
            while data := stream.read(CHUNK):
                yield data


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(LOCAL_TIME).isoformat()


def contact_as_json(record: CallRecord) -> dict[str, object]:
    """Return the contact with plain values: times with the local offset, seconds as numbers."""
    return {
        "call_id": record.call_id,
        "call_uuid": record.call_uuid,
        "direction": record.direction.value,
        "caller": record.caller,
        "line": record.line,
        "queue": record.queue,
        "agent": record.agent,
        "started_at": _iso(record.started_at),
        "queued_at": _iso(record.queued_at),
        "answered_at": _iso(record.answered_at),
        "talk_ended_at": _iso(record.talk_ended_at),
        "ended_at": _iso(record.ended_at),
        "wait_s": record.wait_s,
        "talk_s": record.talk_s,
        "outcome": None if record.outcome is None else record.outcome.value,
        "transfers": [
            {"at": _iso(one.at), "kind": one.kind, "by": one.by, "to": one.to}
            for one in record.transfers
        ],
        "recording": record.recording,
        "dtmf": [digit.digit for digit in record.dtmf],
        "node": record.node,
        "ended_by": None if record.ended_by is None else record.ended_by.value,
        "hold_s": record.hold_s,
        "voicemail": record.voicemail,
    }


def interval_as_json(interval: AgentInterval) -> dict[str, object]:
    """Return the interval with plain values, as `contact_as_json` does."""
    lasted = None if interval.ended_at is None else interval.ended_at - interval.began_at
    return {
        "extension": interval.extension,
        "state": interval.state.value,
        "began_at": _iso(interval.began_at),
        "ended_at": _iso(interval.ended_at),
        "seconds": None if lasted is None else round(lasted.total_seconds(), 3),
        "call_id": interval.call_id,
        "reason": interval.reason,
        "missed": interval.missed,
    }
