"""The wallboard's figures, each with its formula and the rows it is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.profile import ServiceRules
from dispatch.models.catalog import Line
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.service.access import mask_phone

SERVICE_WINDOW = timedelta(minutes=30)
CONNECTION_WINDOW = timedelta(hours=24)
LIVE_FOR = timedelta(hours=8)
"""A call without an end that old was cut off by a crash."""
BEFORE_THE_QUEUE = timedelta(hours=1)
ROWS_MOST = 500

Condition = ColumnElement[bool]


class Part(StrEnum):
    """Which rows of a figure are listed."""

    ALL = "all"
    HITS = "hits"
    MISSED = "missed"


@dataclass(frozen=True)
class Share:
    """Hits out of those judged; `percent` None when nothing could be judged."""

    hits: int
    judged: int

    @property
    def percent(self) -> float | None:
        """0 to 100 with one decimal."""
        return round(100 * self.hits / self.judged, 1) if self.judged else None


@dataclass(frozen=True)
class BoardFigure:
    """One figure: what it is called, how it is counted, and its conditions at a moment."""

    code: str
    label: str
    formula: str
    judged: Callable[[datetime], Condition]
    hit: Callable[[datetime], Condition]


@dataclass(frozen=True)
class FigureRow:
    """One call behind a figure."""

    contact_id: int
    call_id: str
    caller: str
    line: str
    queue: str
    queued_at: datetime | None
    answered_at: datetime | None
    wait_s: float | None
    agent: str
    hit: bool


def _inbound(since: datetime) -> Condition:
    # By the index of beginnings: nobody listens to a greeting for an hour.
    begun = Contact.started_at > since - BEFORE_THE_QUEUE
    return and_(Contact.direction == "inbound", begun, Contact.queued_at > since)


def _answered() -> Condition:
    return Contact.answered_at.is_not(None)


def _over() -> Condition:
    return or_(_answered(), Contact.left_queue_at.is_not(None), Contact.ended_at.is_not(None))


def _connection_judged(now: datetime) -> Condition:
    return and_(_inbound(now - CONNECTION_WINDOW), _over())


def _waiting(now: datetime) -> Condition:
    return and_(
        _inbound(now - LIVE_FOR),
        Contact.answered_at.is_(None),
        Contact.left_queue_at.is_(None),
        Contact.ended_at.is_(None),
    )


WAITING = BoardFigure(
    "waiting",
    "正在排队",
    "已进入队列、还没有人接起、也没有离开的来电",
    _waiting,
    lambda _now: false(),
)
CONNECTION = BoardFigure(
    "connection",
    "接通率（近 24 小时）",
    "近 24 小时进入队列的来电中，话务员接起的 ÷ 已接起或已离开的"
    "（GB/T 33358-2016：连续 24 小时不低于 95%）",
    _connection_judged,
    lambda _now: _answered(),
)


def service_figure(service: ServiceRules) -> BoardFigure:
    """限时接通率 by the seconds of a city's policy (GB/T 33358-2016: 15)."""
    within = service.answer_within_seconds

    def judged(now: datetime) -> Condition:
        # Who has waited longer than the level already is judged, though he still waits.
        late = Contact.queued_at <= now - timedelta(seconds=within)
        return and_(_inbound(now - SERVICE_WINDOW), or_(_over(), late))

    return BoardFigure(
        "service",
        f"{within} 秒接通率（近 30 分钟）",
        f"近 30 分钟进入队列的来电中，{within} 秒内接起的 ÷ 已接起、已离开或已等满 "
        f"{within} 秒的（GB/T 33358-2016：15 秒内应答）",
        judged,
        lambda _now: and_(_answered(), Contact.wait_s <= within),
    )


def board_figures(service: ServiceRules) -> dict[str, BoardFigure]:
    """The board's figures by code."""
    return {figure.code: figure for figure in (WAITING, service_figure(service), CONNECTION)}


def figure_named(code: str, service: ServiceRules) -> BoardFigure:
    """The figure of this code.

    Raises:
        NotFound: there is none.
    """
    figures = board_figures(service)
    if code not in figures:
        raise NotFound(f"没有编码为 {code[:40]} 的指标；可用的有：{'、'.join(figures)}")
    return figures[code]


def shares(session: Session, figure: BoardFigure, *, now: datetime) -> dict[str, Share]:
    """The figure by queue; a queue nobody called is absent."""
    hits = func.sum(case((figure.hit(now), 1), else_=0))
    rows = session.execute(
        select(Contact.queue, hits, func.count()).where(figure.judged(now)).group_by(Contact.queue)
    )
    return {queue or "": Share(int(hit or 0), judged) for queue, hit, judged in rows}


def total(parts: dict[str, Share]) -> Share:
    """All queues together."""
    return Share(sum(p.hits for p in parts.values()), sum(p.judged for p in parts.values()))


def rows(
    session: Session, figure: BoardFigure, part: Part, queue: str, *, now: datetime
) -> tuple[FigureRow, ...]:
    """The calls behind the figure, newest first, numbers masked; of one queue or of all ("")."""
    hit = figure.hit(now)
    chosen = {Part.ALL: figure.judged(now), Part.HITS: hit, Part.MISSED: ~hit}[part]
    found = (
        select(Contact, Line.name, Staff.name, hit)
        .outerjoin(Line, Line.number == Contact.line)
        .outerjoin(Staff, Staff.extension == Contact.agent)
        .where(figure.judged(now), chosen)
        .order_by(Contact.queued_at.desc(), Contact.id.desc())
        .limit(ROWS_MOST)
    )
    if queue:
        found = found.where(Contact.queue == queue)
    return tuple(_row(*row) for row in session.execute(found))


def _row(contact: Contact, line: str | None, agent: str | None, hit: bool | None) -> FigureRow:
    return FigureRow(
        contact_id=contact.id,
        call_id=contact.call_id,
        caller=mask_phone(contact.caller) if contact.caller else "号码未显示",
        line=line or contact.line or "—",
        queue=contact.queue or "",
        queued_at=contact.queued_at,
        answered_at=contact.answered_at,
        wait_s=contact.wait_s,
        agent=agent or contact.agent or "—",
        hit=bool(hit),
    )
