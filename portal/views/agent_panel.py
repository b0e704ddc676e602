"""The agent's panel: everything one page or fragment of the console shows, read in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.limits import SourceLevel
from dispatch.domain.people import Actor
from dispatch.domain.terms import Gender, RequesterKind
from dispatch.domain.vocabulary import Channel, RequestKind, Urgency
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    caller_queries,
    console_queries,
    drafts,
    form_choices,
    knowledge_gap_queries,
)
from dispatch.service.caller_queries import CallerPast
from dispatch.service.console_queries import ContactView, OwnDay
from dispatch.service.knowledge_gap_queries import UsedView
from dispatch.service.queries_search import units
from portal.views.agent_form import EMPTY, FIELDS, MORE, OUTCOMES, Catalogue, Subject, Typed, label


@dataclass(frozen=True)
class Saved:
    """What was just done, to be read out to the caller."""

    headline: str
    number: str | None = None
    query_code: str | None = None
    unit: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One state of the work area: idle, a call, a further request, or a registration by hand."""

    subject: Subject
    contact: ContactView | None
    past: CallerPast
    form: Typed | None
    saved_at: datetime | None
    catalogue: Catalogue
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    repeat: str = ""
    """Number of the caller's earlier ticket of the same matter, when there is a choice to make."""
    saved: Saved | None = None
    used: tuple[UsedView, ...] = ()
    """What was cited from the knowledge base on this call."""

    @property
    def manual(self) -> bool:
        """Whether the form belongs to no call."""
        return self.subject.contact_id is None

    @property
    def repeat_is_open(self) -> bool:
        """Whether the earlier ticket is still being handled."""
        return any(ticket.number == self.repeat for ticket in self.past.open_tickets)

    @property
    def category_labels(self) -> list[str]:
        """What the category field offers."""
        return [label(c, " / ") for c in self.catalogue.categories]

    @property
    def division_labels(self) -> list[str]:
        """What the place field offers."""
        return [label(c, " ") for c in self.catalogue.divisions]

    kinds = tuple(RequestKind)
    urgencies = tuple(Urgency)
    channels = tuple(Channel)
    outcomes = OUTCOMES
    genders = tuple(Gender)
    requester_kinds = tuple(RequesterKind)
    source_levels = tuple(SourceLevel)

    @property
    def more_open(self) -> bool:
        """Whether the folded part of the form has anything in it."""
        inside = (*MORE, "avoid", "difficult")
        said = self.form or {}
        usual = {"", RequesterKind.PERSON.value}
        return any(said.get(n, "") not in usual for n in inside) or bool(
            self.errors.keys() & set(inside)
        )


def catalogue(session: Session) -> Catalogue:
    """The choices of the form."""
    names = tuple(unit.short_name for unit in units(session))
    return Catalogue(form_choices.divisions(session), form_choices.categories(session), names)


def idle(session: Session, *, saved: Saved | None = None) -> Panel:
    """Nothing at hand."""
    return Panel(
        subject=Subject(),
        contact=None,
        past=CallerPast(),
        form=None,
        saved_at=None,
        catalogue=Catalogue([], []),
        saved=saved,
    )


def for_contact(
    session: Session, actor: Actor, contact_id: int, *, saved: Saved | None = None
) -> Panel:
    """A call of the actor's own, with its draft; without a form once it is written up.

    Raises:
        NotFound: it is not the actor's.
    """
    subject = Subject(contact_id)
    contact = console_queries.contact_view(session, actor, contact_id)
    draft = drafts.load_draft(session, actor, subject.key)
    fresh = {**EMPTY, "requester_name": contact.requester_name}
    return Panel(
        subject=subject,
        contact=contact,
        past=caller_queries.caller_past(session, actor, contact.caller, without=contact.id),
        form=None if contact.registered else (draft.fields if draft else fresh),
        saved_at=draft.saved_at if draft and not contact.registered else None,
        catalogue=catalogue(session),
        saved=saved,
        used=_used(session, actor, contact_id),
    )


def by_hand(session: Session, actor: Actor, again: int | None, phone: str) -> Panel:
    """A registration without a call, or a further request of the call `again`."""
    subject = Subject(again, again=again is not None)
    contact = console_queries.contact_view(session, actor, again) if again is not None else None
    draft = drafts.load_draft(session, actor, subject.key)
    fresh = dict(EMPTY)
    if contact is not None:
        fresh["requester_name"] = contact.requester_name
    elif phone:
        fresh.update(phone=phone, channel=Channel.PHONE.value)
    form = draft.fields if draft else fresh
    number = contact.caller if contact is not None else form.get("phone")
    return Panel(
        subject=subject,
        contact=contact,
        past=caller_queries.caller_past(session, actor, number, without=again),
        form=form,
        saved_at=draft.saved_at if draft else None,
        catalogue=catalogue(session),
        used=_used(session, actor, again),
    )


def refused(
    session: Session,
    actor: Actor,
    subject: Subject,
    typed: Typed,
    name: str | None,
    problem: str,
    repeat: str = "",
) -> Panel:
    """The form again, with what was typed and why it was not taken."""
    contact = None
    if subject.contact_id is not None:
        contact = console_queries.contact_view(session, actor, subject.contact_id)
    number = contact.caller if contact is not None else typed.get("phone")
    return Panel(
        subject=subject,
        contact=contact,
        past=caller_queries.caller_past(session, actor, number, without=subject.contact_id),
        form=typed,
        saved_at=None,
        catalogue=catalogue(session),
        errors={name: problem} if name in FIELDS else {},
        problem=problem,
        repeat=repeat or typed.get("repeat_number", ""),
        used=_used(session, actor, subject.contact_id),
    )


def _used(session: Session, actor: Actor, contact_id: int | None) -> tuple[UsedView, ...]:
    if contact_id is None:
        return ()
    return knowledge_gap_queries.used_on(session, actor, contact_id)


def number_of(session: Session, actor: Actor, typed: Typed) -> str | None:
    """The telephone number a form is about: typed, or of the call itself."""
    subject = Subject.of(typed)
    if typed.get("phone", "").strip() or subject.contact_id is None:
        return typed.get("phone", "").strip() or None
    return console_queries.contact_view(session, actor, subject.contact_id).caller


def midnight(now: datetime) -> datetime:
    """The beginning of the city's day."""
    return now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def day_of(session: Session, actor: Actor, now: datetime) -> OwnDay:
    """The agent's calls today."""
    return console_queries.own_day(session, actor, since=midnight(now))
