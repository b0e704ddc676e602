"""REST /api/v1: who I am, contacts, suggestions, and the catalogue's lists."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from dispatch.domain.ports import Suggestions
from dispatch.service import contact_queries, lines
from dispatch.service.contact_queries import ContactRow, Named
from dispatch.service.lines import LineView
from portal import schemas
from portal.deps import Ctx, Me, Now
from portal.views.api import PROBLEMS

router = APIRouter(responses=PROBLEMS)


@router.get("/api/v1/me", response_model=schemas.MeOut, summary="我的账号", tags=["账号"])
def who_am_i(me: Me) -> dict[str, Any]:
    """Say whose token this is."""
    return {
        "login": me.login,
        "name": me.actor.name,
        "role": me.actor.role.value,
        "role_label": me.actor.role.label,
        "department": me.department,
        "extension": me.actor.extension,
    }


@router.get(
    "/api/v1/contacts", response_model=schemas.ContactPageOut, summary="来电列表", tags=["来电"]
)
def list_contacts(
    ctx: Ctx,
    me: Me,
    since: Annotated[
        AwareDatetime | None, Query(alias="from", description="开始时间不早于，ISO 8601 带时区")
    ] = None,
    until: Annotated[
        AwareDatetime | None, Query(alias="to", description="开始时间早于，ISO 8601 带时区")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="每页条数")] = 50,
    cursor: Annotated[
        str | None, Query(pattern=r"^\d{1,18}$", description="上一页返回的 next_cursor")
    ] = None,
) -> dict[str, Any]:
    """List the contacts this account may see, newest first."""
    with ctx.db.read() as session:
        items, more = contact_queries.list_contacts(
            session,
            me.actor,
            since=since,
            until=until,
            before_id=int(cursor) if cursor else None,
            limit=limit,
        )
    return {"items": items, "next_cursor": None if more is None else str(more)}


@router.get(
    "/api/v1/contacts/{call_id}",
    response_model=schemas.ContactOut,
    summary="一次来电",
    tags=["来电"],
)
def read_contact(ctx: Ctx, me: Me, call_id: str) -> ContactRow:
    """Read one contact by the telephone system's id."""
    with ctx.db.read() as session:
        return contact_queries.one_contact(session, me.actor, call_id)


@router.post(
    "/api/v1/suggestions",
    response_model=schemas.SuggestionsOut,
    summary="分类与派单建议",
    tags=["建议"],
)
def suggest(ctx: Ctx, body: schemas.SuggestIn) -> Suggestions:
    """Ask the model; an empty text gets no suggestion."""
    return ctx.suggester.suggest(body.text, division=body.division)


@router.get(
    "/api/v1/departments",
    response_model=list[schemas.NamedOut],
    summary="承办单位",
    tags=["目录"],
)
def list_departments(ctx: Ctx) -> list[Named]:
    """List active departments."""
    with ctx.db.read() as session:
        return contact_queries.departments(session)


@router.get(
    "/api/v1/categories",
    response_model=list[schemas.NamedOut],
    summary="事项分类",
    tags=["目录"],
)
def list_categories(ctx: Ctx) -> list[Named]:
    """List active categories."""
    with ctx.db.read() as session:
        return contact_queries.categories(session)


@router.get("/api/v1/lines", response_model=list[schemas.LineOut], summary="线路", tags=["目录"])
def list_lines(ctx: Ctx, now: Now) -> tuple[LineView, ...]:
    """List 12345 and the numbers merged into it."""
    with ctx.db.read() as session:
        return lines.listed(session, ctx.rules, now=now)
