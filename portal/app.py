"""The web application, made from a context."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles

from portal import errors
from portal.access import guard
from portal.deps import PortalContext
from portal.headers import HeadersMiddleware, content_policy
from portal.live import LiveHub
from portal.metrics import Metrics
from portal.rendering import HERE, make_environment
from portal.views import (
    account,
    admin,
    agent,
    agent_phone,
    api,
    api_actions,
    api_lists,
    desk,
    figures,
    health,
    leader,
    live,
    reports,
    resident,
    ticket,
)

MAX_BODY = 4 * 1024 * 1024

# Only describes the token in the OpenAPI document; the guard is what asks for it.
BEARER = HTTPBearer(auto_error=False, description="hotline token create --staff 账号")

API: tuple[APIRouter, ...] = (api.router, api_actions.router, api_lists.router)
PAGES: tuple[APIRouter, ...] = (
    account.router,
    health.router,
    live.router,
    agent.router,
    agent_phone.router,
    desk.router,
    ticket.router,
    resident.router,
    admin.router,
    leader.router,
    reports.router,
    figures.router,
    # Areas add their line here.
)


def create_app(context: PortalContext) -> FastAPI:
    """Make the application. The hub of live events starts and stops with it.

    A server must call `app.state.live.stop()` when it begins to shut down, before it waits
    for open connections: streams never end by themselves.
    """
    hub = LiveHub(context.db)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        hub.start()
        yield
        hub.stop()
        await run_in_threadpool(hub.join)

    app = FastAPI(
        title=f"{context.city_name} 12345 热线接口",
        description="工单、来电与派单建议。请求须带 Authorization: Bearer 令牌。",
        version="1",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(guard)],
        lifespan=lifespan,
    )
    softphone = context.softphone
    policy = content_policy(softphone.ws_url if softphone else None)
    metrics = Metrics(context.db, lambda: hub.open_streams)
    app.state.context = context
    app.state.live = hub
    app.state.metrics = metrics
    app.state.content_policy = policy
    app.state.templates = make_environment()
    app.add_middleware(
        HeadersMiddleware,
        policy=policy,
        measure=metrics.measure,
        max_body=MAX_BODY,
        too_large=errors.too_large,
    )
    errors.install(app)
    for router in API:
        app.include_router(router, dependencies=[Security(BEARER)])
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=HERE / "static", check_dir=False), name="static")
    return app
