"""并入: the request of one more caller of an event that is being handled already."""

from __future__ import annotations

from datetime import datetime

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Disposition
from dispatch.models.tickets import Ticket
from dispatch.service.intake import RequestForm, open_ticket
from dispatch.service.merging import merge

ONE_MORE = "同一事件的又一位诉求人"


def join(
    session: Session,
    actor: Actor,
    form: RequestForm,
    main_number: str,
    *,
    contact_id: int | None = None,
    now: datetime,
) -> Ticket:
    """Take the request under a number of its own, so that its caller is answered; return it.

    It waits for the main ticket's answer, and the contact ends as merged.

    Raises:
        CannotMerge: the sentence says why, and what can be done instead.
    """
    child = open_ticket(
        session, actor, form, contact_id=contact_id, ends_with=Disposition.MERGED, now=now
    )
    return merge(session, actor, child.number, main_number, reason=ONE_MORE, now=now)
