"""What a ticket's page is drawn from: the ticket, its forms, and what was typed into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatch.db import Session
from dispatch.domain.errors import (
    ActionNotAllowed,
    ChangedMeanwhile,
    HotlineError,
    InvalidInput,
    RoleNotAllowed,
)
from dispatch.domain.lifecycle import allowed_actions
from dispatch.domain.people import Actor
from dispatch.domain.ports import Suggestion, Suggestions
from dispatch.domain.proposals import text_for_model
from dispatch.domain.vocabulary import Action, FollowUpState, Role, Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import drafts, form_choices
from dispatch.service.form_choices import Choice, UnitOption
from dispatch.service.queries_search import UnitChoice, units
from dispatch.service.queries_story import TimelineEntry
from dispatch.service.queries_ticket import TicketView, ticket_view
from portal.deps import PortalContext
from portal.views import (
    appeals_section,
    applications_section,
    oversight_section,
    particulars_section,
    review_section,
    shares_section,
    ticket_model,
    ticket_ties,
)
from portal.views.agent_form import Catalogue
from portal.views.why import Why, why_of

OWN_FIELDS = frozenset({"csrf", "version", "seen", "next", "form"})
"""Fields of a form that nobody typed."""

Section = Callable[[Session, PortalContext, Actor, TicketView, datetime], Any]
"""Reads what one part of the page needs; the page finds it under its name."""

SECTIONS: Mapping[str, Section] = {
    "applications": applications_section.read,
    "ties": ticket_ties.read,
    "oversight": oversight_section.read,
    "particulars": particulars_section.read,
    "audit": particulars_section.read_audit,
    "shares": shares_section.read,
    "model": ticket_model.read,
    "appeals": appeals_section.read,
    "review": review_section.read,
}


def form_of(action: Action) -> str:
    """The form, and the last part of the address, that offers an action of the lifecycle table."""
    return "follow-up" if action is Action.CLOSE else action.value.replace("_", "-")


def _form_in(status: Status, action: Action) -> str:
    """The form of an action in a status: what ends a review is its one decision."""
    decides = status is Status.REVIEW and action in {Action.CLOSE, Action.REOPEN}
    return form_of(Action.REVIEW) if decides else form_of(action)


@dataclass(frozen=True)
class Refusal:
    """A press that was refused, with everything typed."""

    action: str
    label: str
    typed: Mapping[str, str]
    error: HotlineError

    @property
    def field(self) -> str | None:
        """The field the sentence belongs to."""
        return self.error.field if isinstance(self.error, InvalidInput) else None

    @property
    def stale(self) -> bool:
        """Whether somebody else's act may be the reason."""
        return isinstance(self.error, ChangedMeanwhile | ActionNotAllowed | RoleNotAllowed)

    @property
    def words(self) -> tuple[str, ...]:
        """The longer things that were typed, to be shown even when their form is gone."""
        names = (
            "public_reply",
            "reply",
            "internal_note",
            "opinion",
            "reason",
            "basis",
            "ruling",
            "note",
        )
        return tuple(text for name in names if (text := self.typed.get(name, "").strip()))


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One ticket's page for one reader."""

    view: TicketView
    forms: tuple[str, ...]
    typed: Mapping[str, Mapping[str, str]]
    drafted: frozenset[str] = frozenset()
    refusal: Refusal | None = None
    changes: tuple[TimelineEntry, ...] = ()
    units: list[UnitChoice] = field(default_factory=list)
    categories: list[Choice] = field(default_factory=list)
    unit_options: list[UnitOption] = field(default_factory=list)
    proposed: tuple[Suggestion, ...] = ()
    why: Why | None = None
    calling: bool = False
    callable_now: bool = False
    sections: Mapping[str, Any] = field(default_factory=dict)

    def value(self, form: str, name: str, default: str = "") -> str:
        """What stands in a field: typed now, else kept as a draft, else the default."""
        return self.typed.get(form, {}).get(name, default)

    def category_words(self, code: str | None) -> str:
        """A category as its field shows it: under its parent, because leaves share names."""
        return Catalogue([], self.categories).category_label(code, "") if code else ""

    def problem(self, form: str, name: str = "") -> str:
        """The sentence beside a field, or above the form when it belongs to no field."""
        refused = self.refusal
        if refused is None or refused.action != form or (refused.field or "") != name:
            return ""
        return str(refused.error)


def sheet(
    session: Session,
    ctx: PortalContext,
    reader: Actor,
    number: str,
    refusal: Refusal | None = None,
    *,
    now: datetime,
) -> Sheet:
    """Read the ticket and everything its forms need.

    Raises:
        NotFound: there is no such ticket, or the reader may not see it.
    """
    view = ticket_view(session, reader, number)
    sections = {name: read(session, ctx, reader, view, now) for name, read in SECTIONS.items()}
    forms = tuple(f for f in forms_for(reader, view) if sections["applications"].offers(f))
    routing = bool({"dispatch", "reassign", "add-supporting", "avoid"} & set(forms))
    naming = bool({"dispatch", "reassign", "amend"} & set(forms))
    found = _suggest(ctx, view) if "dispatch" in forms else Suggestions((), (), "none")
    today = now.astimezone(SHANGHAI).date()
    kept = {form: _kept(session, reader, number, form) for form in forms}
    typed = {form: fields for form, fields in kept.items() if fields}
    if refusal is not None:
        typed[refusal.action] = dict(refusal.typed)
    waiting = {f.state for f in view.follow_ups}
    return Sheet(
        view=view,
        forms=forms,
        typed=typed,
        drafted=frozenset(form for form, fields in kept.items() if fields),
        refusal=refusal,
        changes=_since(view, refusal),
        units=units(session) if routing else [],
        categories=form_choices.categories(session) if naming else [],
        unit_options=form_choices.unit_options(
            session, found, view.card.category_code, view.card.division, today=today
        )
        if "dispatch" in forms
        else [],
        proposed=found.categories[:3],
        why=why_of(found.categories[0]) if found.categories else None,
        calling=FollowUpState.CALLING in waiting,
        callable_now="follow-up" in forms and FollowUpState.PENDING in waiting,
        sections=sections,
    )


def forms_for(reader: Actor, view: TicketView) -> tuple[str, ...]:
    """The forms the lifecycle tables allow this reader; a unit acts only on what it has."""
    if reader.role is Role.DEPARTMENT and view.department_id != reader.department_id:
        return shares_section.helper_forms(reader, view)
    allowed = allowed_actions(view.card.status, reader.role)
    if not reader.approver:
        allowed = tuple(a for a in allowed if a not in shares_section.OF_LEADERS)
    named = (_form_in(view.card.status, action) for action in allowed)
    # The table's own step to a review is taken by an answer, not by a form.
    unhappy = view.card.status is Status.REVIEW
    return tuple(dict.fromkeys(form for form in named if unhappy or form != "review"))


def draft_name(number: str, action: str) -> str:
    """The subject under which a form of a ticket is kept."""
    return f"ticket:{number[:40]}:{action}"


def _kept(session: Session, reader: Actor, number: str, form: str) -> dict[str, str]:
    draft = drafts.load_draft(session, reader, draft_name(number, form))
    return dict(draft.fields) if draft else {}


def _suggest(ctx: PortalContext, view: TicketView) -> Suggestions:
    text = text_for_model(view.card.content, view.card.place)
    return ctx.suggester.suggest(text, division=view.card.division)


def _since(view: TicketView, refusal: Refusal | None) -> tuple[TimelineEntry, ...]:
    """What happened after the page was made on which the refused button was pressed."""
    if refusal is None or not refusal.stale:
        return ()
    seen = refusal.typed.get("seen", "")
    if not (seen.isascii() and seen.isdigit() and len(seen) < 18):
        return ()
    return tuple(entry for entry in view.timeline if entry.id > int(seen))
