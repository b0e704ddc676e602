"""Attachments of a ticket: send, download, take off the page."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from dispatch.domain.errors import FileRefused, HotlineError, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.terms import AttachmentKind, AttachmentPart
from dispatch.service import attachments, queries_ticket
from dispatch.service.attachments import Refused, Sent, Taken
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.uploads import AT_ONCE, SentFiles
from portal.views import ticket_sheet
from portal.views.agent_form import TypedForm
from portal.views.ticket_press import Press
from portal.views.ticket_sheet import Refusal

router = APIRouter(include_in_schema=False)

SHOWN = frozenset(
    {"image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "video/mp4"}
    | {"video/webm", "audio/mpeg", "audio/wav", "audio/mp4", "audio/ogg"}
)
"""What a browser shows by itself; everything else is only saved."""

# Whatever a browser makes of a file, it runs nothing in it and reaches nothing from it.
SANDBOX = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


def take(ctx: PortalContext, sent: Sequence[Sent]) -> tuple[list[Taken], list[Refused]]:
    """Put away what was sent, as far as it can be taken."""
    taken, refused = attachments.take(sent[:AT_ONCE], ctx.attachments, ctx.scanner, ctx.rules)
    late = [
        Refused(attachments.safe_name(file.name), f"一次最多上传 {AT_ONCE} 个文件，其余请分次上传")
        for file in sent[AT_ONCE : AT_ONCE + 1]
    ]
    return taken, refused + late


@router.post("/tickets/{number}/attach")
def attach(
    request: Request, number: str, ctx: Ctx, me: Me, now: Now, typed: TypedForm, sent: SentFiles
) -> Response:
    """Add files; the good ones of a batch are kept, the others named with the reason."""
    with ctx.db.read() as session:
        # Before anything is written to the disk: is this a ticket of the sender's at all?
        queries_ticket.ticket_view(session, me.actor, number)
    taken, refused = take(ctx, sent)
    problem: HotlineError | None = None
    try:
        if taken or not refused:
            _add(ctx, me.actor, number, typed, taken, now)
    except NotFound:
        raise
    except HotlineError as error:
        problem = error
    if problem is None and refused:
        kept = f"已收下 {len(taken)} 个文件。" if taken else ""
        sentences = "；".join(file.sentence for file in refused)
        problem = FileRefused(f"{kept}{sentences}", field="files")
    if problem is None:
        return RedirectResponse(f"/tickets/{quote(number)}?done=attach", 303)
    refusal = Refusal("attach", "上传附件", typed, problem)
    with ctx.db.read() as session:
        sheet = ticket_sheet.sheet(session, ctx, me.actor, number, refusal, now=now)
    return render(request, "ticket/page.html", status_code=status_of(problem), sheet=sheet, said="")


def _add(
    ctx: PortalContext, actor: Actor, number: str, typed: TypedForm, taken: list[Taken], now: Now
) -> None:
    part = typed.get("part", "")
    if part not in AttachmentPart.__members__.values():
        part = attachments.parts_for(actor.role)[0]
    with ctx.db.work() as session:
        press = Press(ctx, session, actor, number, typed, now)
        attachments.add(
            session,
            actor,
            number,
            AttachmentPart(part),
            taken,
            ctx.rules,
            expected=press.expected,
            now=now,
        )


@router.get("/attachments/{attachment_id}")
def download(attachment_id: int, ctx: Ctx, me: Me, now: Now, save: bool = False) -> Response:
    """One file; who opened it is written down."""
    with ctx.db.work() as session:
        view, path, number = attachments.file_for(session, me.actor, attachment_id, ctx.attachments)
        queries_ticket.look_at(session, me.actor, number, f"file {attachment_id}"[:20], now=now)
    shown = view.media_type in SHOWN and not save
    return FileResponse(
        path,
        media_type=view.media_type,
        filename=view.name,
        content_disposition_type="inline" if shown else "attachment",
        headers={"Content-Security-Policy": _policy(view.kind)},
    )


def _policy(kind: AttachmentKind) -> str:
    # A browser's own reader of PDF does not start inside a sandbox.
    return SANDBOX.removesuffix("; sandbox") if kind is AttachmentKind.DOCUMENT else SANDBOX
