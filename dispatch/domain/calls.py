"""One telephone call as the ticket domain sees it, free of any telephone system's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from dispatch.domain.call_terms import EndedBy, JoinResult
from dispatch.domain.ports import AgentState
from dispatch.domain.vocabulary import Labelled


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
    CALL_BACK = "call_back"
    """The caller asked to be rung back instead of waiting on."""
    CLOSED = "closed"
    """Nobody answers at this hour; the caller was told so."""
    REFUSED = "refused"
    """A flagged number heard a message instead of the queue."""
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
    citizen's line was gone. `recording` and `voicemail` are paths relative to the recordings
    folder; of a follow-up call `voicemail` is the comment spoken after the questions. `node` is
    the telephone system's name; `hold_s` seconds on hold within the talk. `service_key` is what
    the caller pressed when asked for the agent's service after the talk, "" for nothing.
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
    node: str | None = None
    ended_by: EndedBy | None = None
    hold_s: float | None = None
    voicemail: str | None = None
    service_key: str | None = None

    @property
    def wait_s(self) -> float | None:
        """Seconds from joining the queue to an agent's answer, or to leaving it without one."""
        return _seconds(self.queued_at, self.answered_at or self.left_queue_at or self.ended_at)

    @property
    def talk_s(self) -> float | None:
        """Seconds of talk with agents; surveys and announcements do not count."""
        return _seconds(self.answered_at, self.talk_ended_at or self.ended_at)


@dataclass(frozen=True, kw_only=True)
class AgentSeen:
    """What an agent is doing since a moment, as the telephone system shows it.

    Only the states that calls cause are told here (ringing, talking, held) and, as READY, that
    none of them lasts; signed out, paused and wrap-up are wishes of ours. `missed` says that
    ringing ended without an answer while the call went on.
    """

    extension: str
    state: AgentState
    since: datetime
    call_id: str | None = None
    node: str = ""
    missed: bool = False


class SurveyResult(Labelled):
    """How one attempt to ask the requester ended."""

    COMPLETED = "completed", "已完成"
    PARTIAL = "partial", "部分回答"
    NO_ANSWER = "no_answer", "无人接听"
    BUSY = "busy", "占线"
    FAILED = "failed", "呼叫失败"
    HUNG_UP = "hung_up", "接听后挂断"
    SILENT = "silent", "接听后未按键"
    """Somebody listened to the end and pressed nothing."""
    WRONG_KEYS = "wrong_keys", "按键无效"
    """Somebody pressed keys, none of which could be understood."""
    MACHINE = "machine", "语音信箱应答"
    DECLINED = "declined", "拒接"
    NO_SUCH_NUMBER = "no_such_number", "空号或停机"
    EXPIRED = "expired", "链接过期未评价"
    UNSENT = "unsent", "短信未发出"
    REFUSED = "refused", "接通后不愿评价"
    """Somebody spoke with us and gave no answer to any question."""

    @property
    def reached(self) -> bool:
        """A person took the call."""
        return self in _TAKEN


_TAKEN = frozenset(
    {
        SurveyResult.COMPLETED,
        SurveyResult.PARTIAL,
        SurveyResult.HUNG_UP,
        SurveyResult.SILENT,
        SurveyResult.WRONG_KEYS,
        SurveyResult.REFUSED,
    }
)


@dataclass(frozen=True, kw_only=True)
class SurveyAnswer:
    """One key pressed in a follow-up call; None when nothing valid was pressed.

    `language` is that of the prompts then, "" where the call did not tell.
    """

    follow_up_id: int
    question: Literal["solved", "satisfied"]
    digit: str | None
    at: datetime
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class SurveyEnded:
    """The end of a follow-up call, answered or not."""

    follow_up_id: int
    result: SurveyResult
    at: datetime
    call_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ListeningEnded:
    """A supervisor's listening ended, or never came about."""

    listening_id: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SurveysAlive:
    """Which calls last at a moment: a follow-up call ordered before it and not among them is over.

    Its end is told by nothing else, for it died with its telephone system.
    """

    at: datetime
    channel_ids: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class ListeningsAlive:
    """Which listenings last at a moment: any other that began before it has ended unseen."""

    at: datetime
    listening_ids: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class JoinEnded:
    """Somebody rung to join a talk has answered, or will not; `call_id` is our id of his leg."""

    call_id: str
    result: JoinResult
    at: datetime
