"""Is the process alive, are its parts ready, and its figures for monitoring."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, cast

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from dispatch.db import DATABASE_DOWN
from dispatch.domain.errors import RoleNotAllowed
from dispatch.domain.vocabulary import Role
from portal.deps import Ctx, PortalContext, signed_in_or_none
from portal.metrics import CONTENT_TYPE, Metrics

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer as long as the process can answer at all; looks at nothing else."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request, ctx: Ctx) -> Response:
    """Ask every part; 503 names those that are not ready, and why to those who look after it."""
    parts: dict[str, Any] = {"database": _database(ctx)}
    parts.update({name: probe() for name, probe in ctx.probes.items()})
    status = "unavailable" if any(parts.values()) else "ok"
    if not _looks_after(request):
        # The sentences name folders, addresses and accounts of the database.
        parts = {name: sentence and "unavailable" for name, sentence in parts.items()}
    body = {"status": status, "parts": {name: said or "ok" for name, said in parts.items()}}
    return JSONResponse(body, 200 if status == "ok" else 503)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Figures in Prometheus' text format; no personal data.

    Raises:
        RoleNotAllowed: asked from outside the own network by somebody who is no administrator.
    """
    if not _looks_after(request):
        raise RoleNotAllowed
    figures = cast(Metrics, request.app.state.metrics)
    return Response(figures.text(), media_type=CONTENT_TYPE)


def _database(ctx: PortalContext) -> str | None:
    try:
        ctx.db.ping()
    except DATABASE_DOWN:
        return "数据库连接不上"
    return None


def _looks_after(request: Request) -> bool:
    """Whether this is an administrator, or a monitor on this machine or its private network."""
    me = signed_in_or_none(request)
    if me is not None and me.actor.role is Role.ADMIN:
        return True
    try:
        return request.client is not None and ip_address(request.client.host).is_private
    except ValueError:
        return False
