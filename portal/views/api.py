"""REST /api/v1: tickets. Reads name their reader, changes go through the same services as pages."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import AwareDatetime

from dispatch.domain.vocabulary import Status
from dispatch.service import api_queries, repeats
from dispatch.service.access import log_view
from dispatch.service.api_queries import MAX_PAGE, TicketFilter, TicketPage, TicketRow
from dispatch.service.api_requests import create_once
from portal import schemas
from portal.deps import Ctx, Me, Now

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "model": schemas.ProblemOut,
        "description": words,
        "content": {"application/problem+json": {}},
    }
    for status, words in (
        (401, "缺少令牌，或令牌无效"),
        (403, "岗位不允许"),
        (404, "没有找到，或无权查看"),
        (409, "状态不允许，或已被他人处理"),
        (422, "填写内容有误"),
        (503, "暂时不可用"),
    )
}

router = APIRouter(tags=["工单"], responses=PROBLEMS)


@router.get("/api/v1/tickets", response_model=schemas.TicketPageOut, summary="工单列表")
def list_tickets(
    ctx: Ctx,
    me: Me,
    status: Annotated[list[Status] | None, Query(description="状态，可重复")] = None,
    department: Annotated[str | None, Query(description="主办单位代码")] = None,
    since: Annotated[
        AwareDatetime | None, Query(alias="from", description="受理时间不早于，ISO 8601 带时区")
    ] = None,
    until: Annotated[
        AwareDatetime | None, Query(alias="to", description="受理时间早于，ISO 8601 带时区")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="每页条数")] = 50,
    cursor: Annotated[str | None, Query(description="上一页返回的 next_cursor")] = None,
) -> TicketPage:
    """List the tickets this account may see, newest first."""
    wanted = TicketFilter(
        statuses=tuple(status or ()), department=department, since=since, until=until
    )
    with ctx.db.read() as session:
        return api_queries.list_tickets(session, me.actor, wanted, limit=limit, cursor=cursor)


@router.post(
    "/api/v1/tickets",
    response_model=schemas.NewTicketOut,
    status_code=201,
    summary="新建工单",
)
def create_ticket(
    ctx: Ctx,
    me: Me,
    now: Now,
    body: schemas.TicketIn,
    response: Response,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=120,
            description="重发同一请求时带同一个值，不会重复建单",
        ),
    ] = None,
) -> dict[str, Any]:
    """Open a ticket; with an Idempotency-Key a repeated request finds the first one's."""
    fingerprint = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    with ctx.db.work() as session:

        def make() -> str:
            form = body.form(ctx.rules)
            return repeats.take(session, me.actor, ctx.rules, form, now=now).number

        if key is None:
            number, again = make(), False
        else:
            number, again = create_once(session, me.staff_id, key, fingerprint, make, now=now)
        ticket = api_queries.one_ticket(session, me.actor, number)
        code = api_queries.query_code_of(session, me.actor, number)
    response.headers["Location"] = f"/api/v1/tickets/{number}"
    if again:
        response.headers["Idempotent-Replayed"] = "true"
    return {"ticket": ticket, "query_code": code}


@router.get("/api/v1/tickets/{number}", response_model=schemas.TicketOut, summary="一张工单")
def read_ticket(ctx: Ctx, me: Me, now: Now, number: str) -> TicketRow:
    """Read one ticket; who read it is written down."""
    with ctx.db.read() as session:
        ticket = api_queries.one_ticket(session, me.actor, number)
    with ctx.db.work() as session:
        log_view(session, me.actor, ticket.id, "api", now=now)
    return ticket


@router.get(
    "/api/v1/tickets/{number}/events",
    response_model=list[schemas.EventOut],
    summary="流转记录",
)
def read_events(ctx: Ctx, me: Me, number: str) -> list[api_queries.EventRow]:
    """Read the history of a ticket, oldest first."""
    with ctx.db.read() as session:
        return api_queries.ticket_events(session, me.actor, number)
