"""Create once: a repeated request with the same key finds what the first one made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.models.people import ApiRequest

KEPT = timedelta(days=7)


def create_once(
    session: Session,
    staff_id: int,
    key: str,
    fingerprint: str,
    make: Callable[[], str],
    *,
    now: datetime,
) -> tuple[str, bool]:
    """Return the number `make` gave, and whether it was given to an earlier request.

    `fingerprint` is a digest of the request's body; a key is good for seven days.

    Raises:
        InvalidInput: the key was used for another body.
    """
    session.execute(delete(ApiRequest).where(ApiRequest.at < now - KEPT))
    row = session.get(ApiRequest, (staff_id, key))
    if row is None:
        row = ApiRequest(
            staff_id=staff_id, key=key, fingerprint=fingerprint, ticket_number="", at=now
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            # The same request arrived twice at once: this one waited until the first was stored.
            row = session.get_one(ApiRequest, (staff_id, key))
        else:
            row.ticket_number = make()
            return row.ticket_number, False
    if row.fingerprint != fingerprint:
        raise InvalidInput(
            "这个 Idempotency-Key 已用于内容不同的请求，请换一个", field="Idempotency-Key"
        )
    if not row.ticket_number:
        raise ActionNotAllowed("相同的请求正在处理，请稍后重试")
    return row.ticket_number, True
