"""Is the process alive, are its parts ready, and its figures for monitoring."""

from __future__ import annotations

from typing import Any, cast

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from dispatch.db import DATABASE_DOWN
from portal.deps import Ctx, PortalContext
from portal.metrics import CONTENT_TYPE, Metrics

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer as long as the process can answer at all; looks at nothing else."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(ctx: Ctx) -> Response:
    """Ask every part; 503 names those that are not ready."""
    parts: dict[str, Any] = {"database": _database(ctx)}
    parts.update({name: probe() for name, probe in ctx.probes.items()})
    wrong = {name: sentence for name, sentence in parts.items() if sentence}
    body = {
        "status": "unavailable" if wrong else "ok",
        "parts": {name: sentence or "ok" for name, sentence in parts.items()},
    }
    return JSONResponse(body, 503 if wrong else 200)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Figures in Prometheus' text format; no personal data."""
    figures = cast(Metrics, request.app.state.metrics)
    return Response(figures.text(), media_type=CONTENT_TYPE)


def _database(ctx: PortalContext) -> str | None:
    try:
        ctx.db.ping()
    except DATABASE_DOWN:
        return "数据库连接不上"
    return None
