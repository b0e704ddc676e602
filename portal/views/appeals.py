"""考核申诉: the centre's lists, a unit's form with its evidence, the two decisions, lifting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.conduct import reasons_for
from dispatch.domain.errors import FileRefused, HotlineError, InvalidInput, NotFound
from dispatch.domain.judging_terms import Measure
from dispatch.domain.people import Actor
from dispatch.domain.terms import ReasonUse
from dispatch.service import appeal_queries, appeals, exclusions
from dispatch.service.appeal_queries import PAGE, AppealFilter
from dispatch.service.appeal_standing import chance
from dispatch.service.appeals import AppealForm
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.uploads import SentFiles
from portal.views import attachments
from portal.views.agent_form import TypedForm

router = APIRouter(include_in_schema=False)

LIST = "/appeals"
MOST = 2**31 - 1

Id = Annotated[int | None, Query(ge=1, le=MOST)]
Words = Annotated[str, Form(max_length=4000)]


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Annotated[str, Query(max_length=20)] = "",
    before: Id = None,
) -> Response:
    """Appeals under one filter; without one, the first that waits for somebody."""
    with ctx.db.read() as session:
        counts = appeal_queries.appeal_counts(session, me.actor, now=now)
        waiting = (one for one in (AppealFilter.PENDING, AppealFilter.FIRST_GRANTED))
        usual = next((one for one in waiting if counts[one.value]), AppealFilter.PENDING)
        wanted = next((one for one in AppealFilter if one == show), usual)
        listed = appeal_queries.appeals(
            session, me.actor, wanted, ctx.rules, before=before, now=now
        )
    closed = wanted in {AppealFilter.GRANTED, AppealFilter.DENIED, AppealFilter.WITHDRAWN}
    return render(
        request,
        "appeals/list.html",
        listed=listed,
        counts=counts,
        tabs=tuple(AppealFilter),
        wanted=wanted,
        more=listed[-1].id if closed and len(listed) == PAGE else None,
        rules=ctx.rules.profile.appeal,
    )


@router.get(f"{LIST}/new")
def new_page(
    request: Request, ctx: Ctx, me: Me, now: Now, ticket: Annotated[str, Query(max_length=40)]
) -> Response:
    """The form: what counts against the unit on this ticket, and until when it may appeal."""
    return _form(request, ctx, me.actor, now, {"ticket": ticket})


@router.post(LIST)
def ask(
    request: Request, ctx: Ctx, me: Me, now: Now, typed: TypedForm, sent: SentFiles
) -> Response:
    """Appeal; what is wrong is said beside its field, and nothing typed is lost."""
    number = typed.get("ticket", "")
    with ctx.db.read() as session:
        # Before anything is written to the disk: is this a ticket of the sender's at all?
        if chance(session, me.actor, number, ctx.rules, now=now) is None:
            raise NotFound
    taken, refused = attachments.take(ctx, sent)
    try:
        if refused:
            raise FileRefused("；".join(file.sentence for file in refused), field="files")
        with ctx.db.work() as session:
            made = appeals.ask(
                session, me.actor, number, _read(typed), ctx.rules, evidence=taken, now=now
            )
            appeal_id = made.id
    except HotlineError as problem:
        return _form(request, ctx, me.actor, now, typed, problem)
    return RedirectResponse(f"{LIST}/{appeal_id}", 303)


@router.get(f"{LIST}/{{appeal_id}}")
def appeal_page(request: Request, appeal_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """One appeal with its evidence and both decisions."""
    return _page(request, ctx, me.actor, now, appeal_id)


@router.post(f"{LIST}/{{appeal_id}}/decide")
def decide(
    request: Request,
    appeal_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    verdict: Annotated[Literal["yes", "no"], Form()],
    words: Words = "",
) -> Response:
    """同意剔除 or 不予剔除: the first decision, or the second by another person."""
    try:
        with ctx.db.work() as session:
            grant = verdict == "yes"
            appeals.decide(
                session, me.actor, appeal_id, grant=grant, words=words, rules=ctx.rules, now=now
            )
    except InvalidInput as problem:
        return _page(request, ctx, me.actor, now, appeal_id, problem)
    return _to(appeal_id)


@router.post(f"{LIST}/{{appeal_id}}/withdraw")
def withdraw(appeal_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """撤回申诉 by the unit."""
    with ctx.db.work() as session:
        appeals.withdraw(session, me.actor, appeal_id, now=now)
    return _to(appeal_id)


@router.post(f"{LIST}/{{appeal_id}}/lift")
def lift(request: Request, appeal_id: int, ctx: Ctx, me: Me, now: Now, why: Words = "") -> Response:
    """撤销剔除: the ticket counts again."""
    try:
        with ctx.db.work() as session:
            found = appeal_queries.one_appeal(session, me.actor, appeal_id, ctx.rules, now=now)
            if found.appeal.exclusion is None:
                raise NotFound("这项申诉没有剔除工单")
            exclusions.lift(session, me.actor, found.appeal.exclusion, why=why, now=now)
    except InvalidInput as problem:
        return _page(request, ctx, me.actor, now, appeal_id, problem)
    return _to(appeal_id)


def _read(typed: Mapping[str, str]) -> AppealForm:
    measure = next((one for one in Measure if one == typed.get("measure")), None)
    if measure is None:
        raise InvalidInput("请选择申诉哪一项考核", field="measure")
    return AppealForm(
        measure=measure,
        reason=typed.get("reason", ""),
        statement=typed.get("statement", "").replace("\0", ""),
        basis=typed.get("basis", "").replace("\0", ""),
    )


def _form(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    now: datetime,
    typed: Mapping[str, str],
    problem: HotlineError | None = None,
) -> Response:
    with ctx.db.read() as session:
        found = chance(session, reader, typed.get("ticket", ""), ctx.rules, now=now)
    if found is None:
        raise NotFound
    field = problem.field if isinstance(problem, InvalidInput | FileRefused) else None
    return render(
        request,
        "appeals/new.html",
        status_code=status_of(problem) if problem else 200,
        chance=found,
        typed=typed,
        problem=problem,
        field="reason" if field == "reason_code" else field,
        reasons=reasons_for(ctx.rules.profile.reasons, ReasonUse.EXCLUSION),
        rules=ctx.rules.profile.appeal,
    )


def _page(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    now: datetime,
    appeal_id: int,
    problem: InvalidInput | None = None,
) -> Response:
    if appeal_id > MOST:
        raise NotFound("没有找到这项申诉")
    with ctx.db.read() as session:
        found = appeal_queries.one_appeal(session, reader, appeal_id, ctx.rules, now=now)
    return render(
        request,
        "appeals/appeal.html",
        status_code=422 if problem else 200,
        page=found,
        a=found.appeal,
        problem=problem,
        deciders=ctx.rules.profile.appeal.deciders,
    )


def _to(appeal_id: int) -> Response:
    return RedirectResponse(f"{LIST}/{appeal_id}", 303)
