"""Drafts: what somebody typed and has not sent yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.models.contacts import Draft

MAX_SUBJECT = 80
MAX_CHARACTERS = 60_000
MAX_DRAFTS = 200


@dataclass(frozen=True)
class SavedDraft:
    """The fields as typed, by name, and when they were kept."""

    fields: dict[str, str]
    saved_at: datetime


def save_draft(
    session: Session, actor: Actor, subject: str, fields: Mapping[str, str], *, now: datetime
) -> None:
    """Keep what was typed under a subject of the actor's own; the newest replaces the older.

    Raises:
        InvalidInput: it is far larger than any form, or the actor keeps too many.
    """
    staff_id = _owner(actor)
    if not subject or len(subject) > MAX_SUBJECT:
        raise InvalidInput("草稿缺少名称")
    if len(json.dumps(dict(fields), ensure_ascii=False)) > MAX_CHARACTERS:
        raise InvalidInput(f"草稿超过 {MAX_CHARACTERS} 字，服务器没有保存；请删减后再试")
    draft = session.get(Draft, (staff_id, subject), with_for_update=True)
    if draft is None:
        _make_room(session, staff_id)
        session.add(Draft(staff_id=staff_id, subject=subject, fields=dict(fields), saved_at=now))
    else:
        draft.fields, draft.saved_at = dict(fields), now
    session.flush()


def load_draft(session: Session, actor: Actor, subject: str) -> SavedDraft | None:
    """What the actor typed under the subject, if anything."""
    draft = session.get(Draft, (_owner(actor), subject))
    if draft is None:
        return None
    return SavedDraft({k: str(v) for k, v in draft.fields.items()}, draft.saved_at)


def drop_draft(session: Session, actor: Actor, subject: str) -> None:
    """Forget a draft that was sent."""
    mine = (Draft.staff_id == _owner(actor)) & (Draft.subject == subject)
    session.execute(delete(Draft).where(mine))


def _make_room(session: Session, staff_id: int) -> None:
    # A table of drafts must not grow for ever; the oldest of one person go first.
    kept = (
        select(Draft.subject)
        .where(Draft.staff_id == staff_id)
        .order_by(Draft.saved_at.desc())
        .offset(MAX_DRAFTS - 1)
    )
    old = list(session.scalars(kept))
    if old:
        session.execute(delete(Draft).where(Draft.staff_id == staff_id, Draft.subject.in_(old)))


def _owner(actor: Actor) -> int:
    if actor.staff_id is None:
        raise RoleNotAllowed("只有登录的人员可以保存草稿")
    return actor.staff_id
