"""The spoken comment of a follow-up call: found from the ticket, kept like any recording.

It is the message left in the follow-up's own call, so it is put away, sealed, transcribed and
deleted as recordings are; here the call is tied to the ticket it was about.
"""

from __future__ import annotations

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.calls import CallRecord, Direction
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp


def note_call(session: Session, contact_id: int, call: CallRecord) -> None:
    """Tie a follow-up call in which something was said to its ticket; other calls are left alone.

    Whoever stores the call has locked the contact. The comment counts whatever became of the
    attempt meanwhile, and decides nothing.
    """
    if call.voicemail is None or call.direction is not Direction.OUTBOUND:
        return
    row = session.scalar(
        select(FollowUp).where(FollowUp.channel_id == call.call_id).with_for_update()
    )
    if row is None:
        return
    row.comment_sound = call.voicemail
    contact = session.get_one(Contact, contact_id)
    contact.ticket_id = row.ticket_id
