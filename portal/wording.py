"""Values as people read them: moments, durations, labels, masked numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from jinja2 import pass_context
from jinja2.runtime import Context

from dispatch.domain import vocabulary
from dispatch.domain.events import FACTS
from dispatch.domain.remaining import remaining as time_left
from dispatch.domain.vocabulary import Labelled
from dispatch.domain.worktime import SHANGHAI, WorkCalendar
from dispatch.service.access import mask_name, mask_phone

_ENUMS: Mapping[str, type[Labelled]] = {cls.__name__: cls for cls in Labelled.__subclasses__()}


@pass_context
def moment(context: Context, at: datetime | None, empty: str = "—") -> str:
    """11月26日 17:30; with the year when it is another one."""
    if at is None:
        return empty
    local, now = at.astimezone(SHANGHAI), context["now"].astimezone(SHANGHAI)
    year = "" if local.year == now.year else f"{local.year}年"
    return f"{year}{local.month}月{local.day}日 {local:%H:%M}"


@pass_context
def clock_time(context: Context, at: datetime | None, empty: str = "—") -> str:
    """17:30:08 for today, the whole moment for another day."""
    if at is None:
        return empty
    local = at.astimezone(SHANGHAI)
    if local.date() != context["now"].astimezone(SHANGHAI).date():
        return moment(context, at)
    return f"{local:%H:%M:%S}"


def iso(at: datetime | None) -> str:
    """The moment for a `datetime` attribute."""
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds") if at else ""


@pass_context
def remaining(context: Context, due_at: datetime | None, natural: bool = False) -> str:
    """还剩 1 个工作日 3 小时."""
    if due_at is None:
        return ""
    return time_left(due_at, context["now"], context["calendar"], natural=natural).text


def duration(seconds: float | None, empty: str = "—") -> str:
    """8 秒, 3 分 12 秒, 1 小时 5 分."""
    if seconds is None:
        return empty
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} 小时 {minutes} 分"
    return f"{minutes} 分 {rest} 秒" if minutes else f"{rest} 秒"


def clock(seconds: float) -> str:
    """Seconds as a running clock: 0:07, 12:30, 1:02:03."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def label(value: object, enum: str = "") -> str:
    """The Chinese word for an enum member or its stored value.

    For a stored string name the enum: `{{ ticket.status|label("Status") }}`; "Fact" names the
    kinds of the history.
    """
    if value is None or value == "":
        return "—"
    if isinstance(value, Enum):
        return str(getattr(value, "label", value.value))
    text = str(value)
    if enum == "Fact":
        return FACTS[text].label if text in FACTS else text
    if enum:
        cls = _ENUMS[enum]
        return cls(text).label if text in cls.__members__.values() else text
    found = {cls(text).label for cls in _ENUMS.values() if text in cls.__members__.values()}
    return found.pop() if len(found) == 1 else text


class Timed(Protocol):
    """A ticket or an assignment: whatever has a running clock."""

    @property
    def dispatched_at(self) -> datetime | None:
        """When the clock started."""

    @property
    def warn_at(self) -> datetime | None:
        """When it turns amber."""

    @property
    def due_at(self) -> datetime | None:
        """When it runs out."""


@dataclass(frozen=True)
class Deadline:
    """A deadline as it is drawn; `level` is ok, near, over or done, `percent` the time used."""

    level: str
    text: str
    percent: int


@pass_context
def deadline_of(
    context: Context, ticket: Timed, *, done_at: datetime | None = None, natural: bool = False
) -> Deadline | None:
    """What the deadline macro shows; None when no clock runs."""
    due_at, start = ticket.due_at, ticket.dispatched_at
    if due_at is None:
        return None
    now: datetime = context["now"]
    if done_at is not None:
        late = done_at > due_at
        return Deadline("over" if late else "done", "超期办结" if late else "按时办结", 100)
    calendar: WorkCalendar = context["calendar"]
    left = time_left(due_at, now, calendar, natural=natural)
    level = "over" if left.overdue else "ok"
    if level == "ok" and ticket.warn_at is not None and ticket.warn_at <= now:
        level = "near"
    return Deadline(level, left.text, _percent(calendar, start, due_at, now, natural))


def _percent(
    calendar: WorkCalendar, start: datetime | None, due: datetime, now: datetime, natural: bool
) -> int:
    if start is None or now >= due:
        return 100

    def span(first: datetime, last: datetime) -> float:
        if natural:
            return (last - first).total_seconds()
        between = calendar.working_time_between(
            first.astimezone(SHANGHAI), last.astimezone(SHANGHAI)
        )
        return between.total_seconds()

    whole = span(start, due)
    return min(100, max(0, round(100 * span(start, now) / whole))) if whole > 0 else 100


FILTERS: Mapping[str, Callable[..., Any]] = {
    "moment": moment,
    "clock_time": clock_time,
    "iso": iso,
    "remaining": remaining,
    "duration": duration,
    "clock": clock,
    "label": label,
    "mask_phone": mask_phone,
    "mask_name": mask_name,
}
GLOBALS: Mapping[str, Any] = {"deadline_of": deadline_of, **_ENUMS, "vocabulary": vocabulary}
