"""开放数据的发布: months made public, replaced by a later revision, withdrawn with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import OpenReleaseChanged
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.people import Staff
from dispatch.models.reporting import OpenRelease
from dispatch.service.access import require_role

KEEPERS = (Role.CENTER, Role.ADMIN)
_LONGEST = 500


@dataclass(frozen=True)
class ReleaseView:
    """A month as it was published."""

    id: int
    month: date
    revision: int
    k: int
    rows: int
    suppressed: int
    coarsened: Mapping[str, int]
    digest: str
    file: str
    published_at: datetime
    by: str
    """Empty: by the schedule."""
    withdrawn_at: datetime | None
    why: str

    @property
    def slug(self) -> str:
        """The month as its address says it."""
        return f"{self.month:%Y-%m}"


def require_over(month: date, *, now: datetime) -> None:
    """Refuse a month that is not over.

    Raises:
        InvalidInput: it is not over yet.
    """
    if month.replace(day=1) >= now.astimezone(SHANGHAI).date().replace(day=1):
        raise InvalidInput("这个月还没有过完，只能发布已经过完的月份", field="month")


def publish(
    session: Session,
    actor: Actor,
    *,
    month: date,
    k: int,
    rows: int,
    suppressed: int,
    coarsened: Mapping[str, int],
    digest: str,
    file: str,
    now: datetime,
) -> OpenRelease:
    """发布: the month's newest revision; one published before is no longer given out.

    Raises:
        InvalidInput: the month is not over.
        ActionNotAllowed: exactly this is public already.
    """
    require_role(actor, *KEEPERS, Role.SYSTEM)
    require_over(month, now=now)
    newest = session.scalars(
        select(OpenRelease).where(OpenRelease.month == month).order_by(OpenRelease.id.desc())
    ).first()
    if newest is not None and newest.withdrawn_at is None and newest.digest == digest:
        raise ActionNotAllowed(f"{month:%Y-%m} 的数据没有变化，已发布的就是这一份")
    top = session.scalar(select(func.max(OpenRelease.revision)).where(OpenRelease.month == month))
    made = OpenRelease(
        month=month,
        revision=(top or 0) + 1,
        k=k,
        rows=rows,
        suppressed=suppressed,
        coarsened=dict(coarsened),
        digest=digest,
        file=file,
        published_at=now,
        published_by_id=actor.staff_id,
    )
    session.add(made)
    session.flush()
    record(session, actor, OpenReleaseChanged(at=now, release_id=made.id, state="published"))
    return made


def withdraw(session: Session, actor: Actor, release_id: int, why: str, *, now: datetime) -> None:
    """撤回: nobody can download it any more; that it was public stays written.

    Raises:
        InvalidInput: no reason is given.
        ActionNotAllowed: it is withdrawn already.
    """
    require_role(actor, *KEEPERS)
    if session.get(OpenRelease, release_id) is None:
        raise NotFound("没有找到这次发布")
    if not why.strip():
        raise InvalidInput("请写明撤回的原因", field="why")
    taken = (
        update(OpenRelease)
        .where(OpenRelease.id == release_id, OpenRelease.withdrawn_at.is_(None))
        .values(withdrawn_at=now, why=why.strip()[:_LONGEST])
        .returning(OpenRelease.id)
    )
    if session.scalar(taken) is None:
        raise ActionNotAllowed("这次发布已经撤回")
    record(session, actor, OpenReleaseChanged(at=now, release_id=release_id, state="withdrawn"))


def has_any(session: Session, month: date) -> bool:
    """Whether the month was ever published: what was withdrawn does not come back by itself."""
    found = select(OpenRelease.id).where(OpenRelease.month == month).limit(1)
    return session.scalar(found) is not None


def all_releases(session: Session, reader: Actor) -> tuple[ReleaseView, ...]:
    """Every publication, newest first."""
    require_role(reader, *KEEPERS)
    return tuple(_views(session))


def public(session: Session) -> tuple[ReleaseView, ...]:
    """What anybody may download: of each month the newest revision, unless it is withdrawn."""
    newest: dict[date, ReleaseView] = {}
    for view in _views(session):
        if view.month not in newest or view.revision > newest[view.month].revision:
            newest[view.month] = view
    return tuple(v for v in newest.values() if v.withdrawn_at is None)


def public_month(session: Session, slug: str) -> ReleaseView:
    """The public revision of a month such as 2026-10.

    Raises:
        NotFound: the month is not public.
    """
    found = next((view for view in public(session) if view.slug == slug), None)
    if found is None:
        raise NotFound("这个月的数据没有公布，或已撤回")
    return found


def _views(session: Session) -> list[ReleaseView]:
    asked = (
        select(OpenRelease, Staff.name)
        .join(Staff, Staff.id == OpenRelease.published_by_id, isouter=True)
        .order_by(OpenRelease.month.desc(), OpenRelease.revision.desc())
    )
    return [
        ReleaseView(
            id=row.id,
            month=row.month,
            revision=row.revision,
            k=row.k,
            rows=row.rows,
            suppressed=row.suppressed,
            coarsened=row.coarsened,
            digest=row.digest,
            file=row.file,
            published_at=row.published_at,
            by=name or "",
            withdrawn_at=row.withdrawn_at,
            why=row.why,
        )
        for row, name in session.execute(asked)
    ]
