"""Reports: what was issued, a span as it stands now, and both as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from analytics.document import Chart, Document
from analytics.document_json import from_json
from analytics.renderers.rendering import FORMATS
from analytics.renderers.rendering import render as render_as
from analytics.renderers.written import written
from analytics.reports.changes import Difference, differences, plain
from analytics.reports.papers import paper_of
from analytics.reports.spans import shifted, span_of
from analytics.reports.write import document
from analytics.scope import EVERYTHING, WORDS
from analytics.scope_choices import choices
from dispatch.domain.errors import InvalidInput
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.vocabulary import Role
from dispatch.service import issued_report_queries as queries
from dispatch.service import issued_reports
from dispatch.service.issued_report_queries import PAGE, IssueLine
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.views.report_asked import Asked, AskedFor, Of, current, kind_of

router = APIRouter(include_in_schema=False)

SPECIAL_FILTERS = ("category", "territory", "branch", "channel")
"""What the form of a special report offers; an address may have any filter of tickets."""

Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Format = Annotated[str, Query(alias="format", max_length=10)]


@router.get("/reports")
def listed(
    request: Request, ctx: Ctx, me: Me, now: Now, kind: Of = "", before: Id = None
) -> Response:
    """What was issued, the newest first, and the spans that run now."""
    wanted = kind_of(kind) if kind else None
    with ctx.db.read() as session:
        lines = queries.issues(session, me.actor, wanted, before=before, limit=PAGE + 1)
        counts = queries.counts(session, me.actor)
        filters = choices(session, EVERYTHING, ctx.rules)
    return render(
        request,
        "reports/list.html",
        lines=lines[:PAGE],
        onward=lines[PAGE - 1].id if len(lines) > PAGE else None,
        counts=counts,
        kinds=tuple(ReportKind),
        wanted=wanted,
        drafts=[current(one, now) for one in ReportKind if one is not ReportKind.SPECIAL],
        policy=ctx.rules.profile.report,
        filters={name: filters[name] for name in SPECIAL_FILTERS},
        words=WORDS,
    )


@router.get("/reports/{kind}")
def draft(request: Request, ctx: Ctx, me: Me, now: Now, wanted: AskedFor) -> Response:
    """A span as it stands now, every figure a link to its rows."""
    return _page(request, ctx, me, now, wanted)


@router.get("/reports/{kind}/file")
def draft_file(ctx: Ctx, me: Me, now: Now, wanted: AskedFor, as_: Format = "docx") -> Response:
    """A span as it stands now, as a file."""
    found = _document(ctx, me, wanted, now)
    return _file(found, as_, f"{found.title}（未印发）")


@router.post("/reports/{kind}/issue")
def issue(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    wanted: AskedFor,
    why: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Issue a span's report; with an issue before it, a correction that says why."""
    span = wanted.span
    if not span.finished(now):
        raise InvalidInput(f"{span.name}还没有结束，期满后再印发")
    found = _document(ctx, me, wanted, now)
    readers = ctx.rules.profile.report.readers
    paper = paper_of(span, found, wanted.scope.query)
    try:
        with ctx.db.work() as session:
            old = issued_reports.latest(session, paper)
            if old is None:
                row = issued_reports.issue(session, me.actor, paper, readers, now=now)
            else:
                row = issued_reports.correct(
                    session,
                    me.actor,
                    paper,
                    readers,
                    why=why,
                    differences=plain(differences(from_json(old.content), found)),
                    now=now,
                )
            report_id = row.id
    except InvalidInput as error:
        said = {"why": why, "wrong": str(error)}
        return _page(request, ctx, me, now, wanted, said, status_of(error))
    return RedirectResponse(f"/reports/issues/{report_id}", status_code=303)


@router.get("/reports/issues/{report_id}")
def issued(request: Request, ctx: Ctx, me: Me, now: Now, report_id: int) -> Response:
    """One issue as it was issued, with what it corrected and who has opened it."""
    with ctx.db.read() as session:
        view = queries.issue_of(session, me.actor, report_id)
    with ctx.db.work() as session:
        issued_reports.opened(session, me.actor, report_id, now=now)
    found = from_json(view.content)
    return render(
        request,
        "reports/issue.html",
        view=view,
        document=found,
        charts=_charts(found),
        formats=FORMATS,
        written=written,
        current=_address(view.line),
    )


@router.get("/reports/issues/{report_id}/file")
def issued_file(ctx: Ctx, me: Me, report_id: int, as_: Format = "docx") -> Response:
    """One issue as a file, made of what was issued and of nothing newer."""
    with ctx.db.read() as session:
        view = queries.issue_of(session, me.actor, report_id)
    revised = "" if view.line.revision == 1 else f"更正{view.line.revision - 1}"
    name = f"{view.line.title} 第{view.line.number}期{revised}"
    return _file(from_json(view.content), as_, name)


def _page(
    request: Request,
    ctx: PortalContext,
    me: Me,
    now: Now,
    wanted: Asked,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    span = wanted.span
    found = _document(ctx, me, wanted, now)
    first, last = span.period.first, span.period.last
    changed: Sequence[Difference] = ()
    with ctx.db.read() as session:
        line = queries.newest_of(session, me.actor, span.kind, wanted.scope.query, first, last)
        if line is not None:
            old = queries.issue_of(session, me.actor, line.id)
            changed = differences(from_json(old.content), found)
    after = shifted(span, 1)
    return render(
        request,
        "reports/draft.html",
        status_code=status,
        span=span,
        query=wanted.query,
        scope=wanted.scope.query,
        finished=span.finished(now),
        document=found,
        charts=_charts(found),
        formats=FORMATS,
        written=written,
        before=shifted(span, -1).code,
        after=after.code if after.period.start <= now else "",
        line=line,
        changed=changed,
        may_issue=me.actor.role is Role.CENTER,
        readers=ctx.rules.profile.report.readers,
        typed=typed or {"why": "", "wrong": ""},
    )


def _document(ctx: PortalContext, me: Me, wanted: Asked, now: Now) -> Document:
    with ctx.figures.reading() as session:
        return document(session, me.actor, wanted.span, ctx.rules, scope=wanted.scope, now=now)


def _address(line: IssueLine) -> str:
    """Where the same report stands as it is now."""
    special = line.kind is ReportKind.SPECIAL
    exact = f"{line.first}..{line.last}"
    usual = span_of(line.kind, line.first)
    same = (usual.period.first, usual.period.last) == (line.first, line.last)
    code = usual.code if same and not special else exact
    of = urlencode({"of": code})
    return f"/reports/{line.kind.value}?{of}{f'&{line.subject}' if line.subject else ''}"


def _charts(found: Document) -> dict[str, dict[str, Any]]:
    """Each chart as the page's script draws it, by its name."""
    return {
        f"{section.code}-{block.name}": {
            "kind": "report",
            "shape": block.shape.value,
            "unit": block.unit,
            "labels": list(block.labels),
            "lines": [[one.name, list(one.values)] for one in block.series],
            "band": block.band,
        }
        for section in found.sections
        for block in section.blocks
        if isinstance(block, Chart)
    }


def _file(found: Document, format_: str, name: str) -> Response:
    chosen = FORMATS.get(format_)
    if chosen is None:
        raise InvalidInput(f"没有 {format_[:10]} 格式；可用的有：{'、'.join(FORMATS)}")
    encoded = quote(f"{name}.{format_}")
    return Response(
        render_as(found, format_),
        media_type=chosen,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{encoded}"},
    )
