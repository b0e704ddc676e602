"""The row of a recording: found by the file's path, or made, and locked."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dispatch.db import Session
from dispatch.domain.call_terms import RecordingState
from dispatch.models.contacts import Contact
from dispatch.models.telephone import Recording


def row_of(session: Session, contact: Contact, path: str) -> Recording:
    """The locked row of this path; two processes that make it at once get the same."""
    row = _locked(session, path)
    if row is not None:
        return row
    row = Recording(
        call_uuid=contact.call_uuid or "",
        contact_id=contact.id,
        path=path,
        state=RecordingState.RECORDING.value,
        masks=[],
        mask_moments=[],
        node=contact.node or "",
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        other = _locked(session, path)
        if other is None:
            raise
        return other
    return row


def _locked(session: Session, path: str) -> Recording | None:
    query = select(Recording).where(Recording.path == path).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))
