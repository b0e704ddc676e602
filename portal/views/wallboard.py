"""话务现场: queues, callers waiting, agents; the rows behind each figure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatch.domain.ports import AgentState
from dispatch.domain.vocabulary import Role
from dispatch.service import listening_live, wallboard_corrections, wallboard_figures
from dispatch.service.wallboard import wallboard
from dispatch.service.wallboard_figures import CONNECTION, WAITING, Part, board_figures
from portal.deps import Ctx, Me, Now, PortalContext
from portal.rendering import render

router = APIRouter(include_in_schema=False)

ACTING = frozenset({Role.SUPERVISOR, Role.CENTER})
"""Who may do something to a talk; an administrator only looks."""

REASONS = ("日常质检", "新人辅导", "来电人投诉", "紧急事项处置")
PARTS = {Part.ALL: "全部", Part.HITS: "计入", Part.MISSED: "未计入"}
SHOWN = (
    AgentState.READY,
    AgentState.RINGING,
    AgentState.TALKING,
    AgentState.HELD,
    AgentState.WRAP_UP,
    AgentState.PAUSED,
)
Code = Annotated[str, Query(max_length=40)]


@router.get("/wallboard")
def wallboard_page(request: Request, ctx: Ctx, me: Me, now: Now) -> Response:
    """The whole page."""
    return render(
        request,
        "wallboard/wallboard.html",
        **_board(ctx, me, now),
        reasons=REASONS,
    )


@router.get("/wallboard/board")
def board(request: Request, ctx: Ctx, me: Me, now: Now, quick: bool = False) -> Response:
    """The part that changes, for a page that heard of a change; `quick` what changes at once."""
    return render(
        request,
        "wallboard/board.html",
        headers={"Cache-Control": "no-store"},
        **_board(ctx, me, now, quick=quick),
    )


@router.get("/wallboard/rows/{code}")
def figure_rows(
    request: Request,
    ctx: Ctx,
    now: Now,
    code: str,
    queue: Code = "",
    part: Part = Part.ALL,
) -> Response:
    """The calls behind a figure, with its formula; as many as the figure says."""
    figure = wallboard_figures.figure_named(code, ctx.rules.profile.service)
    with ctx.db.read() as session:
        parts = wallboard_figures.shares(session, figure, now=now)
        rows = wallboard_figures.rows(session, figure, part, queue, now=now)
    names = {rule.code: rule.label for rule in ctx.rules.profile.calls.queues}
    none = wallboard_figures.Share(0, 0)
    return render(
        request,
        "wallboard/rows.html",
        figure=figure,
        share=parts.get(queue, none) if queue else wallboard_figures.total(parts),
        rows=rows,
        part=part,
        parts=PARTS,
        queue=queue,
        names=names,
        most=wallboard_figures.ROWS_MOST,
        live=figure is WAITING,
    )


@router.get("/wallboard/corrections")
def corrections(request: Request, ctx: Ctx, now: Now) -> Response:
    """Each difference between us and the telephone system that was healed."""
    with ctx.db.read() as session:
        rows = wallboard_corrections.corrections(session, now=now)
    return render(request, "wallboard/corrections.html", rows=rows)


def _board(ctx: PortalContext, me: Me, now: datetime, *, quick: bool = False) -> dict[str, Any]:
    figures = board_figures(ctx.rules.profile.service)
    with ctx.db.read() as session:
        seen = wallboard(session, ctx.rules, quick=quick, now=now)
        listening = listening_live.current(session, me.actor)
    return {
        "board": seen,
        "listening": listening,
        "states": SHOWN,
        "answer_within": ctx.rules.profile.service.answer_within_seconds,
        "figures": figures,
        "service_figure": figures["service"],
        "connection_figure": CONNECTION,
        "acting": me.actor.role in ACTING and me.actor.extension is not None,
        "telling": me.actor.role in ACTING,
    }
