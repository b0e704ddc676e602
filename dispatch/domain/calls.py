"""One telephone call as the ticket domain sees it, free of any telephone system's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Direction(StrEnum):
    """Who dialled."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class CallOutcome(StrEnum):
    """How the call ended in the queue; what it was about is `Disposition`."""

    ANSWERED = "answered"
    ABANDONED_IN_QUEUE = "abandoned_in_queue"
    ABANDONED_IN_IVR = "abandoned_in_ivr"
    OVERFLOWED = "overflowed"
    VOICEMAIL = "voicemail"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One hand-over of the citizen: `by` is an extension, `to` the target dialled."""

    at: datetime
    kind: str
    by: str | None
    to: str


@dataclass(frozen=True, kw_only=True)
class Digit:
    """One key pressed by the citizen."""

    at: datetime
    digit: str


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else round((end - start).total_seconds(), 3)


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """One call as known so far. None means not (yet) known, never zero.

    `ringing` is the extension ringing now; `agent` the first extension that answered;
    `talk_ended_at` when the agents' talk with the citizen ended, `ended_at` when the
    citizen's line was gone. `recording` is a path relative to the recordings folder.
    """

    call_id: str
    direction: Direction
    started_at: datetime
    call_uuid: str | None = None
    caller: str | None = None
    line: str | None = None
    queue: str | None = None
    agent: str | None = None
    ringing: str | None = None
    queued_at: datetime | None = None
    left_queue_at: datetime | None = None
    answered_at: datetime | None = None
    talk_ended_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: CallOutcome | None = None
    transfers: tuple[Transfer, ...] = ()
    recording: str | None = None
    dtmf: tuple[Digit, ...] = ()

    @property
    def wait_s(self) -> float | None:
        """Seconds from joining the queue to an agent's answer, or to leaving it without one."""
        return _seconds(self.queued_at, self.answered_at or self.left_queue_at or self.ended_at)

    @property
    def talk_s(self) -> float | None:
        """Seconds of talk with agents; surveys and announcements do not count."""
        return _seconds(self.answered_at, self.talk_ended_at or self.ended_at)


class SurveyResult(StrEnum):
    """How one automatic follow-up call ended."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    HUNG_UP = "hung_up"
    SILENT = "silent"
    """Somebody listened to the end and pressed nothing that could be understood."""


@dataclass(frozen=True, kw_only=True)
class SurveyAnswer:
    """One key pressed in a follow-up call; None when the citizen stayed silent."""

    follow_up_id: int
    question: Literal["solved", "satisfied"]
    digit: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SurveyEnded:
    """The end of a follow-up call, answered or not."""

    follow_up_id: int
    result: SurveyResult
    at: datetime
    call_id: str | None = None
