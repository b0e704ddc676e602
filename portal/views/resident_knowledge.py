"""知识库 for everybody: public entries on display, with a search. No sign-in, no JavaScript."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dispatch.service import knowledge_public
from portal.deps import Ctx, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)

AT = "/resident/knowledge"


@router.get(AT)
def list_page(
    request: Request, ctx: Ctx, now: Now, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """What answers the words, or the newest entries."""
    with ctx.db.read() as session:
        found = knowledge_public.entries(session, q, now=now)
    return render(request, "resident/knowledge.html", q=q, found=found)


@router.get(f"{AT}/{{entry_id}}")
def entry_page(request: Request, entry_id: int, ctx: Ctx, now: Now) -> Response:
    """One public entry."""
    with ctx.db.read() as session:
        entry = knowledge_public.entry(session, entry_id, now=now)
    return render(request, "resident/knowledge_entry.html", e=entry)
