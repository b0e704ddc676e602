"""REST /api/v1: the fuller fields of a ticket, and its files."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import Response

from dispatch.domain.errors import InvalidInput
from dispatch.domain.terms import AttachmentPart
from dispatch.service import api_queries, attachments, particulars, queries_ticket
from dispatch.service.api_queries import TicketRow
from dispatch.service.attachments import AttachmentView
from dispatch.service.particulars import ParticularsView
from portal import schemas
from portal.deps import Ctx, Me, Now
from portal.uploads import SentFiles
from portal.views import attachments as files
from portal.views.agent_form import TypedForm
from portal.views.api import PROBLEMS

router = APIRouter(tags=["登记内容与附件"], responses=PROBLEMS)


@router.get(
    "/api/v1/tickets/{number}/particulars",
    response_model=schemas.ParticularsOut,
    summary="其他登记内容",
)
def read_particulars(ctx: Ctx, me: Me, now: Now, number: str) -> ParticularsView:
    """Read the fuller fields; who read them is written down."""
    with ctx.db.work() as session:
        queries_ticket.look_at(session, me.actor, number, "api", now=now)
        return particulars.particulars_of(session, me.actor, number)


@router.post(
    "/api/v1/tickets/{number}/amend", response_model=schemas.TicketOut, summary="修改登记内容"
)
def amend(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.AmendIn) -> TicketRow:
    """Complete or correct fields; the requester's own words never change."""
    with ctx.db.work() as session:
        particulars.complete_particulars(
            session,
            me.actor,
            number,
            body.changes,
            reason=body.reason,
            expected=body.version,
            now=now,
        )
    with ctx.db.read() as session:
        return api_queries.one_ticket(session, me.actor, number)


@router.get(
    "/api/v1/tickets/{number}/attachments",
    response_model=list[schemas.AttachmentOut],
    summary="附件列表",
)
def list_attachments(ctx: Ctx, me: Me, number: str) -> Sequence[AttachmentView]:
    """List the files this account may see."""
    with ctx.db.read() as session:
        return attachments.shelf(session, me.actor, number).files


@router.post(
    "/api/v1/tickets/{number}/attachments",
    response_model=schemas.AttachedOut,
    status_code=201,
    summary="上传附件（multipart：files 可重复，part 可选，version 可选）",
)
def add_attachments(
    ctx: Ctx, me: Me, now: Now, number: str, typed: TypedForm, sent: SentFiles
) -> dict[str, list[int] | list[str]]:
    """Add files; the good ones are kept, the others named with the reason."""
    with ctx.db.read() as session:
        queries_ticket.ticket_view(session, me.actor, number)
    version = typed.get("version", "")
    if version and not (version.isascii() and version.isdigit() and len(version) < 10):
        raise InvalidInput("version 应为整数", field="version")
    taken, refused = files.take(ctx, sent)
    said = [file.sentence for file in refused]
    if not taken and refused:
        raise InvalidInput("；".join(said), field="files")
    part = typed.get("part") or attachments.parts_for(me.actor.role)[0].value
    if part not in AttachmentPart.__members__.values():
        raise InvalidInput("没有这个 part", field="part")
    with ctx.db.work() as session:
        added = attachments.add(
            session,
            me.actor,
            number,
            AttachmentPart(part),
            taken,
            ctx.rules,
            expected=int(version) if version else None,
            now=now,
        )
    return {"added": added, "refused": said}


@router.get("/api/v1/attachments/{attachment_id}", summary="下载附件", response_class=Response)
def download(attachment_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """One file; who read it is written down."""
    return files.download(attachment_id, ctx, me, now, save=True)
