"""知识库: the list by state, one entry with its versions, its form and its steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.db import Session
from dispatch.domain.errors import EntryChangedMeanwhile, HotlineError, InvalidInput
from dispatch.domain.knowledge_steps import WRITERS
from dispatch.domain.knowledge_terms import KnowledgeAct, KnowledgeLevel
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.service import (
    knowledge,
    knowledge_entry_queries,
    knowledge_error_queries,
    knowledge_errors,
    knowledge_queries,
)
from dispatch.service.knowledge_queries import PAGE, TABS
from dispatch.service.queries_search import unit_code, units
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.views.agent_form import TypedForm
from portal.views.knowledge_form import TypedEntry, category_choices, category_labels

router = APIRouter(include_in_schema=False)

LIST = "/knowledge"
ACTS = {act.value: act for act in KnowledgeAct if act is not KnowledgeAct.EDIT}
NOTHING_TYPED: Mapping[str, str] = MappingProxyType({})
"""What was sent by which form of the entry's page: `act` or `error`."""

Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Short = Annotated[str, Query(max_length=60)]
Words = Annotated[str, Form(max_length=20_000)]


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Short = "",
    unit: Short = "",
    category: Short = "",
    q: Short = "",
    before: Id = None,
) -> Response:
    """Entries under one tab, with counts under the same choices."""
    names = knowledge_queries.tabs_of(me.actor)
    tab = show if show in names else names[0]
    with ctx.db.read() as session:
        categories = category_choices(session)
        listed = knowledge_queries.entry_list(
            session, me.actor, tab, unit=unit, category=category, words=q, before=before, now=now
        )
        counts = knowledge_queries.entry_counts(
            session, me.actor, unit=unit, category=category, words=q, now=now
        )
        waiting = knowledge_error_queries.open_errors(session, me.actor)
        known = () if me.actor.role is Role.DEPARTMENT else units(session)
    return render(
        request,
        "knowledge/list.html",
        listed=listed,
        counts=counts,
        tab=tab,
        tabs={name: TABS[name] for name in names},
        chosen={"unit": unit, "category": category, "q": q},
        units=known,
        categories=categories.categories,
        waiting=waiting,
        writes=me.actor.role in WRITERS,
        more=listed[-1].id if len(listed) == PAGE else None,
    )


@router.get(f"{LIST}/new")
def new_page(request: Request, ctx: Ctx, me: Me) -> Response:
    """An empty form."""
    return _form(request, ctx, me.actor, TypedEntry())


@router.post(LIST)
def write(request: Request, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> Response:
    """Start an entry; what is wrong is said beside its field, and nothing typed is lost."""
    said = TypedEntry.read(typed)
    try:
        with ctx.db.work() as session:
            unit = None
            if me.actor.role is not Role.DEPARTMENT:
                unit = _unit(session, said.unit)
            form = said.form(category_choices(session))
            made = knowledge.write(session, me.actor, form, unit=unit, now=now).id
    except InvalidInput as problem:
        return _form(request, ctx, me.actor, said, problem=problem)
    return RedirectResponse(f"{LIST}/{made}", 303)


@router.get(f"{LIST}/errors")
def errors_page(request: Request, ctx: Ctx, me: Me, now: Now) -> Response:
    """纠错: those that wait first, by when they are due."""
    with ctx.db.read() as session:
        listed = knowledge_error_queries.error_list(session, me.actor, now=now)
    return render(request, "knowledge/errors.html", listed=listed)


@router.post(f"{LIST}/errors/{{error_id}}/explain")
def explain(error_id: int, ctx: Ctx, me: Me, now: Now, words: Words = "") -> Response:
    """说明 why the entry is right; a wrong one is corrected and published anew instead."""
    with ctx.db.work() as session:
        row = knowledge_errors.explain(session, me.actor, error_id, words, now=now)
        entry = row.entry_id
    return _to(entry)


@router.get(f"{LIST}/{{entry_id}}")
def entry_page(request: Request, entry_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """One entry: the text on display, the text in work, versions, history, error reports."""
    return _page(request, ctx, me.actor, entry_id, now)


@router.get(f"{LIST}/{{entry_id}}/edit")
def edit_page(request: Request, entry_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """The form with the text in work."""
    with ctx.db.read() as session:
        view = knowledge_entry_queries.entry_for(session, me.actor, entry_id, now=now)
        typed = TypedEntry.of(view, category_choices(session))
    return _form(request, ctx, me.actor, typed, entry_id)


@router.post(f"{LIST}/{{entry_id}}/edit")
def edit(request: Request, entry_id: int, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> Response:
    """Change the text in work; refused, the form comes back as typed."""
    said = TypedEntry.read(typed)
    with ctx.db.read() as session:
        knowledge_entry_queries.entry_for(session, me.actor, entry_id, now=now)
    try:
        with ctx.db.work() as session:
            form = said.form(category_choices(session))
            knowledge.edit(session, me.actor, entry_id, form, revision=said.read_revision, now=now)
    except (InvalidInput, EntryChangedMeanwhile) as problem:
        return _form(request, ctx, me.actor, said, entry_id, problem)
    return _to(entry_id)


@router.post(f"{LIST}/{{entry_id}}/errors")
def report_error(
    request: Request, entry_id: int, ctx: Ctx, me: Me, now: Now, words: Words = ""
) -> Response:
    """纠错 by one of the centre's people."""
    with ctx.db.read() as session:
        knowledge_entry_queries.entry_for(session, me.actor, entry_id, now=now)
    try:
        with ctx.db.work() as session:
            knowledge_errors.report(session, me.actor, entry_id, words, rules=ctx.rules, now=now)
    except InvalidInput as problem:
        return _page(request, ctx, me.actor, entry_id, now, typed={"error": words}, problem=problem)
    return _to(entry_id)


@router.post(f"{LIST}/{{entry_id}}/{{act}}")
def move(
    request: Request, entry_id: int, act: str, ctx: Ctx, me: Me, now: Now, words: Words = ""
) -> Response:
    """单位审核, 退回修改, 发布, 撤下."""
    with ctx.db.read() as session:
        knowledge_entry_queries.entry_for(session, me.actor, entry_id, now=now)
    if act not in ACTS:
        raise InvalidInput(f"没有“{act[:20]}”这个操作，请从条目页面的按钮进入")
    try:
        with ctx.db.work() as session:
            knowledge.move(
                session, me.actor, entry_id, ACTS[act], words=words, rules=ctx.rules, now=now
            )
    except InvalidInput as problem:
        return _page(request, ctx, me.actor, entry_id, now, typed={"act": words}, problem=problem)
    return _to(entry_id)


def _unit(session: Session, typed: str) -> str:
    try:
        return unit_code(session, typed)
    except InvalidInput as problem:
        raise InvalidInput(str(problem), field="unit") from None


def _page(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    entry_id: int,
    now: datetime,
    *,
    typed: Mapping[str, str] = NOTHING_TYPED,
    problem: InvalidInput | None = None,
) -> Response:
    with ctx.db.read() as session:
        view = knowledge_entry_queries.entry_for(session, reader, entry_id, now=now)
    return render(
        request,
        "knowledge/entry.html",
        status_code=status_of(problem) if problem else 200,
        e=view,
        typed=typed,
        problem=problem,
        answers=reader.role in WRITERS,
    )


def _form(
    request: Request,
    ctx: PortalContext,
    actor: Actor,
    typed: TypedEntry,
    entry_id: int | None = None,
    problem: HotlineError | None = None,
) -> Response:
    with ctx.db.read() as session:
        labels = category_labels(category_choices(session))
        known = () if actor.role is Role.DEPARTMENT or entry_id else units(session)
    return render(
        request,
        "knowledge/form.html",
        status_code=status_of(problem) if problem else 200,
        typed=typed,
        entry_id=entry_id,
        problem=problem,
        field=problem.field if isinstance(problem, InvalidInput) else None,
        levels=tuple(KnowledgeLevel),
        categories=labels,
        units=known,
    )


def _to(entry_id: int) -> Response:
    return RedirectResponse(f"{LIST}/{entry_id}", 303)
