"""Buttons that merge, unmerge, split and link tickets, and urge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.errors import CannotMerge, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.service import form_choices, merging, tie_queries, ties, urging
from dispatch.service.queries_ticket import TicketView
from dispatch.service.tie_queries import Ties
from portal.deps import PortalContext
from portal.views.agent_form import Catalogue
from portal.views.ticket_press import Button, Press

JOINING = "join-"
"""The fields of the batch: one box for each ticket, so that a form sends each chosen number."""


def read(
    session: Session, ctx: PortalContext, reader: Actor, view: TicketView, now: datetime
) -> Ties:
    """What the panel of ties shows."""
    may_merge = reader.role in _DISPATCHERS
    return tie_queries.ties_of(
        session, reader, ctx.rules, ctx.search, view.card.id, may_merge=may_merge, now=now
    )


def _other(press: Press, name: str) -> str:
    number = press.text(name).strip()
    if not number:
        raise InvalidInput("请填写另一张工单的编号", field=name)
    return number


def _merge(press: Press) -> None:
    merging.merge(
        press.session,
        press.actor,
        press.number,
        _other(press, "main"),
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _merge_in(press: Press) -> None:
    """The chosen tickets into this one; if one cannot be, none is, and the page says which."""
    chosen = [name.removeprefix(JOINING) for name in press.typed if name.startswith(JOINING)]
    chosen += press.text("others").replace("，", " ").replace(",", " ").split()
    if not chosen:
        raise InvalidInput("请勾选或填写要并入本单的工单", field="others")
    done = merging.merge_many(
        press.session,
        press.actor,
        chosen,
        press.number,
        reason=press.text("reason"),
        now=press.now,
    )
    if done.refused:
        raise CannotMerge("都没有并入，请先去掉不能并入的：" + "；".join(done.refused.values()))


def _unmerge(press: Press) -> None:
    merging.unmerge(
        press.session,
        press.actor,
        press.number,
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _split(press: Press) -> None:
    category = Catalogue([], form_choices.categories(press.session)).category(
        press.text("category")
    )
    ties.split(
        press.session,
        press.actor,
        press.number,
        content=press.text("content"),
        title=press.text("title"),
        category=category,
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _link(press: Press) -> None:
    ties.link(
        press.session,
        press.actor,
        press.number,
        _other(press, "other"),
        note=press.text("note"),
        now=press.now,
    )


def _unlink(press: Press) -> None:
    ties.unlink(press.session, press.actor, press.number, _other(press, "other"), now=press.now)


def _urge(press: Press) -> None:
    if not press.text("note").strip():
        raise InvalidInput("请写明谁来催、为什么，承办单位会看到", field="note")
    urging.urge(
        press.session,
        press.actor,
        press.number,
        contact_id=None,
        note=press.text("note"),
        expected=press.expected,
        now=press.now,
    )


_DISPATCHERS = frozenset({Role.AGENT, Role.DISPATCHER, Role.CENTER})
_REROUTERS = frozenset({Role.DISPATCHER, Role.CENTER})
_LINKERS = _DISPATCHERS | {Role.FOLLOW_UP, Role.SUPERVISOR}

BUTTONS: Mapping[str, Button] = {
    "merge": Button("并单", _DISPATCHERS, _merge, "已并入主单，主单办结后一并答复诉求人"),
    "merge-in": Button("并入本单", _DISPATCHERS, _merge_in, "已并入本单，办结后一并答复各位诉求人"),
    "unmerge": Button("撤销并单", _REROUTERS, _unmerge, "已撤销并单，两张工单恢复原样"),
    "split": Button("拆单", _DISPATCHERS, _split, "已拆出一张新工单，在“关联与并单”里可以打开"),
    "link": Button("关联", _LINKERS, _link, "已关联"),
    "unlink": Button("取消关联", _LINKERS, _unlink, "已取消关联"),
    "urge": Button("催办", _LINKERS, _urge, "已催办，并通知了办理的人"),
}
"""By the last part of the address."""
