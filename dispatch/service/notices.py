"""Notices: what a unit, a role or one person is told of, until somebody has read it."""

from __future__ import annotations

from datetime import datetime

from dispatch.db import Session
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.oversight import Notice


def tell(
    session: Session,
    kind: NoticeKind,
    words: str,
    *,
    ticket_id: int | None = None,
    department_id: int | None = None,
    staff_id: int | None = None,
    role: Role | None = None,
    now: datetime,
) -> None:
    """Leave a notice for a unit, one person, or everybody of a role at the centre."""
    session.add(
        Notice(
            kind=kind.value,
            words=words,
            ticket_id=ticket_id,
            department_id=department_id,
            staff_id=staff_id,
            role=role.value if role else None,
            at=now,
        )
    )
