"""重复反映: the same caller with the same matter, and what becomes of it.

While it is being handled it is urged. Once it is finished, without new facts, the caller is told
the result and nothing is dispatched; with new facts it is a ticket of its own, tied to the first
(北京市接诉即办工作条例（2021）第十一条; 济南市12345市民服务热线条例（2018）第二十五条). How long a
finished matter counts as the same is the policy's `repeat.within`.

Asked at the edges where a request comes in, so that imports and drills are not judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import or_, select

from dispatch.db import Session
from dispatch.domain.counting import limit_before, limit_due
from dispatch.domain.errors import RepeatRequest
from dispatch.domain.likeness import likeness
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import LinkKind
from dispatch.domain.vocabulary import Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category
from dispatch.models.tickets import Ticket
from dispatch.service.alike import ALIKE
from dispatch.service.intake import RequestForm, open_ticket
from dispatch.service.outcomes import still_open
from dispatch.service.ties import tie

ALIKE_UNSORTED = 0.7
"""The same when nobody has said the category yet."""

LOOKED_AT = 30
"""Earlier tickets of a caller that are compared, the newest first."""


@dataclass(frozen=True)
class Earlier:
    """An earlier ticket of the caller; `times` counts how often the matter was brought."""

    number: str
    status: Status
    created_at: datetime
    closed_at: datetime | None
    same_matter: bool
    urged: int
    times: int


def look(
    session: Session,
    rules: Rules,
    *,
    phone: str | None,
    category: str | None,
    division: str | None = None,
    content: str = "",
    now: datetime,
) -> tuple[Earlier, ...]:
    """The caller's tickets that are open, or finished within the policy's time; newest first.

    The same matter: one category, no two places, and words in common. A question answered on the
    spot may be asked again.
    """
    if not phone:
        return ()
    calendar = rules.calendar.with_hours(rules.profile.hours)
    since = limit_before(rules.profile.repeat.within, calendar, now.astimezone(SHANGHAI))
    final = [status.value for status in Status if status.is_final]
    rows = session.execute(
        select(Ticket, Category.code)
        .outerjoin(Category, Category.id == Ticket.category_id)
        .where(Ticket.phone == phone, Ticket.status != Status.ANSWERED.value)
        .where(or_(Ticket.status.not_in(final), Ticket.closed_at >= since))
        .order_by(Ticket.id.desc())
        .limit(LOOKED_AT)
    ).all()
    alike = {ticket.id: _same(ticket, code, category, division, content) for ticket, code in rows}
    times = sum(1 + ticket.urged for ticket, _ in rows if alike[ticket.id])
    return tuple(
        Earlier(
            number=ticket.number,
            status=Status(ticket.status),
            created_at=ticket.created_at,
            closed_at=ticket.closed_at,
            same_matter=alike[ticket.id],
            urged=ticket.urged,
            times=times if alike[ticket.id] else 1 + ticket.urged,
        )
        for ticket, _ in rows
    )


def earlier_of(
    session: Session, rules: Rules, form: RequestForm, *, now: datetime
) -> Earlier | None:
    """The caller's newest ticket of the same matter; None for a new matter."""
    found = look(
        session,
        rules,
        phone=form.phone,
        category=form.category,
        division=form.division,
        content=form.content,
        now=now,
    )
    return next((one for one in found if one.same_matter), None)


def check(session: Session, rules: Rules, form: RequestForm, *, now: datetime) -> Earlier | None:
    """The earlier ticket that new facts are told of; None for a new matter.

    Raises:
        RepeatRequest: the same matter and nothing new; the sentence says what to do instead.
    """
    earlier = earlier_of(session, rules, form, now=now)
    if earlier is None or form.new_facts.strip():
        return earlier
    raise RepeatRequest(_sentence(earlier, rules), number=earlier.number)


def take(
    session: Session,
    actor: Actor,
    rules: Rules,
    form: RequestForm,
    *,
    contact_id: int | None = None,
    now: datetime,
) -> Ticket:
    """受理 at an edge: a new matter, or new facts of an old one, which are tied to it.

    Raises:
        RepeatRequest: neither.
    """
    if contact_id is not None:
        # The number the call came from is the caller's, unless another was given.
        contact = still_open(session, contact_id)
        form = replace(form, phone=form.phone or contact.caller)
    earlier = check(session, rules, form, now=now)
    if earlier is None:
        return open_ticket(session, actor, form, contact_id=contact_id, now=now)
    facts = form.new_facts.strip()
    told = replace(form, content=f"{form.content.strip()}\n\n新的情况：{facts}")
    ticket = open_ticket(session, actor, told, contact_id=contact_id, now=now)
    tie_to(session, actor, earlier, ticket, facts, now=now)
    return ticket


def tie_to(
    session: Session, actor: Actor, earlier: Earlier, ticket: Ticket, note: str, *, now: datetime
) -> None:
    """Tie a ticket that was just opened to the earlier one of the same matter."""
    first = session.scalars(select(Ticket).where(Ticket.number == earlier.number)).one()
    tie(session, actor, first, ticket, LinkKind.REPEAT, note=note, now=now)


def _same(
    ticket: Ticket, code: str | None, category: str | None, division: str | None, content: str
) -> bool:
    if category and code and category != code:
        return False
    if division and ticket.division and division != ticket.division:
        return False
    wanted = ALIKE if category and code else ALIKE_UNSORTED
    if not content.strip():
        return bool(category and code)
    return likeness(content, ticket.content) >= wanted


def _sentence(earlier: Earlier, rules: Rules) -> str:
    advice = "有新的事实或理由的，请填写“新的情况”后另立工单"
    if earlier.closed_at is None:
        return (
            f"同一诉求人的同一事项正在办理：工单 {earlier.number}（{earlier.status.label}，"
            f"已催办 {earlier.urged} 次），不再另立工单；请用“催办”，{advice}"
        )
    within = rules.profile.repeat.within
    calendar = rules.calendar.with_hours(rules.profile.hours)
    until = limit_due(within, calendar, earlier.closed_at)
    cited = rules.profile.mark_of("repeat.within").cited
    return (
        f"同一诉求人的同一事项已于 {to_the_minute(earlier.closed_at)} 办结：工单 {earlier.number}；"
        f"{rules.profile.label}规定，{to_the_minute(until)} 以前没有新的事实和理由的不再派单，"
        f"请把结果告知诉求人（告知办理情况）；{advice}。{cited}"
    )
