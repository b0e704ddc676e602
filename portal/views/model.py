"""The model's page: what answers now, how right and how honest it is, and what it may send."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatch.domain.errors import NotFound
from dispatch.domain.model_ports import Coverage
from dispatch.service import auto_dispatch_queries, catalogue, model_releases
from dispatch.service.auto_dispatch_queries import Part
from dispatch.service.model_mistakes import mistakes
from dispatch.service.model_releases import Release
from portal.deps import Ctx, Me, Now, PortalContext
from portal.rendering import render
from portal.views import model_figures

router = APIRouter(include_in_schema=False)

LEAST, MOST = 80, 99
"""Percent that the slider asks for; less than the lower end nobody would send."""

LOOKED_BACK = timedelta(days=30)
"""How far the figures of automatic dispatch reach back."""

Percent = Annotated[int | None, Query(ge=LEAST, le=MOST)]


@router.get("/model")
def model(
    request: Request,
    ctx: Ctx,
    now: Now,
    precision: Percent = None,
    sort: Annotated[str, Query(max_length=20)] = "n",
) -> Response:
    """Everything about the model in use; `precision` is what the slider asks for, in percent."""
    demand = ctx.rules.profile.classifier
    asked = precision if precision is not None else demand.precision_percent
    with ctx.db.read() as session:
        release = model_releases.active(session)
        names, _ = catalogue.names(session)
        sent = auto_dispatch_queries.figures(session, since=now - LOOKED_BACK)
    if release is None:
        return render(request, "model/none.html", sent=sent)
    in_force = _covered(ctx, release, demand.precision_percent)
    covered = in_force if asked == demand.precision_percent else _covered(ctx, release, asked)
    return render(
        request,
        "model/model.html",
        release=release,
        metrics=release.metrics,
        demand=demand,
        asked=asked,
        least=LEAST,
        most=MOST,
        covered=covered,
        proven=[one for one in covered.categories if one.threshold is not None] if covered else [],
        names=names,
        lines=model_figures.lines(release, names, in_force, sort),
        sort=sort if sort in model_figures.SORTS else "n",
        pairs=model_figures.pairs(release, names),
        matrix=model_figures.matrix(release, names),
        charts=model_figures.charts(release),
        sent=sent,
        days=LOOKED_BACK.days,
    )


@router.get("/model/categories/{code}")
def category(request: Request, ctx: Ctx, me: Me, code: str) -> Response:
    """One category: its figures, what it is confused with, and the tickets people corrected."""
    demand = ctx.rules.profile.classifier
    with ctx.db.read() as session:
        release = model_releases.active(session)
        names, _ = catalogue.names(session)
        corrected = mistakes(session, me.actor, code)
    if release is None or code not in model_figures.figures_of(release).get("per_class", {}):
        raise NotFound("在用的模型没有这个分类的记录")
    covered = _covered(ctx, release, demand.precision_percent)
    listed = model_figures.lines(release, names, covered, "code")
    return render(
        request,
        "model/category.html",
        release=release,
        demand=demand,
        line=next(line for line in listed if line.code == code),
        pairs=model_figures.pairs(release, names, of=code),
        corrected=corrected,
    )


@router.get("/model/tickets")
def tickets(request: Request, ctx: Ctx, me: Me, now: Now, part: Part = Part.SENT) -> Response:
    """The tickets behind the figures of automatic dispatch."""
    since = now - LOOKED_BACK
    with ctx.db.read() as session:
        sent = auto_dispatch_queries.figures(session, since=since)
        listed = auto_dispatch_queries.listed(session, me.actor, part, since=since)
    counts = {
        Part.SENT: sent.sent,
        Part.TAKEN_BACK: sent.taken_back,
        Part.LEFT: sent.judged - sent.sent,
    }
    return render(
        request,
        "model/tickets.html",
        part=part,
        counts=counts,
        listed=listed,
        days=LOOKED_BACK.days,
    )


def _covered(ctx: PortalContext, release: Release, percent: int) -> Coverage | None:
    """What the release has proven if this much is asked of every category."""
    return ctx.coverage(
        release.metrics.get("judgement") or {},
        precision=percent / 100,
        least=ctx.rules.profile.classifier.least_validated,
    )
