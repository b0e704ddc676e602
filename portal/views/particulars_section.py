"""What a ticket's page shows of its fuller fields, its files, and the audit of its reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.conduct import Reason, reasons_for
from dispatch.domain.limits import Limit, SourceLevel
from dispatch.domain.people import Actor
from dispatch.domain.terms import Gender, ReasonUse, RequesterKind
from dispatch.domain.vocabulary import Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import attachments, particulars, replies
from dispatch.service.attachments import Shelf
from dispatch.service.particulars import ParticularsView
from dispatch.service.queries_ticket import TicketView
from dispatch.service.replies import Audit
from portal.deps import PortalContext

GENDERS = tuple(Gender)
REQUESTER_KINDS = tuple(RequesterKind)
SOURCE_LEVELS = tuple(SourceLevel)

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class ParticularsPart:
    """The fuller fields and the files, as this reader may see them."""

    more: ParticularsView
    shelf: Shelf
    view: TicketView

    genders = GENDERS
    requester_kinds = REQUESTER_KINDS
    source_levels = SOURCE_LEVELS

    def now(self, name: str) -> str:
        """What stands in a field, as its input shows it."""
        value = getattr(self.more, name, None)
        if name == "occurred_at":
            return f"{value.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}" if value else ""
        if name in {"stated_limit", "statutory_limit"}:
            return self.limit(value) if value else ""
        if name == "gender":
            return next((g.value for g in Gender if g.label == value), "")
        if isinstance(value, tuple):
            return "、".join(value)
        return "" if value is None else str(value)

    def limit(self, written: str) -> str:
        """A limit of this ticket in words."""
        return Limit.parse(written).words

    def size(self, count: int) -> str:
        """A file's size in words."""
        return f"{count / _MEGABYTE:.1f} MB" if count >= _MEGABYTE else f"{count // 1024 + 1} KB"


@dataclass(frozen=True)
class AuditPart:
    """The reply's audit, and the reasons to send it back with; nothing when there is no reply."""

    audit: Audit | None
    reasons: tuple[Reason, ...]


def read(
    session: Session, ctx: PortalContext, reader: Actor, view: TicketView, _now: datetime
) -> ParticularsPart:
    """Read what the page of one ticket shows."""
    number = view.card.number
    return ParticularsPart(
        particulars.particulars_of(session, reader, number),
        attachments.shelf(session, reader, number),
        view,
    )


def read_audit(
    session: Session, ctx: PortalContext, reader: Actor, view: TicketView, _now: datetime
) -> AuditPart:
    """Read what the auditor of one ticket looks at."""
    if view.card.status is not Status.COMPLETED:
        return AuditPart(None, ())
    number = view.card.number
    return audit_parts(session, ctx, reader, [number]).get(number, AuditPart(None, ()))


def audit_parts(
    session: Session, ctx: PortalContext, reader: Actor, numbers: Sequence[str]
) -> dict[str, AuditPart]:
    """The audits of replies that wait for it, by number, read for all of them at once."""
    reasons = reasons_for(ctx.rules.profile.reasons, ReasonUse.SEND_BACK)
    found = replies.audits_of(session, reader, numbers, ctx.rules)
    return {number: AuditPart(audit, reasons) for number, audit in found.items()}
