"""Errors become an answer: a page, a fragment for htmx, or problem details for the API."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from dispatch.db import BAD_VALUE, DATABASE_DOWN
from dispatch.domain.errors import (
    AccountLocked,
    AccusedUnit,
    ActionNotAllowed,
    AlreadyAnswered,
    AlreadySupervised,
    ApplicationPending,
    ApprovalNeeded,
    BadCredentials,
    BadPlan,
    CannotMerge,
    CannotUndo,
    ChangedMeanwhile,
    DialerUnavailable,
    DialForbidden,
    EmergencyNotSet,
    EntryChangedMeanwhile,
    FileRefused,
    ForgedRequest,
    HigherApproverNeeded,
    HotlineError,
    InvalidInput,
    LineChangedMeanwhile,
    LinkExpired,
    LinkUnusable,
    MessageNotSent,
    NotByPolicy,
    NotFound,
    NotInTalk,
    OwnRequest,
    PolicyError,
    RecordingUnavailable,
    RepeatRequest,
    ReplyNotInOrder,
    ReportIssuedBefore,
    ReturnForbidden,
    ReturnWindowClosed,
    RoleNotAllowed,
    SealBroken,
    SignInRequired,
    TelephonyUnavailable,
    TooManyTimes,
    TrunkSilent,
    WindowClosed,
)
from portal.access import who_asks
from portal.headers import add_page_headers
from portal.rendering import render

log = logging.getLogger("hotline.portal")

HTTP_STATUS: dict[type[HotlineError], int] = {
    NotFound: 404,
    InvalidInput: 422,
    RoleNotAllowed: 403,
    ActionNotAllowed: 409,
    ChangedMeanwhile: 409,
    LineChangedMeanwhile: 409,
    EntryChangedMeanwhile: 409,
    TrunkSilent: 502,
    SealBroken: 409,
    WindowClosed: 409,
    ReturnWindowClosed: 409,
    ReturnForbidden: 409,
    TooManyTimes: 409,
    NotByPolicy: 409,
    ApplicationPending: 409,
    OwnRequest: 403,
    HigherApproverNeeded: 403,
    AccusedUnit: 409,
    ApprovalNeeded: 409,
    RepeatRequest: 409,
    CannotMerge: 409,
    CannotUndo: 409,
    ReplyNotInOrder: 422,
    FileRefused: 422,
    AlreadySupervised: 409,
    ReportIssuedBefore: 409,
    DialerUnavailable: 503,
    TelephonyUnavailable: 503,
    DialForbidden: 403,
    MessageNotSent: 503,
    LinkUnusable: 404,
    LinkExpired: 410,
    AlreadyAnswered: 409,
    EmergencyNotSet: 409,
    BadPlan: 422,
    NotInTalk: 409,
    RecordingUnavailable: 409,
    PolicyError: 500,
    BadCredentials: 401,
    AccountLocked: 429,
    SignInRequired: 401,
    ForgedRequest: 403,
}

TITLES: dict[int, str] = {
    400: "请求有误",
    401: "需要登录",
    403: "不能进行这项操作",
    404: "没有找到",
    405: "不支持这种操作",
    409: "情况已变化",
    410: "已经过期",
    413: "内容太大",
    422: "填写内容有误",
    429: "操作过于频繁",
    500: "系统出了问题",
    502: "对方没有应答",
    503: "暂时不可用",
}

SENTENCES: dict[int, str] = {
    400: "请求的格式不正确，请返回重试",
    401: "请先登录",
    403: "您的岗位不能打开这个页面",
    404: "这个页面不存在，可能已经移动，或者地址输入有误",
    405: "这个地址不支持这种操作，请从页面上的按钮进入",
    413: "提交的内容太大，请删减后重试",
    500: "系统出了问题，已经记录下来；请稍后重试，仍不行请把下面的编号告诉管理员",
    503: "服务暂时不可用，请稍后重试",
}

FIELD_TOO_LONG = "exceeded maximum size"
"""What the form's reader says of a field of more than a megabyte."""

DATABASE_SENTENCE = "数据库暂时连接不上，您填写的内容请不要关闭，稍等片刻再提交"


@dataclass(frozen=True)
class Problem:
    """One refusal, ready for any of the three forms."""

    status: int
    code: str
    detail: str
    field: str | None = None
    errors: tuple[dict[str, str], ...] = ()

    @property
    def title(self) -> str:
        """The heading of this sort of refusal."""
        return TITLES.get(self.status, "请求未能完成")


def status_of(error: HotlineError) -> int:
    """The HTTP status of a refusal; the nearest class in the table decides."""
    for cls in type(error).__mro__:
        if cls in HTTP_STATUS:
            return HTTP_STATUS[cls]
    return 500


def install(app: FastAPI) -> None:
    """Answer every kind of error in the reader's form and language."""
    app.add_exception_handler(HotlineError, _on_refusal)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_crash)
    for error in DATABASE_DOWN:
        app.add_exception_handler(error, _on_database_down)
    for error in BAD_VALUE:
        app.add_exception_handler(error, _on_bad_value)


def answer(request: Request, problem: Problem) -> Response:
    """Give the problem in the form this client reads."""
    if request.url.path.startswith("/api/"):
        return _details(request, problem)
    if request.headers.get("hx-request"):
        return _fragment(request, problem)
    if not _reads_html(request):
        return _details(request, problem)
    if problem.status == 401 and problem.code == SignInRequired.code and request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(target, safe='')}", 303)
    return render(request, "error.html", status_code=problem.status, problem=problem)


def too_large(request: Request) -> Response:
    """The answer to a body longer than we read."""
    return answer(request, Problem(413, "too-large", SENTENCES[413]))


def _reads_html(request: Request) -> bool:
    accept = request.headers.get("accept", "*/*")
    return "text/html" in accept or accept == "*/*"


def _details(request: Request, problem: Problem) -> Response:
    """RFC 9457; `type` is a relative reference that names the code."""
    body: dict[str, object] = {
        "type": f"/problems/{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "instance": getattr(request.state, "request_id", ""),
    }
    if problem.field:
        body["field"] = problem.field
    if problem.errors:
        body["errors"] = list(problem.errors)
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
    return JSONResponse(
        body, problem.status, headers=headers, media_type="application/problem+json"
    )


def _fragment(request: Request, problem: Problem) -> Response:
    # Into #flash and nowhere else: the form on the page keeps what was typed.
    headers = {"HX-Retarget": "#flash", "HX-Reswap": "innerHTML"}
    return render(
        request,
        "error_fragment.html",
        status_code=problem.status,
        headers=headers,
        problem=problem,
    )


async def _on_refusal(request: Request, error: Exception) -> Response:
    refusal = cast(HotlineError, error)
    field = refusal.field if isinstance(refusal, InvalidInput) else None
    status = status_of(refusal)
    if status >= 500:
        log.warning("%s %s: %s", request.method, request.url.path, refusal)
    return answer(request, Problem(status, refusal.code, str(refusal), field))


async def _on_http(request: Request, error: Exception) -> Response:
    refusal = cast(HTTPException, error)
    # The form's reader has its own limit for one field and calls it a malformed request.
    status = 413 if FIELD_TOO_LONG in str(refusal.detail) else refusal.status_code
    code = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}.get(status, "error")
    detail = SENTENCES.get(status, "请求未能完成，请返回重试")
    if not hasattr(request.state, "me"):
        # No route, so no guard ran: find out who it is, so that the page keeps its frame.
        try:
            request.state.me = await who_asks(request)
        except DATABASE_DOWN:
            request.state.me = None
    response = answer(request, Problem(status, code, detail))
    for name, value in (refusal.headers or {}).items():
        response.headers[name] = value
    return response


async def _on_invalid(request: Request, error: Exception) -> Response:
    found = tuple(
        {"field": ".".join(str(part) for part in e["loc"][1:]), "message": _sentence(e)}
        for e in cast(RequestValidationError, error).errors()
    )
    first = found[0] if found else {"field": "", "message": "填写内容有误"}
    detail = "；".join("：".join(filter(None, (e["field"], e["message"]))) for e in found)
    problem = Problem(422, InvalidInput.code, detail, first["field"] or None, found)
    return answer(request, problem)


def _sentence(error: dict[str, object]) -> str:
    """A validator's finding in Chinese; the commonest kinds have words of their own."""
    kind, limits = str(error.get("type", "")), cast("dict[str, object]", error.get("ctx") or {})
    said = {
        "missing": "缺少这一项",
        "json_invalid": "不是有效的 JSON",
        "enum": f"只能是 {limits.get('expected', '')}",
        "literal_error": f"只能是 {limits.get('expected', '')}",
        "string_too_short": f"至少 {limits.get('min_length', '')} 个字",
        "string_too_long": f"最多 {limits.get('max_length', '')} 个字",
        "extra_forbidden": "没有这一项",
        "greater_than_equal": f"不能小于 {limits.get('ge', '')}",
        "less_than_equal": f"不能大于 {limits.get('le', '')}",
    }
    if kind in said:
        return said[kind]
    for part, sentence in (
        ("int", "应为整数"),
        ("bool", "应为 true 或 false"),
        ("date", "应为 ISO 8601 的日期或时间，例如 2026-11-22"),
        ("string", "应为文字"),
    ):
        if kind.startswith(part):
            return sentence
    return "内容不正确"


async def _on_database_down(request: Request, error: Exception) -> Response:
    log.error("database unavailable: %s %s: %s", request.method, request.url.path, error)
    return answer(request, Problem(503, "database-unavailable", DATABASE_SENTENCE))


async def _on_bad_value(request: Request, error: Exception) -> Response:
    log.warning("%s %s: %s", request.method, request.url.path, type(error).__name__)
    return answer(request, Problem(422, InvalidInput.code, str(InvalidInput())))


async def _on_crash(request: Request, error: Exception) -> Response:
    # The traceback is logged by the server; this runs outside our own middleware.
    response = answer(request, Problem(500, "internal-error", SENTENCES[500]))
    add_page_headers(request, response)
    return response
