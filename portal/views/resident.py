"""Residents' pages: say it, keep the number, see who has it. No sign-in, no JavaScript."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.domain.terms import AttachmentPart
from dispatch.domain.vocabulary import Channel, RequestKind
from dispatch.service import attachments, resident, throttle
from dispatch.service.accounts import digest
from dispatch.service.attachments import Sent
from dispatch.service.intake import RequestForm
from dispatch.service.resident import Progress
from portal.deps import Ctx, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.uploads import SentFiles
from portal.views import attachments as attachments_views

router = APIRouter(include_in_schema=False)

WRONG = "没有找到，请核对工单编号和查询码；两样都要和受理时给您的一致"
SLOW_DOWN = "输错次数太多，请 15 分钟后再试，或者拨打 12345 查询"
TOO_MANY = "这个网络短时间内提交得太多，请稍后再试，或者拨打 12345"

# Six digits can be guessed in a million tries: five in a quarter of an hour leave years.
PER_TICKET = throttle.Limit(tries=5, window=timedelta(minutes=15), pause=timedelta(minutes=15))
PER_ADDRESS = throttle.Limit(tries=30, window=timedelta(minutes=15), pause=timedelta(minutes=15))
FILING = throttle.Limit(tries=30, window=timedelta(minutes=10), pause=timedelta(minutes=10))

BLANK = {
    "content": "",
    "kind": "",
    "place": "",
    "requester_name": "",
    "phone": "",
    "confidential": "",
    "reply_wanted": "yes",
}


@router.get("/resident")
def start(request: Request) -> Response:
    """Two ways on: ask about a ticket, or say something new."""
    return render(request, "resident/start.html", number="", problem=None)


@router.post("/resident")
def show_progress(
    request: Request,
    ctx: Ctx,
    now: Now,
    number: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
) -> Response:
    """Show the ticket, or say that number and code do not fit; the two are not told apart."""
    number, code = number.strip()[:40], code.strip()[:12]
    found = look_up(request, ctx, number, code, now)
    return found if isinstance(found, Response) else progress_page(request, found, code)


def look_up(
    request: Request, ctx: PortalContext, number: str, code: str, now: datetime
) -> Progress | Response:
    """The ticket's progress, or the page that says why not; wrong tries are counted."""
    subjects = (
        (f"resident:{digest(number)}", PER_TICKET),
        (f"resident-at:{address(request)}", PER_ADDRESS),
    )
    with ctx.db.read() as session:
        locked = any(throttle.locked_until(session, s, now=now) for s, _ in subjects)
        found = None if locked else resident.progress(session, number, code, now=now)
    if found is not None:
        return found
    if locked:
        return not_found(request, number, SLOW_DOWN, status=429)
    with ctx.db.work() as session:
        for subject, limit in subjects:
            throttle.count_failure(session, subject, limit, now=now)
    return not_found(request, number)


def not_found(
    request: Request, number: str, problem: str = WRONG, *, status: int = 404
) -> Response:
    """The first page again, with what is wrong."""
    return render(
        request, "resident/start.html", status_code=status, number=number, problem=problem
    )


def progress_page(
    request: Request,
    ticket: Progress,
    code: str,
    typed: dict[str, str] | None = None,
    problem: InvalidInput | None = None,
) -> Response:
    """The ticket with its way so far, and at its end the two questions when they are due."""
    return render(
        request,
        "resident/progress.html",
        status_code=status_of(problem) if problem else 200,
        ticket=ticket,
        code=code,
        typed=typed or {},
        problem=problem,
        field=problem.field or "" if problem else "",
    )


@router.get("/resident/new")
def new_request(request: Request) -> Response:
    """The form."""
    return _form(request, dict(BLANK))


@router.post("/resident/new")
def file_request(
    request: Request,
    ctx: Ctx,
    now: Now,
    sent: SentFiles,
    content: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "",
    requester_name: Annotated[str, Form()] = "",
    phone: Annotated[str, Form()] = "",
    confidential: Annotated[str, Form()] = "",
    reply_wanted: Annotated[str, Form()] = "yes",
) -> Response:
    """Make it a ticket; a form with something missing comes back with all that was typed.

    A file that cannot be taken does not hold up the request: the receipt names it.
    """
    typed = {
        "content": content,
        "kind": kind,
        "place": place,
        "requester_name": requester_name,
        "phone": phone,
        "confidential": confidential,
        "reply_wanted": reply_wanted,
    }
    subject = f"resident-file:{address(request)}"
    try:
        form = _request_form(typed)
        kind_default = ctx.rules.profile.confidentiality.by_default(form.kind)
        form = replace(form, confidential=form.confidential or kind_default)
        with ctx.db.read() as session:
            if throttle.locked_until(session, subject, now=now):
                return _form(request, typed, TOO_MANY, status=429)
        with ctx.db.work() as session:
            receipt = resident.file_request(session, form, ctx.rules, now=now)
            throttle.count_failure(session, subject, FILING, now=now)
    except InvalidInput as problem:
        again = "；选好的照片要重新选择" if sent else ""
        said = f"{problem}{again}"
        return _form(request, typed, said, problem.field, status=status_of(problem))
    kept, refused = _attach(ctx, receipt.number, sent, now)
    return render(
        request,
        "resident/receipt.html",
        receipt=receipt,
        phone=phone.strip(),
        kept=kept,
        refused=refused,
    )


def _attach(
    ctx: PortalContext, number: str, sent: list[Sent], now: datetime
) -> tuple[int, list[str]]:
    """(how many files the ticket has got, sentences about the others)."""
    if not sent:
        return 0, []
    taken, refused = attachments_views.take(ctx, sent)
    said = [file.sentence for file in refused]
    if not taken:
        return 0, said
    try:
        with ctx.db.work() as session:
            attachments.add(
                session,
                resident.RESIDENT,
                number,
                AttachmentPart.REQUEST,
                taken,
                ctx.rules,
                now=now,
            )
    except HotlineError as problem:
        return 0, [*said, str(problem)]
    return len(taken), said


def _request_form(typed: dict[str, str]) -> RequestForm:
    if typed["kind"] not in RequestKind.__members__.values():
        raise InvalidInput("请选择这是哪一类事情", field="kind")
    return RequestForm(
        content=typed["content"].replace("\r\n", "\n"),
        kind=RequestKind(typed["kind"]),
        channel=Channel.WEB,
        place=typed["place"],
        requester_name=typed["requester_name"],
        phone=typed["phone"].strip() or None,
        confidential=typed["confidential"] == "yes",
        reply_wanted=typed["reply_wanted"] != "no",
    )


def _form(
    request: Request,
    typed: dict[str, str],
    problem: str | None = None,
    field: str | None = None,
    *,
    status: int = 200,
) -> Response:
    return render(
        request,
        "resident/new.html",
        status_code=status,
        typed=typed,
        problem=problem,
        field=field or "",
    )


def address(request: Request) -> str:
    """Where a request comes from, as far as the server knows."""
    return request.client.host if request.client else "unknown"
