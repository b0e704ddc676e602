"""考核规则: the versions, a preview of whom a new one would change, loading and going back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from analytics import score_counts
from analytics.scoring_what_if import Changed, changes
from dispatch.domain.errors import InvalidInput
from dispatch.domain.policy_text import read_scoring
from dispatch.domain.scoring_rules import ScoringRules
from dispatch.domain.vocabulary import Role
from dispatch.service import scoring_versions
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.views.policy import PLAIN, Draft, uploaded
from portal.views.scoring import Month, month_asked

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Tried:
    """The last whole month by the rules of that month and by a document handed in."""

    month: Month
    before: ScoringRules
    after: ScoringRules
    found: tuple[Changed, ...]


@router.get("/scoring/rules")
def rules_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    loaded: Annotated[str, Query(max_length=20)] = "",
    undone: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The rules in force in words, the versions, and for those who keep them the form."""
    told = ""
    if loaded:
        told = "新版本已载入，从生效后的下一个整月开始按它计分。"
    elif undone:
        told = "版本已撤回，受它影响的月份按之前的规则计分。"
    return _page(request, ctx, now, Draft(), told=told, keeps=_keeps(me.actor.role))


@router.post("/scoring/rules/preview")
def preview(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    document: Annotated[str, Form()] = "",
    effective_from: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    upload: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Count the last whole month by a document: whose band or points would be others."""
    document = document.replace("\r\n", "\n")
    month = month_asked("", now)
    keeps = _keeps(me.actor.role)
    try:
        document = uploaded(upload) or document
        after = read_scoring(document)
    except InvalidInput as problem:
        draft = Draft(document=document, effective_from=effective_from, note=note)
        return _page(request, ctx, now, draft, problem=problem, keeps=keeps)
    with ctx.db.read() as session:
        before = scoring_versions.rules_at(session, month.first)
        counted = score_counts.counts(session, month.period, ctx.rules, now=now)
    draft = Draft(document=document, effective_from=effective_from, note=note)
    tried = Tried(month, before, after, changes(before, after, counted))
    return _page(request, ctx, now, draft, tried=tried, keeps=keeps)


@router.post("/scoring/rules/load")
def load(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    document: Annotated[str, Form()] = "",
    effective_from: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Keep the document as the rules from its date on."""
    document = document.replace("\r\n", "\n")
    draft = Draft(document=document, effective_from=effective_from, note=note)
    try:
        with ctx.db.work() as session:
            row = scoring_versions.load_version(
                session, me.actor, document, effective_from=draft.starts, note=note, now=now
            )
    except InvalidInput as problem:
        return _page(request, ctx, now, draft, problem=problem, keeps=True)
    return RedirectResponse(f"/scoring/rules?loaded={row.id}", 303)


@router.post("/scoring/rules/{version_id}/withdraw")
def withdraw(ctx: Ctx, me: Me, now: Now, version_id: int) -> Response:
    """Go back: the version before it holds again."""
    with ctx.db.work() as session:
        scoring_versions.withdraw(session, me.actor, version_id, now=now)
    return RedirectResponse(f"/scoring/rules?undone={version_id}", 303)


@router.get("/scoring/rules/{key}/document")
def document_of(ctx: Ctx, key: str) -> Response:
    """A set of rules as it was handed in; a shipped one by its name."""
    with ctx.db.read() as session:
        text = scoring_versions.text_of(session, key)
    name = f"scoring-{key}.toml"
    quoted = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), media_type=PLAIN, headers=quoted)


def _keeps(role: Role) -> bool:
    return role in scoring_versions.KEEPERS


def _page(
    request: Request,
    ctx: PortalContext,
    now: datetime,
    draft: Draft,
    *,
    keeps: bool,
    tried: Tried | None = None,
    problem: InvalidInput | None = None,
    told: str = "",
) -> Response:
    with ctx.db.read() as session:
        rules = scoring_versions.rules_at(session, now)
        rows = scoring_versions.versions(session, now=now)
        choices = scoring_versions.choices(session)
    return render(
        request,
        "scoring/rules.html",
        status_code=status_of(problem) if problem else 200,
        rules=rules,
        rows=rows,
        shipped=[one for one in choices if not one.key.isdecimal()],
        draft=draft,
        tried=tried,
        problem=problem,
        told=told,
        keeps=keeps,
    )
