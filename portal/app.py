"""The web application, made from a context."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from portal import errors
from portal.access import guard
from portal.deps import PortalContext
from portal.headers import HeadersMiddleware, content_policy
from portal.live import LiveHub
from portal.metrics import Metrics
from portal.rendering import HERE, environment_of_templates
from portal.views import (
    account,
    accountability,
    admin,
    admin_agents,
    admin_catalogue,
    admin_lines,
    admin_messages,
    admin_skills,
    admin_trunks,
    agent,
    agent_calls,
    agent_knowledge,
    agent_phone,
    agent_ratings,
    api,
    api_actions,
    api_applications,
    api_figures,
    api_hot_spots,
    api_lists,
    api_oversight,
    api_particulars,
    api_shares,
    api_ties,
    api_wallboard,
    appeals,
    attachments,
    briefs,
    business,
    call_backs,
    desk,
    desk_routing,
    early_warnings,
    evaluation,
    figure_exports,
    figures,
    follow_up,
    gaming,
    health,
    hot_spots,
    imports,
    knowledge,
    knowledge_gaps,
    leader,
    leads,
    listening_log,
    live,
    media,
    messages,
    model,
    model_drift,
    model_versions,
    notices,
    number_flags,
    open_data,
    policy,
    prints,
    quality,
    recordings,
    reports,
    resident,
    resident_knowledge,
    scoring,
    scoring_rules,
    scoring_what_if,
    staffing,
    supervision,
    survey,
    ticket,
    visits,
    wallboard,
    wallboard_acts,
)

MAX_BODY = 4 * 1024 * 1024
# Only these addresses take files. A large film of a unit's fits, and several pictures at once.
UPLOADS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"/model/import"), 256 * 1024 * 1024),
    (re.compile(r"/admin/imports"), 513 * 1024 * 1024),
    (re.compile(r"/resident/new"), 120 * 1024 * 1024),
    (re.compile(r"/s/[^/]+"), 120 * 1024 * 1024),
    (re.compile(r"/tickets/[^/]+/attach"), 240 * 1024 * 1024),
    (re.compile(r"/appeals"), 240 * 1024 * 1024),
    (re.compile(r"/api/v1/tickets/[^/]+/attachments"), 240 * 1024 * 1024),
)

# Only describes the token in the OpenAPI document; the guard is what asks for it.
BEARER = HTTPBearer(auto_error=False, description="hotline token create --staff 账号")

API: tuple[APIRouter, ...] = (
    api.router,
    api_actions.router,
    api_applications.router,
    api_ties.router,
    api_shares.router,
    api_lists.router,
    api_oversight.router,
    api_particulars.router,
    call_backs.api,
    api_wallboard.router,
    api_figures.router,
    api_hot_spots.router,
)
PAGES: tuple[APIRouter, ...] = (
    account.router,
    health.router,
    live.router,
    agent.router,
    agent_calls.router,
    agent_knowledge.router,
    agent_phone.router,
    desk.router,
    desk_routing.router,
    attachments.router,
    ticket.router,
    resident.router,
    resident_knowledge.router,
    knowledge_gaps.router,
    knowledge.router,
    survey.router,
    admin.router,
    admin_catalogue.router,
    admin_lines.router,
    admin_messages.router,
    admin_skills.router,
    admin_agents.router,
    admin_trunks.router,
    imports.router,
    open_data.router,
    policy.router,
    leader.router,
    reports.router,
    figure_exports.router,
    figures.router,
    scoring_rules.router,
    scoring.router,
    scoring_what_if.router,
    business.router,
    staffing.router,
    accountability.router,
    leads.router,
    follow_up.router,
    visits.router,
    appeals.router,
    supervision.router,
    notices.router,
    prints.router,
    call_backs.router,
    number_flags.router,
    hot_spots.router,
    briefs.router,
    early_warnings.router,
    recordings.router,
    wallboard.router,
    wallboard_acts.router,
    listening_log.router,
    messages.router,
    model.router,
    model_drift.router,
    model_versions.router,
    evaluation.router,
    media.router,
    quality.router,
    gaming.router,
    agent_ratings.router,
    # Areas add their line here.
)


def _max_body(path: str) -> int:
    return next((most for route, most in UPLOADS if route.fullmatch(path)), MAX_BODY)


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Every route with its checks, once in a process: reading what all ask for takes a while."""
    made = APIRouter(dependencies=[Depends(guard)])
    for router in API:
        made.include_router(router, dependencies=[Security(BEARER)])
    for router in PAGES:
        made.include_router(router, include_in_schema=False)
    return tuple(made.routes)


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
        routes=[*_routes()],
        dependencies=[Depends(guard)],  # what is added to it is asked of too
        lifespan=lifespan,
    )
    softphone = context.softphone
    policy = content_policy(softphone.urls if softphone else ())
    metrics = Metrics(context.db, lambda: hub.open_streams, context.nodes)
    app.state.context = context
    app.state.live = hub
    app.state.metrics = metrics
    app.state.content_policy = policy
    app.state.templates = environment_of_templates()
    app.add_middleware(
        HeadersMiddleware,
        policy=policy,
        measure=metrics.measure,
        max_body=_max_body,
        too_large=errors.too_large,
    )
    errors.install(app)
    app.mount("/static", StaticFiles(directory=HERE / "static", check_dir=False), name="static")
    return app
