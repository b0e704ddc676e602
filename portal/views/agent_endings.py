"""What the console's buttons do: each ends the call, or takes the request, in one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dispatch.db import Session
from dispatch.domain.call_rules import EmergencyRule
from dispatch.domain.conduct import Reason, reasons_for
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.ports import Suggestions
from dispatch.domain.rules import Rules
from dispatch.domain.terms import EmergencyLine, ReasonUse
from dispatch.domain.vocabulary import Channel, Disposition
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    assignment,
    auto_dispatch,
    console_queries,
    form_choices,
    intake,
    joining,
    outcomes,
    repeats,
    routing,
    urging,
)
from dispatch.service.intake import RequestForm
from dispatch.service.particulars import confidential_for
from dispatch.service.queries_search import unit_code
from dispatch.service.supporting import helpers_named
from portal.deps import PortalContext
from portal.views import agent_panel
from portal.views.agent_form import Subject, Typed, outcome, request_form, text_for_model
from portal.views.agent_panel import Saved

# Two presses of one key, or a page sent again after the network came back.
TWICE = timedelta(minutes=1)
WORDS_ENOUGH = 4
NOTHING = Suggestions((), (), "none")


@dataclass(frozen=True)
class Ends:
    """What the city's rules offer for ends of a call that make no ticket."""

    reasons: Mapping[Disposition, tuple[Reason, ...]]
    emergencies: tuple[EmergencyRule, ...] = ()


def ends_of(rules: Rules) -> Ends:
    """The reasons of the policy in force, by the outcome they are reasons for."""
    known = rules.profile.reasons
    return Ends(
        {
            Disposition.TOLD_ROUTE: reasons_for(known, ReasonUse.ROUTE),
            Disposition.DECLINED: reasons_for(known, ReasonUse.DECLINE),
        },
        rules.profile.calls.emergency,
    )


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
    # The box is ticked for the kinds of the policy; who unticked it has said so.
    said = form.confidential or (False if typed.get("confidential_by") == "agent" else None)
    return replace(
        form,
        confidential=confidential_for(press.ctx.rules, form.kind, said),
        avoid=_avoided(press),
    )


def _avoided(press: Ending) -> tuple[str, ...]:
    """Codes of the units named in the field, divided by 、 or ，."""
    names = re.split(r"[、，,;；]", press.typed.get("avoid", ""))
    try:
        return tuple(unit_code(press.session, name) for name in names if name.strip())
    except InvalidInput as problem:
        raise InvalidInput(str(problem), field="avoid") from None


def _ticket(press: Ending) -> Saved:
    """生成工单, and 派单 in the same transaction when the agent left that switched on."""
    form = _form(press)
    ticket = repeats.take(
        press.session,
        press.actor,
        press.ctx.rules,
        form,
        contact_id=press.contact_id,
        now=press.now,
    )
    if "dispatch_now" not in press.typed:
        auto_dispatch.leave(press.session, ticket, now=press.now)
    unit = _unit(press, form) if "dispatch_now" in press.typed else None
    if unit is None:
        return Saved("工单已生成，等待派单员派单", ticket.number, ticket.query_code)
    ticket = assignment.dispatch(
        press.session,
        press.actor,
        ticket.number,
        unit,
        press.ctx.rules,
        supporting=helpers_named(
            press.session, press.actor, ticket.number, unit, today=_today(press)
        ),
        now=press.now,
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
    ruled = routing.route_for(press.session, form.category, form.division, today=_today(press))
    return ruled.lead if ruled else None


def _today(press: Ending) -> date:
    return press.now.astimezone(SHANGHAI).date()


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
    return _urged(press, _picked(press, "催办"))


def _urge_repeat(press: Ending) -> Saved:
    """催办 of the earlier ticket of the same matter."""
    return _urged(press, press.typed.get("repeat_number", ""))


def _urged(press: Ending, number: str) -> Saved:
    _check_own(press)
    note = press.typed.get("content", "").strip()
    ticket = urging.urge(
        press.session,
        press.actor,
        number,
        contact_id=press.contact_id,
        note=note,
        now=press.now,
    )
    return Saved(f"已催办（第 {ticket.urged} 次），没有新建工单", number, due_at=ticket.due_at)


def _picked(press: Ending, what: str) -> str:
    number = press.typed.get("urged_number", "")
    if not number:
        raise InvalidInput(f"请先在右侧选择要{what}的工单", field="urged_number")
    return number


def _join(press: Ending) -> Saved:
    """并入: one more caller of an event; his request waits for the main ticket's answer."""
    main = press.typed.get("joined_number", "")
    if not main:
        raise InvalidInput("请先在“似为同一事件”里选择要并入的工单", field="joined_number")
    ticket = joining.join(
        press.session, press.actor, _form(press), main, contact_id=press.contact_id, now=press.now
    )
    return Saved(f"已并入 {main}，办结后一并答复来电人", ticket.number, ticket.query_code)


def _inform(press: Ending) -> Saved:
    """告知办理情况 of the earlier ticket of the same matter."""
    number = press.typed.get("repeat_number", "")
    return _informed(press, number, press.typed.get("told", ""), "told")


def _informed(press: Ending, number: str, words: str, name: str) -> Saved:
    _check_own(press)
    if not words.strip():
        raise InvalidInput("请写下告知来电人的内容：办到哪一步，或办理的结果", field=name)
    outcomes.inform(
        press.session,
        press.actor,
        number,
        contact_id=press.contact_id,
        note=words,
        now=press.now,
    )
    return Saved("已告知办理情况，没有新建工单", number)


def _emergency(line: EmergencyLine) -> Callable[[Ending], Saved]:
    """紧急转接: written down with two keys; the transfer itself is done on the telephone."""

    def record_it(press: Ending) -> Saved:
        _end(press, Disposition.TRANSFERRED_OUT, line.value)
        return Saved(f"已登记转接{line.label}，请立即转接，号码 {line.value}")

    return record_it


def _outcome(press: Ending) -> Saved:
    """End a call that makes no ticket."""
    how = outcome(press.typed)
    if how is Disposition.INFORMED:
        number = _picked(press, "告知")
        return _informed(press, number, press.typed.get("note", ""), "note")
    reasoned = how in {Disposition.DECLINED, Disposition.TOLD_ROUTE}
    _end(press, how, press.typed.get("reason_code", "") if reasoned else "")
    return Saved(f"已登记为“{how.label}”")


def _end(press: Ending, how: Disposition, reason_code: str) -> None:
    if press.contact_id is None:
        raise InvalidInput("没有来电可以这样登记；手工登记请用“生成工单”或“当场答复”")
    _check_own(press)
    outcomes.end_contact(
        press.session,
        press.actor,
        press.contact_id,
        how,
        press.typed.get("note", ""),
        press.ctx.rules,
        reason_code=reason_code,
        basis=press.typed.get("basis", "") if how is Disposition.TOLD_ROUTE else "",
        now=press.now,
    )


def _check_own(press: Ending) -> None:
    if press.contact_id is not None:
        console_queries.contact_view(press.session, press.actor, press.contact_id)


ENDINGS: Mapping[str, Callable[[Ending], Saved]] = {
    "ticket": _ticket,
    "answer": _answer,
    "urge": _urge,
    "urge-repeat": _urge_repeat,
    "join": _join,
    "inform": _inform,
    "outcome": _outcome,
    **{f"emergency-{line.value}": _emergency(line) for line in EmergencyLine},
}
