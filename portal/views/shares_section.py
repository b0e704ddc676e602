"""What a ticket's page shows of its units: who leads, who helps, who must stay away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.lifecycle import SHARE_STEPS
from dispatch.domain.people import Actor
from dispatch.domain.terms import AvoidReason, ShareAct, ShareState
from dispatch.domain.vocabulary import Action, Part, Role
from dispatch.service import share_queries
from dispatch.service.avoidance import Avoided, avoided_units
from dispatch.service.queries_search import UnitChoice
from dispatch.service.queries_ticket import Share, TicketView
from portal.deps import PortalContext

OF_LEADERS = frozenset({Action.APPROVE_REPLY, Action.REJECT_REPLY})
"""What only the unit's person in charge may press."""

_HELPER_FORMS = {
    ShareAct.SIGN: "sign-share",
    ShareAct.REPLY: "reply-share",
    ShareAct.PASS_DOWN: "sub-dispatch",
}


@dataclass(frozen=True, kw_only=True)
class ShareLine:
    """One unit's share with what this reader may do to it now."""

    share: Share
    acts: frozenset[ShareAct]
    late: bool

    @property
    def under(self) -> bool:
        """Whether it hangs under another unit's share."""
        return self.share.part is not Part.LEAD


@dataclass(frozen=True, kw_only=True)
class SharesSection:
    """The units of a ticket, and what the forms about them offer."""

    lines: tuple[ShareLine, ...]
    late: tuple[str, ...]
    own: Share | None
    avoided: tuple[Avoided, ...]
    must_reassign: bool
    lower: tuple[UnitChoice, ...]
    approval: bool
    must_designate: bool
    why: tuple[AvoidReason, ...] = tuple(AvoidReason)


def read(
    session: Session, ctx: PortalContext, reader: Actor, view: TicketView, now: datetime
) -> SharesSection:
    """Read them with the reader's rights."""
    running_first = sorted(view.shares, key=_place)
    lines = tuple(_line(reader, view, share, now) for share in running_first)
    avoided = () if reader.role is Role.DEPARTMENT else avoided_units(session, view.card.id)
    passes = reader.role is Role.DEPARTMENT and reader.department_id is not None
    duty = share_queries.duties(session, view.card.id, ctx.rules)
    return SharesSection(
        lines=lines,
        late=tuple(line.share.department for line in lines if line.late and line.under),
        own=own_share_of(reader, view),
        avoided=avoided,
        must_reassign=view.card.status.with_department and any(one.holds for one in avoided),
        lower=share_queries.lower_units(session, reader) if passes else (),
        approval=duty.approval,
        must_designate=duty.designation,
    )


def helper_forms(reader: Actor, view: TicketView) -> tuple[str, ...]:
    """The forms of a unit that helps: only of its own running share."""
    own = own_share_of(reader, view)
    if own is None or view.card.status.is_final:
        return ()
    return tuple(form for act, form in _HELPER_FORMS.items() if (own.state, act) in SHARE_STEPS)


def own_share_of(reader: Actor, view: TicketView) -> Share | None:
    """The running share of the reader's own unit that does not lead; None when there is none."""
    for share in view.shares:
        helps = share.part is not Part.LEAD and share.state is not ShareState.ENDED
        if helps and reader.role is Role.DEPARTMENT and share.department_id == reader.department_id:
            return share
    return None


def _place(share: Share) -> tuple[bool, bool]:
    """Who leads now stands first, then who helps, then what has ended."""
    return share.state is ShareState.ENDED, share.part is not Part.LEAD


def _line(reader: Actor, view: TicketView, share: Share, now: datetime) -> ShareLine:
    running = share.state in {ShareState.PENDING, ShareState.SIGNED}
    late = running and share.due_at is not None and share.due_at <= now
    return ShareLine(share=share, acts=_acts(reader, view, share), late=late)


def _acts(reader: Actor, view: TicketView, share: Share) -> frozenset[ShareAct]:
    """What may be pressed on this share by whoever stands above it."""
    offered = {ShareAct.REJECT, ShareAct.WITHDRAW, ShareAct.SCORE}
    if share.part is Part.LEAD:
        offered = {ShareAct.SCORE}
    if reader.role is Role.DEPARTMENT:
        parent = next((one for one in view.shares if one.id == share.parent_id), None)
        if parent is None or parent.department_id != reader.department_id:
            return frozenset()
        # Whom the centre chose to help, the centre takes away.
        if share.part is Part.SUPPORTING:
            offered -= {ShareAct.WITHDRAW}
    if share.completed_at is None:
        offered -= {ShareAct.SCORE}
    return frozenset(
        act
        for act in offered
        if (step := SHARE_STEPS.get((share.state, act))) and reader.role in step[1]
    )
