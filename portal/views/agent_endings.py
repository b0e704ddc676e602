"""What the console's buttons do: each ends the call, or takes the request, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.ports import Suggestions
from dispatch.domain.vocabulary import Channel
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import assignment, console_queries, form_choices, intake
from dispatch.service.intake import RequestForm
from portal.deps import PortalContext
from portal.views import agent_panel
from portal.views.agent_form import Subject, Typed, outcome, request_form, text_for_model
from portal.views.agent_panel import Saved

# Two presses of one key, or a page sent again after the network came back.
TWICE = timedelta(minutes=1)
WORDS_ENOUGH = 4
NOTHING = Suggestions((), (), "none")


@dataclass(frozen=True)
class Ending:
    """One press of a button with everything typed."""

    ctx: PortalContext
    session: Session
    actor: Actor
    subject: Subject
    typed: Typed
    now: datetime

    @property
    def contact_id(self) -> int | None:
        """The call to end; a further request of the same call ends nothing."""
        return None if self.subject.again else self.subject.contact_id


def end(press: Ending) -> Saved:
    """Do what the button says.

    Raises:
        InvalidInput: something is missing, with the field's name.
        NotFound: the call is not the actor's own.
    """
    action = ENDINGS.get(press.typed.get("action", ""))
    if action is None:
        raise InvalidInput("没有收到要进行的操作，请按页面上的按钮提交")
    return action(press)


def suggestions(ctx: PortalContext, typed: Typed, division: str | None) -> Suggestions:
    """The model's opinion of what was typed; nothing for hardly any words."""
    text = text_for_model(typed)
    return ctx.suggester.suggest(text, division=division) if len(text) >= WORDS_ENOUGH else NOTHING


def or_none(read: Callable[[str], str | None], typed: str) -> str | None:
    """The code behind a half-typed choice, or None while it is none yet."""
    try:
        return read(typed)
    except InvalidInput:
        return None


def _form(press: Ending) -> RequestForm:
    choices = agent_panel.catalogue(press.session)
    typed = dict(press.typed)
    channel = None
    if press.subject.contact_id is not None:
        contact = console_queries.contact_view(press.session, press.actor, press.subject.contact_id)
        typed["phone"] = typed.get("phone", "").strip() or contact.caller or ""
        channel = Channel.PHONE
    division = or_none(choices.division, typed.get("division", ""))
    form = request_form(typed, choices, suggestions(press.ctx, typed, division), channel)
    if press.contact_id is None:
        made = console_queries.twin(
            press.session, press.actor, form.content, since=press.now - TWICE
        )
        if made is not None:
            raise ActionNotAllowed(f"一分钟内已登记过内容相同的工单 {made}，没有重复登记")
    return form


def _ticket(press: Ending) -> Saved:
    """生成工单, and 派单 in the same transaction when the agent left that switched on."""
    form = _form(press)
    ticket = intake.open_ticket(
        press.session, press.actor, form, contact_id=press.contact_id, now=press.now
    )
    unit = _unit(press, form) if "dispatch_now" in press.typed else None
    if unit is None:
        return Saved("工单已生成，等待派单员派单", ticket.number, ticket.query_code)
    ticket = assignment.dispatch(
        press.session, press.actor, ticket.number, unit, press.ctx.rules, now=press.now
    )
    name = form_choices.unit_name(press.session, unit)
    return Saved("工单已生成并派出", ticket.number, ticket.query_code, name, ticket.due_at)


def _unit(press: Ending, form: RequestForm) -> str | None:
    """The agent's own choice, else the catalogue's; the model alone never sends a ticket."""
    chosen = press.typed.get("unit", "")
    if press.typed.get("unit_by") == "agent":
        return chosen or None
    if form.category is None:
        return None
    today = press.now.astimezone(SHANGHAI).date()
    ruled = assignment.catalogue_lead(press.session, form.category, form.division, today=today)
    return ruled[0] if ruled else None


def _answer(press: Ending) -> Saved:
    """当场答复."""
    ticket = intake.answer_on_call(
        press.session,
        press.actor,
        _form(press),
        press.typed.get("answer", ""),
        contact_id=press.contact_id,
        now=press.now,
    )
    return Saved("已登记为当场答复", ticket.number, ticket.query_code)


def _urge(press: Ending) -> Saved:
    """催办: the call joins an open ticket of the caller's."""
    number = press.typed.get("urged_number", "")
    if not number:
        raise InvalidInput("请先在右侧选择要催办的工单", field="urged_number")
    _check_own(press)
    note = press.typed.get("content", "").strip()
    ticket = intake.urge(
        press.session,
        press.actor,
        number,
        contact_id=press.contact_id,
        note=note,
        now=press.now,
    )
    return Saved(f"已催办（第 {ticket.urged} 次），没有新建工单", number, due_at=ticket.due_at)


def _outcome(press: Ending) -> Saved:
    """End a call that makes no ticket."""
    how = outcome(press.typed)
    if press.contact_id is None:
        raise InvalidInput("没有来电可以这样登记；手工登记请用“生成工单”或“当场答复”")
    _check_own(press)
    intake.end_contact(
        press.session,
        press.actor,
        press.contact_id,
        how,
        press.typed.get("note", ""),
        now=press.now,
    )
    return Saved(f"已登记为“{how.label}”")


def _check_own(press: Ending) -> None:
    if press.contact_id is not None:
        console_queries.contact_view(press.session, press.actor, press.contact_id)


ENDINGS: Mapping[str, Callable[[Ending], Saved]] = {
    "ticket": _ticket,
    "answer": _answer,
    "urge": _urge,
    "outcome": _outcome,
}
