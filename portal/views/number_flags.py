"""号码标记: proposals, flags in force, appeals; each with the calls it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.call_terms import FlagKind, FlagState, FlagTreatment
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.service import contact_queries, number_flag_queries, number_flags
from dispatch.service.number_flag_queries import PAGE, EvidenceCall, FlagView
from portal.deps import Ctx, Me, Now, PortalContext
from portal.printed_flags import flag_form
from portal.printing import pdf_of
from portal.rendering import render
from portal.views.agent_form import TypedForm

router = APIRouter(include_in_schema=False)

LIST = "/number-flags"
TABS = (
    FlagState.PROPOSED,
    FlagState.ACTIVE,
    FlagState.LIFTED,
    FlagState.EXPIRED,
    FlagState.REFUSED,
    FlagState.WITHDRAWN,
)
USUAL_DAYS = 30

Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Words = Annotated[str, Form(max_length=2000)]
Verdict = Annotated[Literal["yes", "no"], Form()]
Word = TypeVar("Word", FlagKind, FlagTreatment)


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    show: Annotated[str, Query(max_length=20)] = "",
    before: Id = None,
) -> Response:
    """Flags in one state; proposals that wait for a decision come first."""
    with ctx.db.read() as session:
        counts = number_flag_queries.flag_counts(session)
        first = FlagState.PROPOSED if counts[FlagState.PROPOSED.value] else FlagState.ACTIVE
        state = next((one for one in TABS if one == show), first)
        listed = number_flag_queries.flags(session, me.actor, state, before=before)
    more = listed[-1].id if len(listed) == PAGE else None
    return render(
        request,
        "number_flags/list.html",
        listed=listed,
        counts=counts,
        state=state,
        tabs=TABS,
        more=more,
    )


@router.get(f"{LIST}/new")
def new_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    contact: Id = None,
    number: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The form of a proposal, with the number's calls to choose evidence from."""
    if contact is not None:
        with ctx.db.read() as session:
            number = contact_queries.caller_of(session, me.actor, contact)
    return _form(request, ctx, now, {"number": number}, set())


@router.post(LIST)
def propose(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    typed: TypedForm,
    evidence: Annotated[list[str], Form()] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """Propose; what is wrong is said beside its field, and nothing typed is lost."""
    chosen = {one for one in evidence if one.isdecimal()}
    days = typed.get("days", "")
    try:
        with ctx.db.work() as session:
            flag = number_flags.propose(
                session,
                me.actor,
                number=typed.get("number", ""),
                kind=_chosen(FlagKind, typed.get("kind", "")) or FlagKind.HARASSMENT,
                treatment=_chosen(FlagTreatment, typed.get("treatment", "")),
                reason=typed.get("reason", ""),
                evidence=[int(one) for one in chosen],
                days=int(days) if days.isdecimal() and len(days) < 6 else 0,
                rules=ctx.rules,
                now=now,
            )
            made = flag.id
    except InvalidInput as problem:
        return _form(request, ctx, now, typed, chosen, problem)
    return RedirectResponse(f"{LIST}/{made}", 303)


@router.get(f"{LIST}/{{flag_id}}")
def flag_page(request: Request, flag_id: int, ctx: Ctx, me: Me) -> Response:
    """One flag with its evidence, its decision and its appeal."""
    with ctx.db.read() as session:
        flag, calls = _flag(session, me.actor, flag_id)
    return render(request, "number_flags/flag.html", f=flag, calls=calls)


@router.post(f"{LIST}/{{flag_id}}/decide")
def decide(
    flag_id: int, ctx: Ctx, me: Me, now: Now, verdict: Verdict, words: Words = ""
) -> Response:
    """批准 or 不批准, by another person than who proposed it."""
    with ctx.db.work() as session:
        approve = verdict == "yes"
        number_flags.decide(session, me.actor, flag_id, approve=approve, note=words, now=now)
    return _to(flag_id)


@router.post(f"{LIST}/{{flag_id}}/withdraw")
def withdraw(flag_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """撤回 one's own proposal."""
    with ctx.db.work() as session:
        number_flags.withdraw(session, me.actor, flag_id, now=now)
    return _to(flag_id)


@router.post(f"{LIST}/{{flag_id}}/lift")
def lift(flag_id: int, ctx: Ctx, me: Me, now: Now, words: Words = "") -> Response:
    """解除 before its day."""
    with ctx.db.work() as session:
        number_flags.lift(session, me.actor, flag_id, reason=words, now=now)
    return _to(flag_id)


@router.post(f"{LIST}/{{flag_id}}/appeal")
def appeal(flag_id: int, ctx: Ctx, me: Me, now: Now, words: Words = "") -> Response:
    """登记申诉 on behalf of the caller."""
    with ctx.db.work() as session:
        number_flags.appeal(session, me.actor, flag_id, words=words, rules=ctx.rules, now=now)
    return _to(flag_id)


@router.post(f"{LIST}/{{flag_id}}/rule")
def rule(flag_id: int, ctx: Ctx, me: Me, now: Now, verdict: Verdict, words: Words = "") -> Response:
    """裁定申诉, by a third person."""
    with ctx.db.work() as session:
        uphold = verdict == "yes"
        number_flags.rule_on_appeal(session, me.actor, flag_id, uphold=uphold, words=words, now=now)
    return _to(flag_id)


@router.get(f"{LIST}/{{flag_id}}/print.pdf")
def print_flag(flag_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """The list of calls with their times, for the police (公安机关)."""
    with ctx.db.read() as session:
        flag, calls = _flag(session, me.actor, flag_id)
    form = flag_form(flag, calls, city=ctx.city_name, printed_by=me.actor.name, now=now)
    return Response(
        pdf_of(form),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="number-flag-{flag.id}.pdf"',
            "Cache-Control": "no-store",
        },
    )


def _flag(
    session: Session, reader: Actor, flag_id: int
) -> tuple[FlagView, tuple[EvidenceCall, ...]]:
    flag = number_flag_queries.one_flag(session, reader, flag_id)
    return flag, number_flag_queries.evidence_of(session, flag)


def _form(
    request: Request,
    ctx: PortalContext,
    now: datetime,
    typed: Mapping[str, str],
    chosen: Set[str],
    problem: InvalidInput | None = None,
) -> Response:
    rules = ctx.rules
    number = numbers.canonical(typed.get("number", ""), rules.profile.dialling.area_code)
    with ctx.db.read() as session:
        calls = number_flag_queries.calls_of(session, number, now=now) if number else ()
    return render(
        request,
        "number_flags/new.html",
        status_code=422 if problem else 200,
        typed=typed,
        number=number,
        calls=calls,
        chosen=chosen,
        problem=problem,
        kinds=tuple(FlagKind),
        treatments=tuple(FlagTreatment),
        policy=rules.profile.number_flag,
        usual_days=min(USUAL_DAYS, rules.profile.number_flag.longest_days),
    )


def _chosen(kind: type[Word], value: str) -> Word | None:
    return next((member for member in kind if member.value == value), None)


def _to(flag_id: int) -> Response:
    return RedirectResponse(f"{LIST}/{flag_id}", 303)
