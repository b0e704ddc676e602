"""What people settled about tickets' categories: the labels that the classifier learns from.

A label says what a person decided, never what a model did: automatic dispatch and a press that
sends many at once leave none. A ticket that was sent to a second unit which the catalogue does not
name for its category is doubtful, and leaves none either.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import CannotUndo, InvalidInput
from dispatch.domain.events import CategoryCorrected
from dispatch.domain.learning_terms import Provenance
from dispatch.domain.people import Actor
from dispatch.domain.terms import AssignmentEnd
from dispatch.domain.vocabulary import Action, Part, Role, Status
from dispatch.models.catalog import Category
from dispatch.models.learning import LabelledExample
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import require_role
from dispatch.service.catalogue import category_id
from dispatch.service.change import begin

_AUDITED = frozenset({Status.COMPLETED, Status.FOLLOW_UP})
"""Once a unit has answered, who corrects the category has read the answer too."""


def correct(
    session: Session,
    actor: Actor,
    number: str,
    category: str,
    *,
    reason: str = "",
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """更正分类: say what the request really is about; where the ticket is does not change.

    Raises:
        InvalidInput: there is no such category, or the ticket has it already.
        ActionNotAllowed, RoleNotAllowed: the ticket is closed, or it is not for this role.
    """
    require_role(actor, Role.DISPATCHER, Role.CENTER)
    ticket, target = begin(session, actor, number, Action.AMEND, expected)
    previous, chosen = ticket.category_id, category_id(session, category)
    if chosen == previous:
        raise InvalidInput("工单已经是这个事项分类，请选择另一个", field="category")
    ticket.category_id = chosen
    audited = Status(ticket.status) in _AUDITED
    ticket.status = target.value
    provenance = Provenance.AUDITED if audited else Provenance.DISPATCHED
    _label(session, actor, ticket, previous, provenance, reason, now)
    return ticket


def take_back(
    session: Session, actor: Actor, number: str, *, expected: int | None = None, now: datetime
) -> Ticket:
    """撤销更正: the ticket's newest label of one's own was a mistake; what stood before stands.

    Raises:
        CannotUndo: there is none, somebody else made it, or the category has changed since.
    """
    require_role(actor, Role.DISPATCHER, Role.CENTER)
    ticket, target = begin(session, actor, number, Action.AMEND, expected)
    newest = session.scalar(
        select(LabelledExample)
        .where(LabelledExample.ticket_id == ticket.id, LabelledExample.withdrawn_at.is_(None))
        .order_by(LabelledExample.id.desc())
        .limit(1)
    )
    if newest is None or newest.category_id != ticket.category_id:
        raise CannotUndo("这张工单没有可以撤销的分类更正")
    if newest.staff_id != actor.staff_id:
        raise CannotUndo("只能撤销自己所做的更正；请直接更正为正确的分类")
    newest.withdrawn_at = now
    if newest.previous_category_id is not None:
        ticket.category_id = newest.previous_category_id
    ticket.status = target.value
    _tell(session, actor, ticket, newest.category_id, Provenance(newest.provenance), "撤销", now)
    return ticket


def note_dispatch(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    share: Assignment,
    previous: int | None,
    *,
    now: datetime,
) -> None:
    """Keep what a person's dispatch says of the category, which was `previous` before it.

    A changed category is a label. So is one left as it was when the ticket went on to another
    unit that the catalogue names for it: it was looked at again, and the unit agrees.
    """
    if actor.role is Role.SYSTEM or ticket.category_id is None:
        return
    before = _share_before(session, share)
    changed = ticket.category_id != previous
    moved = before is not None and before.department_id != share.department_id
    if not changed and not (moved and share.responsibility_id is not None):
        return
    returned = before is not None and before.ended_how == AssignmentEnd.RETURNED.value
    provenance = Provenance.RETURN_GRANTED if returned else Provenance.DISPATCHED
    _label(session, actor, ticket, previous, provenance, "", now)


def new_since(session: Session, since: datetime | None) -> int:
    """How many labels came after this moment; all of them for None."""
    query = select(func.count(LabelledExample.id)).where(LabelledExample.withdrawn_at.is_(None))
    if since is not None:
        query = query.where(LabelledExample.at > since)
    return session.scalar(query) or 0


def counts(session: Session, *, since: datetime | None = None) -> dict[Provenance, int]:
    """Labels that stand, by where they come from."""
    query = select(LabelledExample.provenance, func.count()).where(
        LabelledExample.withdrawn_at.is_(None)
    )
    if since is not None:
        query = query.where(LabelledExample.at > since)
    found = dict(session.execute(query.group_by(LabelledExample.provenance)).all())
    return {origin: found[origin.value] for origin in Provenance if origin.value in found}


def _share_before(session: Session, share: Assignment) -> Assignment | None:
    return session.scalar(
        select(Assignment)
        .where(
            Assignment.ticket_id == share.ticket_id,
            Assignment.part == Part.LEAD.value,
            Assignment.round == share.round,
            Assignment.id < share.id,
        )
        .order_by(Assignment.id.desc())
        .limit(1)
    )


def _label(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    previous: int | None,
    provenance: Provenance,
    reason: str,
    now: datetime,
) -> None:
    suggestion = ticket.suggestion or {}
    listed = suggestion.get("categories") or []
    proposed = str(listed[0][0]) if listed else None
    settled = ticket.category_id
    session.add(
        LabelledExample(
            ticket_id=ticket.id,
            category_id=settled,
            previous_category_id=previous,
            provenance=provenance.value,
            model_version=str(suggestion.get("model") or "")[:60],
            proposed=proposed[:40] if proposed else None,
            staff_id=actor.staff_id,
            at=now,
        )
    )
    otherwise = previous not in (None, settled)
    if otherwise or proposed not in (None, _code(session, settled)):
        _tell(session, actor, ticket, previous, provenance, reason, now)


def _tell(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    previous: int | None,
    provenance: Provenance,
    reason: str,
    now: datetime,
) -> None:
    fact = CategoryCorrected(
        at=now,
        ticket_id=ticket.id,
        category=_code(session, ticket.category_id),
        previous=_code(session, previous),
        provenance=provenance.value,
        reason=reason.strip(),
    )
    record(session, actor, fact, status=ticket.status)


def _code(session: Session, which: int | None) -> str:
    found = session.scalar(select(Category.code).where(Category.id == which)) if which else None
    return found or ""
