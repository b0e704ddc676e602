"""印发报表: a report is kept as it was issued; what is wrong is put right by another issue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound, ReportIssuedBefore, RoleNotAllowed
from dispatch.domain.events import ReportIssued
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Staff
from dispatch.models.reporting import IssuedReport, ReportDelivery
from dispatch.service import notices
from dispatch.service.numbering import next_number

ISSUERS = (Role.CENTER, Role.SYSTEM)
"""Who issues reports: the centre, and the schedule."""

MAX_WHY = 500


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A report ready to be issued: its span, and its document as plain JSON with its digest."""

    kind: ReportKind
    first: date
    last: date
    subject: str
    title: str
    content: dict[str, Any]
    digest: str


def issue(
    session: Session, actor: Actor, paper: Paper, readers: Collection[Role], *, now: datetime
) -> IssuedReport:
    """Issue a report for the first time: number it, keep it, and tell its readers.

    Raises:
        RoleNotAllowed: only the centre issues reports.
        ReportIssuedBefore: this span's report is out already.
    """
    _may(actor)
    if latest(session, paper) is not None:
        raise ReportIssuedBefore(f"{paper.title}已经印发；内容有误的，请更正印发")
    number = next_number(session, f"report-{paper.kind.value}-{paper.first.year}")
    return _keep(session, actor, paper, number, None, "", (), readers, now)


def correct(
    session: Session,
    actor: Actor,
    paper: Paper,
    readers: Collection[Role],
    *,
    why: str,
    differences: Sequence[dict[str, Any]],
    now: datetime,
) -> IssuedReport:
    """Issue a correction: the same number, the next revision, with what differs.

    `differences` are against the newest issue; the old one stays as it was.

    Raises:
        RoleNotAllowed: only the centre issues reports.
        NotFound: nothing was issued that could be corrected.
        InvalidInput: no reason is given, or nothing differs.
    """
    _may(actor)
    if not why.strip():
        raise InvalidInput("请写明更正的原因", field="why")
    if len(why) > MAX_WHY:
        raise InvalidInput(f"原因最多 {MAX_WHY} 个字，请删减后提交", field="why")
    old = latest(session, paper)
    if old is None:
        raise NotFound(f"{paper.title}还没有印发，不用更正")
    if not differences:
        raise InvalidInput("与已印发的内容没有不同，不用更正", field="why")
    return _keep(session, actor, paper, old.number, old, why.strip(), differences, readers, now)


def latest(session: Session, paper: Paper) -> IssuedReport | None:
    """The newest issue of the same report; None before it was issued."""
    return session.scalar(
        select(IssuedReport)
        .where(
            IssuedReport.kind == paper.kind.value,
            IssuedReport.subject == paper.subject,
            IssuedReport.first == paper.first,
            IssuedReport.last == paper.last,
        )
        .order_by(IssuedReport.revision.desc())
        .limit(1)
    )


def opened(session: Session, reader: Actor, report_id: int, *, now: datetime) -> None:
    """Write down that a reader opened it; only the first time counts."""
    if reader.staff_id is None:
        return
    session.execute(
        update(ReportDelivery)
        .where(
            ReportDelivery.report_id == report_id,
            ReportDelivery.staff_id == reader.staff_id,
            ReportDelivery.opened_at.is_(None),
        )
        .values(opened_at=now)
    )


def _may(actor: Actor) -> None:
    if actor.role not in ISSUERS:
        raise RoleNotAllowed("报表由热线中心印发")


def _keep(
    session: Session,
    actor: Actor,
    paper: Paper,
    number: int,
    old: IssuedReport | None,
    why: str,
    differences: Sequence[dict[str, Any]],
    readers: Collection[Role],
    now: datetime,
) -> IssuedReport:
    row = IssuedReport(
        kind=paper.kind.value,
        subject=paper.subject,
        first=paper.first,
        last=paper.last,
        revision=1 if old is None else old.revision + 1,
        number=number,
        title=paper.title,
        content=paper.content,
        digest=paper.digest,
        issued_at=now,
        issued_by_id=actor.staff_id,
        replaces_id=None if old is None else old.id,
        why=why,
        differences=list(differences),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise ReportIssuedBefore(f"{paper.title}刚刚由别人印发，请刷新后查看") from error
    corrected = "" if old is None else "（更正）"
    said = f"{row.title}第 {number} 期{corrected}已印发，请阅"
    wanted = select(Staff.id).where(
        Staff.role.in_([role.value for role in readers]), Staff.active.is_(True)
    )
    for staff_id in session.scalars(wanted.order_by(Staff.id)).all():
        session.add(ReportDelivery(report_id=row.id, staff_id=staff_id, at=now, opened_at=None))
        notices.tell(session, NoticeKind.REPORT, said, staff_id=staff_id, now=now)
    fact = ReportIssued(
        at=now, report_id=row.id, kind=row.kind, number=number, revision=row.revision
    )
    record(session, actor, fact)
    return row
