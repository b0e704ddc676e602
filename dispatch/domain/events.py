"""Facts in the past tense: what happened to a ticket or a contact, frozen.

A fact carries codes and ids, no personal data: pages that hear of it read the ticket with
their own reader's rights.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What every fact has: when, and which ticket or contact."""

    label: ClassVar[str] = ""

    at: datetime
    ticket_id: int | None = None
    contact_id: int | None = None

    @property
    def details(self) -> dict[str, Any]:
        """The fields of the concrete fact, for the history row."""
        common = {"at", "ticket_id", "contact_id"}
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in common}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


@dataclass(frozen=True, kw_only=True)
class CallArrived(Fact):
    """A citizen's call reached the hotline."""

    label: ClassVar[str] = "来电"


@dataclass(frozen=True, kw_only=True)
class CallRinging(Fact):
    """The call rings at an agent."""

    label: ClassVar[str] = "振铃"
    extension: str
    call_id: str


@dataclass(frozen=True, kw_only=True)
class CallAnswered(Fact):
    """An agent answered."""

    label: ClassVar[str] = "接听"
    extension: str
    call_id: str


@dataclass(frozen=True, kw_only=True)
class CallEnded(Fact):
    """The citizen's line is gone."""

    label: ClassVar[str] = "通话结束"
    extension: str | None
    outcome: str | None
    call_id: str


@dataclass(frozen=True, kw_only=True)
class ContactDisposed(Fact):
    """The agent said how the contact ended for the caller."""

    label: ClassVar[str] = "登记结果"
    disposition: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class SeatChanged(Fact):
    """An agent signed in or out, paused, or became ready."""

    label: ClassVar[str] = "坐席状态"
    extension: str
    state: str


@dataclass(frozen=True, kw_only=True)
class TicketOpened(Fact):
    """A request became a ticket."""

    label: ClassVar[str] = "受理"


@dataclass(frozen=True, kw_only=True)
class TicketAnswered(Fact):
    """The agent settled the request at once."""

    label: ClassVar[str] = "当场答复"


@dataclass(frozen=True, kw_only=True)
class TicketUrged(Fact):
    """The caller asked again about an open ticket."""

    label: ClassVar[str] = "催办"


@dataclass(frozen=True, kw_only=True)
class TicketDispatched(Fact):
    """The ticket went to a department and its clock started."""

    label: ClassVar[str] = "派单"
    department_id: int
    department: str
    due_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketReassigned(Fact):
    """The ticket was taken from one department and given to another."""

    label: ClassVar[str] = "改派"
    department_id: int
    department: str
    due_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketAcknowledged(Fact):
    """The department signed for the ticket."""

    label: ClassVar[str] = "签收"
    department_id: int


@dataclass(frozen=True, kw_only=True)
class RequesterContacted(Fact):
    """The department spoke with the requester."""

    label: ClassVar[str] = "联系诉求人"
    department_id: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketCompleted(Fact):
    """The department says it is done."""

    label: ClassVar[str] = "办结"
    department_id: int
    in_time: bool


@dataclass(frozen=True, kw_only=True)
class AuditPassed(Fact):
    """The centre found the reply in order."""

    label: ClassVar[str] = "审核通过"


@dataclass(frozen=True, kw_only=True)
class SentBack(Fact):
    """The centre asked the department to mend its reply."""

    label: ClassVar[str] = "退回补正"
    department_id: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class FollowUpAnswered(Fact):
    """The requester answered a question of the follow-up."""

    label: ClassVar[str] = "回访答复"
    follow_up_id: int
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class FollowUpEnded(Fact):
    """One follow-up attempt ended."""

    label: ClassVar[str] = "回访结束"
    follow_up_id: int
    result: str


@dataclass(frozen=True, kw_only=True)
class TicketClosed(Fact):
    """The centre closed the ticket."""

    label: ClassVar[str] = "结案"
    solved: str | None
    rating: str | None


@dataclass(frozen=True, kw_only=True)
class TicketReopened(Fact):
    """The requester is not content, the ticket starts another round."""

    label: ClassVar[str] = "退回重办"
    round: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DeadlineNear(Fact):
    """The yellow warning."""

    label: ClassVar[str] = "临期预警"
    department_id: int
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class DeadlineBreached(Fact):
    """The red one: the time is over."""

    label: ClassVar[str] = "超期"
    department_id: int
    due_at: datetime
    clock: str


FACTS: dict[str, type[Fact]] = {cls.__name__: cls for cls in Fact.__subclasses__()}
