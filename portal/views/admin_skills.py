"""Skills: a grid of agents by skills, and what it means for each queue."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.service import skills
from dispatch.service.skills import MOST_PENALTY
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.views.agent_form import TypedForm
from portal.views.agent_phone import ask_telephone

router = APIRouter(include_in_schema=False)
FIELD = "skill_"


@router.get("/admin/skills")
def skills_page(request: Request, ctx: Ctx, done: int = 0) -> Response:
    """The grid; `done` is whose row was saved last."""
    return _page(request, ctx, done=done)


@router.post("/admin/skills/{staff_id}")
def save(request: Request, ctx: Ctx, me: Me, now: Now, staff_id: int, typed: TypedForm) -> Response:
    """Give one agent the skills of his row; his queues change at once."""
    try:
        chosen = _chosen(typed)
        with ctx.db.work() as session:
            seat = skills.set_skills(session, me.actor, staff_id, chosen, ctx.rules, now=now)
    except HotlineError as problem:
        return _page(request, ctx, problem=str(problem), status=status_of(problem))
    said = ask_telephone(ctx, seat) if seat is not None else ""
    if said:
        return _page(request, ctx, done=staff_id, problem=f"技能已保存；{said}")
    return RedirectResponse(f"/admin/skills?done={staff_id}#agent-{staff_id}", 303)


def _chosen(typed: dict[str, str]) -> dict[str, int]:
    stated = {
        name.removeprefix(FIELD): value.strip()
        for name, value in typed.items()
        if name.startswith(FIELD) and value.strip()
    }
    for value in stated.values():
        if not (value.isascii() and value.isdigit() and len(value) == 1):
            raise InvalidInput(f"次序应在 0 到 {MOST_PENALTY} 之间")
    return {code: int(value) for code, value in stated.items()}


def _page(
    request: Request, ctx: PortalContext, *, done: int = 0, problem: str = "", status: int = 200
) -> Response:
    rules = ctx.rules
    with ctx.db.read() as session:
        grid = skills.grid(session, rules)
    return render(
        request,
        "admin/skills.html",
        status_code=status,
        grid=grid,
        known=rules.profile.calls.skills,
        labels={queue.code: queue.label for queue in rules.profile.calls.queues},
        penalties=range(MOST_PENALTY + 1),
        done=done,
        problem=problem,
    )
