"""媒体督: items of the press registered, matched to their ticket, supervised and closed.

国办函〔2025〕66号 has requests judged by the people, watched by the media and managed by the
platform. What the steps of a media item are no source says; they are this project's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import MediaItemChanged
from dispatch.domain.judging_terms import MediaState
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import SupervisionLevel, SupervisionState, SupervisionTrigger
from dispatch.domain.vocabulary import Channel, RequestKind, Role
from dispatch.models.judging import MediaItem
from dispatch.models.oversight import Supervision
from dispatch.models.tickets import Ticket
from dispatch.service import intake, supervision
from dispatch.service.access import require_role, ticket_for
from dispatch.service.numbering import CITY_ZONE

KEEPERS = (Role.SUPERVISOR, Role.CENTER)
"""Who keeps the media items: who may also order supervision."""

LONGEST_TITLE, LONGEST_OUTLET, LONGEST_URL, LONGEST_PLACE = 200, 80, 500, 200
LONGEST_WORDS = 5000


@dataclass(frozen=True, kw_only=True)
class MediaForm:
    """What is written down of a media item, as typed; `published_on` is an ISO date."""

    title: str
    outlet: str
    published_on: str
    words: str
    url: str = ""
    place: str = ""


def register(session: Session, actor: Actor, form: MediaForm, *, now: datetime) -> MediaItem:
    """登记: what was said, by whom and when.

    Raises:
        InvalidInput: the title, the outlet, the day or the words are missing or do not do.
    """
    require_role(actor, *KEEPERS)
    item = MediaItem(
        title=_said(form.title, "title", "标题", LONGEST_TITLE),
        outlet=_said(form.outlet, "outlet", "媒体名称", LONGEST_OUTLET),
        url=_address(form.url),
        published_on=_day(form.published_on, now),
        words=_said(form.words, "words", "反映的内容", LONGEST_WORDS),
        place=form.place.strip()[:LONGEST_PLACE],
        state=MediaState.REGISTERED.value,
        registered_by_id=actor.staff_id or 0,
        registered_at=now,
    )
    session.add(item)
    session.flush()
    _tell(session, actor, item, now)
    return item


def match(session: Session, actor: Actor, item_id: int, number: str, *, now: datetime) -> MediaItem:
    """对应工单: the ticket that the item tells of; may be put right until it is supervised."""
    item = _item_in(session, actor, item_id, MediaState.REGISTERED, MediaState.MATCHED)
    if not number.strip():
        raise InvalidInput("请填写工单编号，或先据此登记工单", field="number")
    _tie(session, actor, item, ticket_for(session, actor, number.strip()[:40]), now)
    return item


def open_ticket(session: Session, actor: Actor, item_id: int, *, now: datetime) -> str:
    """据此登记工单 when nobody has called about it yet; return the new ticket's number.

    Nobody waits at a telephone for the reply, so none is wanted.

    Raises:
        RoleNotAllowed: the actor takes in no requests.
    """
    item = _item_in(session, actor, item_id, MediaState.REGISTERED)
    form = intake.RequestForm(
        content=f"{item.outlet}（{item.published_on.isoformat()}）：{item.words}",
        title=item.title[: intake.TITLE_LENGTH],
        kind=RequestKind.REPORT,
        channel=Channel.MEDIA,
        place=item.place,
        anonymous=True,
        confidential=False,
        reply_wanted=False,
    )
    opened = intake.open_ticket(session, actor, form, now=now)
    _tie(session, actor, item, session.get_one(Ticket, opened.id), now)
    return opened.number


def supervise(
    session: Session,
    actor: Actor,
    item_id: int,
    rules: Rules,
    *,
    level: SupervisionLevel,
    demand: str,
    now: datetime,
) -> Supervision:
    """督办 of the matched ticket for what the media said.

    Raises:
        ActionNotAllowed: no ticket is matched, or the ticket cannot be supervised any more.
        AlreadySupervised, InvalidInput: as for every order.
    """
    item = _item_in(session, actor, item_id, MediaState.MATCHED)
    ticket = session.get_one(Ticket, item.ticket_id)
    made = supervision.issue(
        session,
        actor,
        ticket.number,
        rules,
        level=level,
        demand=demand,
        trigger=SupervisionTrigger.MEDIA,
        now=now,
    )
    item.supervision_id, item.state = made.id, MediaState.SUPERVISED.value
    _tell(session, actor, item, now)
    return made


def close(session: Session, actor: Actor, item_id: int, outcome: str, *, now: datetime) -> None:
    """办结 with what came of it, which is what the outlet is answered.

    Raises:
        ActionNotAllowed: the order given for it waits for an answer or a ruling.
    """
    item = _item_in(
        session,
        actor,
        item_id,
        MediaState.REGISTERED,
        MediaState.MATCHED,
        MediaState.SUPERVISED,
    )
    if not outcome.strip():
        raise InvalidInput("请写明核查结果和处理情况；不属实的也要写明依据", field="outcome")
    if item.supervision_id is not None:
        order = session.get_one(Supervision, item.supervision_id)
        if SupervisionState(order.state).is_open:
            raise ActionNotAllowed(f"督办 {order.number} 还没有认定；请先认定或撤销，再办结")
    item.outcome, item.closed_at = outcome.strip()[:LONGEST_WORDS], now
    item.state = MediaState.CLOSED.value
    _tell(session, actor, item, now)


def _item_in(session: Session, actor: Actor, item_id: int, *states: MediaState) -> MediaItem:
    require_role(actor, *KEEPERS)
    item = session.get(MediaItem, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound("没有找到这条媒体反映")
    if item.state not in {state.value for state in states}:
        now_in = MediaState(item.state).label
        raise ActionNotAllowed(f"这条媒体反映现在是“{now_in}”，不能再做这一步")
    return item


def _tie(session: Session, actor: Actor, item: MediaItem, ticket: Ticket, now: datetime) -> None:
    item.ticket_id, item.state = ticket.id, MediaState.MATCHED.value
    _tell(session, actor, item, now)


def _said(typed: str, field: str, what: str, longest: int) -> str:
    said = typed.strip()
    if not said:
        raise InvalidInput(f"请填写{what}", field=field)
    if len(said) > longest:
        raise InvalidInput(f"{what}最多 {longest} 个字，现在是 {len(said)} 个", field=field)
    return said


def _address(typed: str) -> str:
    address = typed.strip()
    # Shown as a link: an address of another kind would run as a script on the page.
    if address and not address.startswith(("http://", "https://")):
        raise InvalidInput("网址应以 http:// 或 https:// 开头", field="url")
    if len(address) > LONGEST_URL:
        raise InvalidInput(f"网址最多 {LONGEST_URL} 个字符", field="url")
    return address


def _day(typed: str, now: datetime) -> date:
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        raise InvalidInput("请填写刊播日期", field="published_on") from None
    if day > now.astimezone(CITY_ZONE).date():
        raise InvalidInput("刊播日期不能在今天之后", field="published_on")
    if day.year < 1990:
        raise InvalidInput("刊播日期有误，请检查年份", field="published_on")
    return day


def _tell(session: Session, actor: Actor, item: MediaItem, now: datetime) -> None:
    session.flush()
    record(session, actor, MediaItemChanged(at=now, item_id=item.id, state=item.state))
