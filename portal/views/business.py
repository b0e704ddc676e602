"""营商环境: cases for the joint meeting, agendas and minutes, conclusions and their deeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.reporting_terms import CaseState
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import joint_meeting_queries, joint_meetings
from dispatch.service.joint_meetings import CONVENING, RAISING
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.views.agent_form import TypedForm

router = APIRouter(include_in_schema=False)

PAGE = "/business"
TABS = tuple(CaseState)

Number = Annotated[str, Query(max_length=40)]
Chosen = Annotated[list[str], Form(default_factory=list)]


@router.get(PAGE)
def list_page(
    request: Request, ctx: Ctx, me: Me, now: Now, show: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Cases in one state, and the meetings."""
    return _list(request, ctx, me, now, show=show)


@router.get(f"{PAGE}/cases/new")
def new_case(request: Request, ctx: Ctx, me: Me, now: Now, ticket: Number = "") -> Response:
    """The form that brings a ticket before the meeting."""
    return _new_case(request, ctx, me, now, {"ticket": ticket})


@router.post(f"{PAGE}/cases")
def raise_case(request: Request, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> Response:
    """提请上会; what is wrong is said beside its field."""
    number = typed.get("ticket", "").strip()
    try:
        with ctx.db.work() as session:
            joint_meetings.raise_case(
                session, me.actor, number, question=typed.get("question", ""), now=now
            )
    except InvalidInput as problem:
        return _new_case(request, ctx, me, now, typed, problem)
    except (NotFound, ActionNotAllowed) as problem:
        # A mistyped number must not cost the question that was typed below it.
        said = InvalidInput(str(problem), field="ticket")
        return _new_case(request, ctx, me, now, typed, said)
    return RedirectResponse(f"{PAGE}?show={CaseState.RAISED.value}", 303)


@router.post(f"{PAGE}/cases/{{case_id}}/withdraw")
def withdraw(case_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """撤回 a case without a conclusion."""
    with ctx.db.work() as session:
        joint_meetings.withdraw_case(session, me.actor, case_id, now=now)
    return RedirectResponse(f"{PAGE}?show={CaseState.WITHDRAWN.value}", 303)


@router.post(f"{PAGE}/cases/{{case_id}}/conclude")
def conclude(
    request: Request, case_id: int, ctx: Ctx, me: Me, now: Now, typed: TypedForm
) -> Response:
    """形成结论 with a unit and a day."""
    day = _day(typed.get("due", ""))
    try:
        with ctx.db.work() as session:
            case = joint_meetings.conclude(
                session,
                me.actor,
                case_id,
                conclusion=typed.get("conclusion", ""),
                unit=typed.get("unit", ""),
                due_at=ctx.rules.calendar.close_of(day) if day else None,
                now=now,
            )
            meeting_id = case.meeting_id
    except InvalidInput as problem:
        meeting = typed.get("meeting", "")
        if not meeting.isdecimal() or len(meeting) > 9:
            raise
        wrong = {**typed, "case": str(case_id)}
        return _meeting(request, ctx, me, now, int(meeting), wrong, problem)
    return RedirectResponse(f"{PAGE}/meetings/{meeting_id}#case-{case_id}", 303)


@router.post(f"{PAGE}/cases/{{case_id}}/done")
def done(case_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """已落实."""
    with ctx.db.work() as session:
        joint_meetings.finish(session, me.actor, case_id, now=now)
    return RedirectResponse(f"{PAGE}?show={CaseState.DONE.value}", 303)


@router.post(f"{PAGE}/meetings")
def call_meeting(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    typed: TypedForm,
    cases: Chosen,
    units: Chosen,
) -> Response:
    """召集 a meeting about the chosen cases."""
    chosen = [int(one) for one in cases if one.isdecimal() and len(one) < 10]
    try:
        with ctx.db.work() as session:
            meeting = joint_meetings.call_meeting(
                session,
                me.actor,
                title=typed.get("title", ""),
                held_at=_moment(typed.get("held_at", "")),
                place=typed.get("place", ""),
                units=units,
                cases=chosen,
                now=now,
            )
            made = meeting.id
    except InvalidInput as problem:
        return _list(
            request, ctx, me, now, typed=typed, chosen=cases, invited=units, problem=problem
        )
    return RedirectResponse(f"{PAGE}/meetings/{made}", 303)


@router.get(f"{PAGE}/meetings/{{meeting_id}}")
def meeting_page(request: Request, meeting_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """One meeting: its agenda, its minutes and what was concluded."""
    return _meeting(request, ctx, me, now, meeting_id)


@router.post(f"{PAGE}/meetings/{{meeting_id}}/hold")
def hold(
    request: Request, meeting_id: int, ctx: Ctx, me: Me, now: Now, typed: TypedForm
) -> Response:
    """记录纪要."""
    try:
        with ctx.db.work() as session:
            minutes = typed.get("minutes", "")
            joint_meetings.hold(session, me.actor, meeting_id, minutes=minutes, now=now)
    except InvalidInput as problem:
        return _meeting(request, ctx, me, now, meeting_id, typed, problem)
    return RedirectResponse(f"{PAGE}/meetings/{meeting_id}", 303)


@router.post(f"{PAGE}/meetings/{{meeting_id}}/cancel")
def cancel(
    request: Request, meeting_id: int, ctx: Ctx, me: Me, now: Now, typed: TypedForm
) -> Response:
    """取消 with a reason; the cases wait again."""
    try:
        with ctx.db.work() as session:
            why = typed.get("minutes", "")
            joint_meetings.cancel(session, me.actor, meeting_id, why=why, now=now)
    except InvalidInput as problem:
        return _meeting(request, ctx, me, now, meeting_id, typed, problem)
    return RedirectResponse(f"{PAGE}/meetings/{meeting_id}", 303)


def _list(
    request: Request,
    ctx: PortalContext,
    me: Me,
    now: datetime,
    *,
    show: str = "",
    typed: Mapping[str, str] | None = None,
    chosen: Sequence[str] = (),
    invited: Sequence[str] = (),
    problem: InvalidInput | None = None,
) -> Response:
    with ctx.db.read() as session:
        counts = joint_meeting_queries.counts(session, me.actor)
        usual = CaseState.CONCLUDED if me.actor.role is Role.DEPARTMENT else CaseState.RAISED
        state = next((one for one in TABS if one.value == show), usual)
        listed = joint_meeting_queries.cases(session, me.actor, state=state, now=now)
        meetings = joint_meeting_queries.meetings(session, me.actor)
        units = joint_meeting_queries.units(session)
    return render(
        request,
        "business/list.html",
        status_code=status_of(problem) if problem else 200,
        listed=listed,
        counts=counts,
        state=state,
        tabs=TABS,
        meetings=meetings,
        units=units,
        convening=me.actor.role in CONVENING,
        raising=me.actor.role in RAISING,
        typed=typed or {},
        chosen=frozenset(chosen),
        invited=frozenset(invited),
        problem=problem,
    )


def _new_case(
    request: Request,
    ctx: PortalContext,
    me: Me,
    now: datetime,
    typed: Mapping[str, str],
    problem: InvalidInput | None = None,
) -> Response:
    number = typed.get("ticket", "").strip()[:40]
    with ctx.db.read() as session:
        earlier = (
            joint_meeting_queries.cases(session, me.actor, ticket=number, now=now) if number else []
        )
    return render(
        request,
        "business/new_case.html",
        status_code=status_of(problem) if problem else 200,
        typed=typed,
        earlier=earlier,
        problem=problem,
    )


def _meeting(
    request: Request,
    ctx: PortalContext,
    me: Me,
    now: datetime,
    meeting_id: int,
    typed: Mapping[str, str] | None = None,
    problem: InvalidInput | None = None,
) -> Response:
    with ctx.db.read() as session:
        meeting = joint_meeting_queries.meeting(session, me.actor, meeting_id)
        cases = joint_meeting_queries.cases(session, me.actor, meeting_id=meeting_id, now=now)
        units = joint_meeting_queries.units(session)
    return render(
        request,
        "business/meeting.html",
        status_code=status_of(problem) if problem else 200,
        m=meeting,
        cases=cases,
        units=units,
        convening=me.actor.role in CONVENING,
        typed=typed or {},
        problem=problem,
    )


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None


def _moment(typed: str) -> datetime | None:
    """What a `datetime-local` field sends, in the city's time."""
    try:
        moment = datetime.fromisoformat(typed.strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment
