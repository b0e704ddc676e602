"""知识与事项 beside the agent's form: search, cite on the call, and 没有找到.

A search is one press of its button or of Enter, so that no key stroke becomes a miss; one that
finds nothing is a miss at once. To a browser without JavaScript the same answers are pages.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from dispatch.db import Session
from dispatch.domain.knowledge_steps import readable_levels
from dispatch.domain.people import Actor
from dispatch.domain.worktime import local
from dispatch.service import knowledge_gap_queries, knowledge_gaps, knowledge_index
from dispatch.service.knowledge_index import Hit
from portal.deps import Ctx, Me, Now
from portal.rendering import render
from portal.views.agent_endings import or_none
from portal.views.agent_form import Catalogue
from portal.views.knowledge_form import category_choices

router = APIRouter(include_in_schema=False)

AT = "/agent/knowledge"
Asked = Annotated[str, Form(max_length=200)]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Call = Annotated[str, Form(max_length=20)]
Category = Annotated[str, Form(max_length=200)]


@router.get(AT)
def page(request: Request, ctx: Ctx, me: Me, contact_id: Number = None) -> Response:
    """The search as a page of its own; to the console, what the call rests on so far."""
    with ctx.db.read() as session:
        used = _used(session, me.actor, contact_id)
    return _answer(request, contact=contact_id, used=used)


@router.post(AT)
def search(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    q: Asked = "",
    contact_id: Call = "",
    category: Category = "",
) -> Response:
    """Up to five entries; nothing found is written down as a miss."""
    contact = _number(contact_id)
    with ctx.db.read() as session:
        levels = readable_levels(me.actor.role)
        hits = knowledge_index.search(session, q, levels, today=local(now).date())
    missed = False
    if not hits:
        with ctx.db.work() as session:
            code = _code(category_choices(session), category)
            knowledge_gaps.miss(session, me.actor, q, contact_id=contact, category=code, now=now)
            missed = bool(q.strip())
    with ctx.db.read() as session:
        used = _used(session, me.actor, contact)
    return _answer(request, q=q, contact=contact, hits=hits, missed=missed, used=used)


@router.post(f"{AT}/cite")
def cite(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    entry_id: Annotated[int, Form(ge=1, le=2**31 - 1)],
    q: Asked = "",
    contact_id: Call = "",
) -> Response:
    """Write down which version was used, and show what the call rests on so far."""
    contact = _number(contact_id)
    with ctx.db.work() as session:
        knowledge_gaps.cite(session, me.actor, entry_id, contact_id=contact, now=now)
    with ctx.db.read() as session:
        levels = readable_levels(me.actor.role)
        hits = knowledge_index.search(session, q, levels, today=local(now).date())
        used = _used(session, me.actor, contact)
    return _answer(request, q=q, contact=contact, hits=hits, used=used, cited=entry_id)


@router.post(f"{AT}/miss")
def not_found(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    q: Asked = "",
    found: Annotated[int, Form(ge=0, le=100)] = 0,
    contact_id: Call = "",
    category: Category = "",
) -> Response:
    """没有找到: what was shown does not answer the question."""
    contact = _number(contact_id)
    with ctx.db.work() as session:
        code = _code(category_choices(session), category)
        knowledge_gaps.miss(
            session, me.actor, q, found=found, contact_id=contact, category=code, now=now
        )
    with ctx.db.read() as session:
        used = _used(session, me.actor, contact)
    return _answer(request, q=q, contact=contact, missed=bool(q.strip()), used=used)


def _answer(
    request: Request,
    *,
    q: str = "",
    contact: int | None = None,
    hits: list[Hit] | None = None,
    missed: bool = False,
    used: tuple[knowledge_gap_queries.UsedView, ...] = (),
    cited: int | None = None,
) -> Response:
    part = "agent/knowledge_found.html"
    return render(
        request,
        part if request.headers.get("hx-request") else "agent/knowledge_page.html",
        q=q,
        contact=contact,
        hits=hits,
        missed=missed,
        used=used,
        cited=cited,
    )


def _used(
    session: Session, reader: Actor, contact: int | None
) -> tuple[knowledge_gap_queries.UsedView, ...]:
    return knowledge_gap_queries.used_on(session, reader, contact) if contact else ()


def _number(typed: str) -> int | None:
    sound = typed.isascii() and typed.isdigit() and len(typed) < 10
    return int(typed) if sound else None


def _code(categories: Catalogue, typed: str) -> str | None:
    return or_none(categories.category, typed)
