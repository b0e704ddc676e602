"""What Asterisk wrote to its files, as the same facts the manager interface tells.

The files are the truth: they keep every row while our process or its connection is away.
Columns of the channel event log are those of our own `cel_custom.conf`; times are seconds
since 1970, or local time where a city's own Asterisk writes a date.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from telephony.channels import extension_of
from telephony.facts import (
    CallBackWished,
    CallerQueued,
    CallerTurnedAway,
    CallerUnqueued,
    CallTransferred,
    Fact,
    HangupAsked,
    LegEnded,
    LegJoined,
    LegLeft,
    LegStarted,
    LegUp,
    MachineHeard,
    RecordingStarted,
    ServiceRated,
    SurveyClosed,
    SurveyDone,
    SurveyHeard,
    VoicemailLeft,
)
from telephony.story import LOCAL_TIME

FOLLOW_UP = "follow-up-"
COLUMNS = (
    "time",
    "kind",
    "name",
    "number",
    "exten",
    "context",
    "channel",
    "application",
    "data",
    "leg",
    "call",
    "peer",
    "userfield",
    "own",
    "extra",
)


@dataclass(frozen=True)
class Position:
    """A place in a log file that survives its renaming."""

    inode: int
    offset: int


@dataclass(frozen=True)
class Line:
    """One complete line and where it begins."""

    at: Position
    text: str


class LogTail:
    """Reads the new lines of a growing file, through rotation and truncation."""

    def __init__(self, path: Path, position: Position | None = None) -> None:
        self.path = path
        self.position = position
        self.bad_characters = 0

    def read(self) -> list[Line]:
        """Return the lines completed since last time; a half-written one stays for later."""
        lines: list[Line] = []
        for path in self._unread():
            lines += self._read_one(path)
        return lines

    def _unread(self) -> list[Path]:
        """The file we were in, then those that followed it, the current one last."""
        if not self.path.exists():
            return []
        current = self.path.stat()
        if self.position is None or self.position.inode == current.st_ino:
            return [self.path]
        siblings = [(path.stat(), path) for path in self.path.parent.glob(f"{self.path.name}*")]
        ours = [stat for stat, _ in siblings if stat.st_ino == self.position.inode]
        since = ours[0].st_mtime_ns if ours else current.st_mtime_ns
        later = [one for one in siblings if one[0].st_mtime_ns >= since]
        later.sort(key=lambda one: (one[1] == self.path, one[0].st_mtime_ns))
        return [path for _, path in later]

    def _read_one(self, path: Path) -> Iterator[Line]:
        with path.open("rb") as log:
            stat = path.stat()
            offset = 0
            if self.position is not None and self.position.inode == stat.st_ino:
                offset = self.position.offset if self.position.offset <= stat.st_size else 0
            log.seek(offset)
            for raw in log:
                if not raw.endswith(b"\n"):
                    break
                text = raw.decode(errors="replace")
                self.bad_characters += text.count("�")
                yield Line(Position(stat.st_ino, offset), text.rstrip("\r\n"))
                offset += len(raw)
            self.position = Position(stat.st_ino, offset)


@dataclass(frozen=True)
class Row:
    """One line of a file understood: its call, its facts, and whether the call is over."""

    call_id: str
    facts: tuple[Fact, ...]
    over: bool = False


def moment(text: str) -> datetime:
    """Read seconds since 1970, or the local time of a city's own configuration.

    Raises:
        ValueError: it is neither.
    """
    if "-" in text:
        local = datetime.fromisoformat(text)
        return local.replace(tzinfo=local.tzinfo or LOCAL_TIME).astimezone(UTC)
    return datetime.fromtimestamp(float(text), UTC)


def channel_event(line: str) -> Row | None:
    """Read a line of the channel event log; None if it is damaged or says nothing to us."""
    columns = next(csv.reader([line]), [])
    if len(columns) < len(COLUMNS):
        return None
    row = dict(zip(COLUMNS, columns, strict=False))
    try:
        at = moment(row["time"])
        extra = json.loads(row["extra"] or "{}")
    except ValueError:
        return None
    if not isinstance(extra, dict) or not row["call"]:
        return None
    return Row(row["call"], tuple(_facts(row, at, extra)), over=row["kind"] == "LINKEDID_END")


def _facts(row: dict[str, str], at: datetime, extra: dict[str, object]) -> Iterator[Fact]:
    call_id, leg, channel = row["call"], row["leg"], row["channel"]
    userfield, caller = row["userfield"], row["number"] or None
    call_uuid = userfield if userfield and not userfield.startswith(FOLLOW_UP) else None
    bridge = str(extra.get("bridge_id", ""))
    match row["kind"]:
        case "CHAN_START":
            outgoing = row["exten"] == "s"
            yield LegStarted(at, call_id, leg, channel, caller, row["exten"] or None, outgoing)
        case "ANSWER":
            outgoing = row["data"] == "(Outgoing Line)"
            yield LegUp(at, call_id, leg, channel, caller, None, outgoing, call_uuid)
        case "BRIDGE_ENTER" if bridge:
            yield LegJoined(at, call_id, leg, channel, bridge)
        case "BRIDGE_EXIT" if bridge:
            yield LegLeft(at, call_id, leg, channel, bridge)
        case "HANGUP":
            yield from _ending(row, at, extra, call_uuid)
        case "APP_START" if row["application"] == "Queue":
            queue = row["data"].partition(",")[0]
            yield CallerQueued(at, call_id, leg, channel, queue, caller, call_uuid)
            # Our dialplan begins the recording right before the queue.
            yield RecordingStarted(at, call_id)
        case "APP_END" if row["application"] == "Queue":
            yield CallerUnqueued(at, call_id, row["data"].partition(",")[0])
        case "BLINDTRANSFER":
            to = str(extra.get("extension", ""))
            yield CallTransferred(at, call_id, "blind", extension_of(channel), to)
        case "ATTENDEDTRANSFER":
            yield from _attended(at, call_id, extension_of(channel), extra)
        case _:
            yield from _told(row, at, str(extra.get("extra", "")))


def _told(row: dict[str, str], at: datetime, text: str) -> Iterator[Fact]:
    """What our own dialplan wrote, the same as it told by user events."""
    call_id, follow_up = row["call"], _follow_up(row)
    match row["kind"]:
        case "SurveyAnswer" if follow_up is not None:
            question, digit, wrong, language = (*text.split(":"), "", "", "")[:4]
            wrongs = int(wrong) if wrong.isdecimal() else 0
            yield SurveyHeard(at, call_id, follow_up, question, digit or None, wrongs, language)
        case "SurveyDone" if follow_up is not None:
            yield SurveyDone(at, call_id, follow_up)
        case "SurveyMachine" if follow_up is not None:
            yield MachineHeard(at, call_id, follow_up)
        case "ServiceRated":
            yield ServiceRated(at, call_id, text.removeprefix("key:") or None)
        case "RecordingBegun":
            yield RecordingStarted(at, call_id, text.removeprefix("path:") or None)
        case "CallClosed" | "CallRefused":
            yield CallerTurnedAway(at, call_id, refused=row["kind"] == "CallRefused")
        case "CallBackAsked":
            number, _, rest = text.partition(":")
            yield CallBackWished(at, call_id, number or None, rest.partition(":")[0] or None)
        case "TakenOver":
            agent, _, to = text.partition(":")
            yield CallTransferred(at, call_id, "taken_over", agent or None, to)
        case "VoicemailLeft":
            path, _, seconds = text.rpartition(":")
            yield VoicemailLeft(at, call_id, path, int(seconds) if seconds.isdecimal() else 0)


def _follow_up(row: dict[str, str]) -> int | None:
    number = row["userfield"].removeprefix(FOLLOW_UP)
    return int(number) if number != row["userfield"] and number.isdecimal() else None


def _ending(
    row: dict[str, str], at: datetime, extra: dict[str, object], call_uuid: str | None
) -> Iterator[Fact]:
    call_id, leg, channel = row["call"], row["leg"], row["channel"]
    yield HangupAsked(at, call_id, leg, channel, by_us=extra.get("hangupsource") != channel)
    follow_up = _follow_up(row)
    if follow_up is not None:
        yield SurveyClosed(at, call_id, follow_up)
    cause = extra.get("hangupcause")
    cause = cause if isinstance(cause, int) else None
    yield LegEnded(at, call_id, leg, channel, cause, row["number"] or None, call_uuid)


def _attended(
    at: datetime, call_id: str, by: str | None, extra: dict[str, object]
) -> Iterator[Fact]:
    names = ("transfer_target_channel_name", "transferee_channel_name", "channel2_name")
    stations = [extension_of(str(extra.get(name, ""))) for name in names]
    to = next((station for station in stations if station not in (None, by)), None)
    if to is not None:
        yield CallTransferred(at, call_id, "attended", by, to)
