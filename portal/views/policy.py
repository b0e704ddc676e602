"""Administration of the rules: what is in force, preview of a new version, load, go back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from dispatch.domain.calendar_years import YearPlan
from dispatch.domain.errors import InvalidInput
from dispatch.domain.policy import shipped_years
from dispatch.domain.policy_words import Difference, Said, differences, said, year_differences
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.terms import PolicyPart
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import policies
from dispatch.service.policy_preview import DryRun, dry_run
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render

router = APIRouter(include_in_schema=False)
PLAIN = "application/toml; charset=utf-8"


@dataclass(frozen=True)
class Draft:
    """What the administrator has typed, kept whatever happens."""

    part: str = PolicyPart.PROFILE.value
    document: str = ""
    effective_from: str = ""
    note: str = ""
    open_too: bool = False

    @property
    def read_part(self) -> PolicyPart:
        """Which part the document is.

        Raises:
            InvalidInput: none of them.
        """
        if self.part not in {part.value for part in PolicyPart}:
            raise InvalidInput("请选择是规则方案还是工作日历", field="part")
        return PolicyPart(self.part)

    @property
    def starts(self) -> datetime | None:
        """From when on, in the city's time; None for at once.

        Raises:
            InvalidInput: not a moment.
        """
        if not self.effective_from.strip():
            return None
        try:
            moment = datetime.fromisoformat(self.effective_from.strip())
        except ValueError as problem:
            raise InvalidInput(
                "生效时间应写成 2026-12-01 08:30", field="effective_from"
            ) from problem
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


@router.get("/admin/policy")
def policy_page(
    request: Request,
    ctx: Ctx,
    now: Now,
    loaded: Annotated[str, Query(max_length=20)] = "",
    undone: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Everything in force with its source, the versions, and the form for a new one."""
    told = ""
    if loaded:
        told = "新版本已载入。到生效时间后自动启用；需要重新计算的工单会在下面显示进度。"
    elif undone:
        told = "版本已撤回，原来的规则重新生效；它改动过的时限会自动恢复。"
    return _page(request, ctx, now, Draft(), told=told)


@router.post("/admin/policy/preview")
def preview(
    request: Request,
    ctx: Ctx,
    now: Now,
    part: Annotated[str, Form()] = "",
    document: Annotated[str, Form()] = "",
    effective_from: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    open_too: Annotated[str, Form()] = "",
    upload: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Show what a document would change: which values, and which open tickets by how much."""
    document = document.replace("\r\n", "\n")
    try:
        document = uploaded(upload) or document
        draft = Draft(part, document, effective_from, note, open_too == "1")
        with ctx.db.read() as session:
            found = dry_run(
                session,
                ctx.rulebook.shipped,
                draft.read_part,
                document,
                effective_from=draft.starts,
                now=now,
            )
    except InvalidInput as problem:
        draft = Draft(part, document, effective_from, note, open_too == "1")
        return _page(request, ctx, now, draft, problem=problem)
    return _page(request, ctx, now, draft, found=found)


@router.post("/admin/policy/load")
def load(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    part: Annotated[str, Form()] = "",
    document: Annotated[str, Form()] = "",
    effective_from: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    open_too: Annotated[str, Form()] = "",
) -> Response:
    """Keep the document as a version in force from its date on."""
    document = document.replace("\r\n", "\n")
    draft = Draft(part, document, effective_from, note, open_too == "1")
    try:
        with ctx.db.work() as session:
            row = policies.load_version(
                session,
                me.actor,
                draft.read_part,
                document,
                effective_from=draft.starts,
                note=note,
                open_too=draft.open_too,
                now=now,
            )
    except InvalidInput as problem:
        return _page(request, ctx, now, draft, problem=problem)
    ctx.rulebook.forget()
    return RedirectResponse(f"/admin/policy?loaded={row.id}", 303)


@router.post("/admin/policy/{version_id}/withdraw")
def withdraw(ctx: Ctx, me: Me, now: Now, version_id: int) -> Response:
    """Go back: the version before it is in force again."""
    with ctx.db.work() as session:
        policies.withdraw(session, me.actor, version_id, now=now)
    ctx.rulebook.forget()
    return RedirectResponse(f"/admin/policy?undone={version_id}", 303)


@router.get("/admin/policy/{version_id}/document")
def document_of(ctx: Ctx, version_id: int) -> Response:
    """A loaded document as it was handed in."""
    with ctx.db.read() as session:
        row = policies.version_of(session, version_id)
        return _file(row.document, f"{row.part}-{row.name}-{row.id}.toml")


@router.get("/admin/policy/in-force/{slot}")
def document_in_force(ctx: Ctx, now: Now, slot: str) -> Response:
    """The document in force: of the profile, or of a year of the calendar such as "2026"."""
    with ctx.db.read() as session:
        text = policies.document_in_force(session, ctx.rulebook.shipped, slot, now=now)
    return _file(text, f"{slot}-{now.astimezone(SHANGHAI):%Y%m%d}.toml")


def _file(text: str, name: str) -> Response:
    quoted = {"Content-Disposition": f'attachment; filename="{name}"'} if name.isascii() else {}
    return Response(text.encode(), media_type=PLAIN, headers=quoted)


def uploaded(upload: UploadFile | None) -> str:
    """The text of a file handed in; empty without one.

    Raises:
        InvalidInput: it is no text in UTF-8.
    """
    if upload is None or not upload.filename:
        return ""
    try:
        return upload.file.read().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        raise InvalidInput("文件不是 UTF-8 编码的文本", field="document") from problem


def _page(
    request: Request,
    ctx: PortalContext,
    now: datetime,
    draft: Draft,
    *,
    found: DryRun | None = None,
    problem: InvalidInput | None = None,
    told: str = "",
) -> Response:
    rules = ctx.rulebook.at(now)
    with ctx.db.read() as session:
        rows = policies.versions(session, now=now)
    return render(
        request,
        "admin/policy.html",
        status_code=status_of(problem) if problem else 200,
        rules=rules,
        sections=_sections(rules.profile),
        rows=rows,
        busy=any(row.busy for row in rows),
        years=sorted(plan.year for plan in shipped_years()),
        parts=tuple(PolicyPart),
        draft=draft,
        found=found,
        changes=_changes(found) if found else [],
        problem=problem,
        told=told,
    )


def _sections(profile: PolicyProfile) -> dict[str, list[Said]]:
    found: dict[str, list[Said]] = {}
    for value in said(profile):
        found.setdefault(value.section, []).append(value)
    return found


def _changes(found: DryRun) -> list[Difference]:
    if isinstance(found.content, YearPlan):
        return year_differences(found.before.calendar, found.content)
    return differences(found.before.profile, found.content)
