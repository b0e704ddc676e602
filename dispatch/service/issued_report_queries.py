"""Issued reports as their readers find them: the list, one issue, its other revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Staff
from dispatch.models.reporting import IssuedReport, ReportDelivery
from dispatch.service.access import require_role

READERS = (Role.LEADER, Role.CENTER, Role.SUPERVISOR, Role.ADMIN, Role.SYSTEM)
"""Who reads reports: those who read the figures of the whole city."""

PAGE = 30


@dataclass(frozen=True, kw_only=True)
class IssueLine:
    """One issue in a list; moments are UTC. `newest` tells whether it was corrected since."""

    id: int
    kind: ReportKind
    subject: str
    first: date
    last: date
    number: int
    revision: int
    title: str
    issued_at: datetime
    issued_by: str
    """"" where the schedule issued it."""
    newest: bool
    sent: int
    opened: int


@dataclass(frozen=True, kw_only=True)
class IssueView:
    """One issue with its document as it was issued, and what it corrected."""

    line: IssueLine
    content: dict[str, Any]
    digest: str
    why: str
    differences: tuple[dict[str, Any], ...]
    revisions: tuple[IssueLine, ...]
    """Every issue of the same report, the newest first."""
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True)
class Delivery:
    """To whom it was sent, and when that person first opened it (UTC)."""

    name: str
    role: Role
    opened_at: datetime | None


def issues(
    session: Session,
    reader: Actor,
    kind: ReportKind | None = None,
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> list[IssueLine]:
    """Issues of a kind or of all, the newest first; `before` is the id the page before ended at."""
    require_role(reader, *READERS)
    query = _query()
    if kind is not None:
        query = query.where(IssuedReport.kind == kind.value)
    if before is not None:
        query = query.where(IssuedReport.id < before)
    return [_line(*row) for row in session.execute(query.limit(limit))]


def counts(session: Session, reader: Actor) -> dict[ReportKind, int]:
    """How many issues there are of each kind, corrections too."""
    require_role(reader, *READERS)
    query = select(IssuedReport.kind, func.count()).group_by(IssuedReport.kind)
    return {ReportKind(kind): count for kind, count in session.execute(query)}


def issue_of(session: Session, reader: Actor, report_id: int) -> IssueView:
    """One issue.

    Raises:
        NotFound: there is none.
    """
    require_role(reader, *READERS)
    row = session.get(IssuedReport, report_id)
    if row is None:
        raise NotFound("没有找到这一期报表")
    same = [
        _line(*found)
        for found in session.execute(
            _query()
            .where(IssuedReport.kind == row.kind, IssuedReport.subject == row.subject)
            .where(IssuedReport.first == row.first, IssuedReport.last == row.last)
        )
    ]
    sent = session.execute(
        select(Staff.name, Staff.role, ReportDelivery.opened_at)
        .join(Staff, Staff.id == ReportDelivery.staff_id)
        .where(ReportDelivery.report_id == row.id)
        .order_by(Staff.role, Staff.id)
    )
    return IssueView(
        line=next(line for line in same if line.id == row.id),
        content=row.content,
        digest=row.digest,
        why=row.why,
        differences=tuple(row.differences),
        revisions=tuple(same),
        deliveries=tuple(Delivery(name, Role(role), at) for name, role, at in sent),
    )


def newest_of(
    session: Session, reader: Actor, kind: ReportKind, subject: str, first: date, last: date
) -> IssueLine | None:
    """The newest issue of a span's report; None before it was issued."""
    require_role(reader, *READERS)
    query = _query().where(
        IssuedReport.kind == kind.value,
        IssuedReport.subject == subject,
        IssuedReport.first == first,
        IssuedReport.last == last,
    )
    row = session.execute(query.limit(1)).first()
    return None if row is None else _line(*row)


def _query() -> Select[*tuple[Any, ...]]:
    later = aliased(IssuedReport)
    sent = select(func.count()).where(ReportDelivery.report_id == IssuedReport.id)
    columns: Sequence[Any] = (
        IssuedReport.id,
        IssuedReport.kind,
        IssuedReport.subject,
        IssuedReport.first,
        IssuedReport.last,
        IssuedReport.number,
        IssuedReport.revision,
        IssuedReport.title,
        IssuedReport.issued_at,
        Staff.name,
        ~select(later.id).where(later.replaces_id == IssuedReport.id).exists(),
        sent.scalar_subquery(),
        sent.where(ReportDelivery.opened_at.is_not(None)).scalar_subquery(),
    )
    # The document is not read for a list: a year's issues are many megabytes.
    return (
        select(*columns)
        .outerjoin(Staff, Staff.id == IssuedReport.issued_by_id)
        .order_by(IssuedReport.id.desc())
    )


def _line(
    id_: int,
    kind: str,
    subject: str,
    first: date,
    last: date,
    number: int,
    revision: int,
    title: str,
    issued_at: datetime,
    by: str | None,
    newest: bool,
    sent: int,
    opened: int,
) -> IssueLine:
    return IssueLine(
        id=id_,
        kind=ReportKind(kind),
        subject=subject,
        first=first,
        last=last,
        number=number,
        revision=revision,
        title=title,
        issued_at=issued_at,
        issued_by=by or "",
        newest=bool(newest),
        sent=sent,
        opened=opened,
    )
