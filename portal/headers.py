"""What every answer carries: the content policy, a request id, cache rules; and the access log."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from typing import cast

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

access_log = logging.getLogger("hotline.access")

_REQUEST_ID = re.compile(r"[\w.-]{8,64}")


def content_policy(softphone_urls: Sequence[str]) -> str:
    """The content policy: only our own files, and the telephones' sockets."""
    connect = " ".join(("'self'", *softphone_urls))
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src {connect}",
            "media-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def page_headers(policy: str) -> dict[str, str]:
    """Headers of every answer; pages and data are never kept by a cache."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=(self)",
        "Cache-Control": "no-store",
    }


def add_page_headers(request: Request, response: Response) -> None:
    """Add them to an answer made outside the middleware: the one after a crash."""
    for name, value in page_headers(request.app.state.content_policy).items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("X-Request-ID", getattr(request.state, "request_id", ""))


class HeadersMiddleware:
    """Adds the headers, names the request, and writes one line about it when it ends.

    `measure` gets method, route template, status and seconds. A body announced to be longer
    than `max_body` gives for its path, in bytes, is answered by `too_large` before anything is
    read; one that is not announced is cut off there.
    """

    def __init__(
        self,
        app: ASGIApp,
        policy: str,
        measure: Callable[[str, str, int, float], None],
        max_body: Callable[[str], int],
        too_large: Callable[[Request], Response],
    ) -> None:
        self.app = app
        self.headers = page_headers(policy)
        self.measure = measure
        self.max_body = max_body
        self.too_large = too_large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/static/") and status in {200, 304}:
                    headers["Cache-Control"] = _static_cache(scope)
                headers["X-Request-ID"] = request_id
            await send(message)

        read, most = 0, self.max_body(scope["path"])

        async def receive_counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413)
            return message

        inner = self.app
        if _announced(scope) > most:
            inner = self.too_large(Request(scope))
        try:
            await inner(scope, receive_counted, send_with_headers)
        finally:
            self._tell(scope, status, time.perf_counter() - started, request_id)

    def _tell(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        template = cast(str, getattr(scope.get("route"), "path_format", "") or "other")
        self.measure(scope["method"], template, status, seconds)
        me = scope.get("state", {}).get("me")
        # The path template, not the path: numbers of tickets and codes stay out of the log.
        access_log.info(
            "%s %s %d",
            scope["method"],
            template,
            status,
            extra={
                "method": scope["method"],
                "route": template,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "request_id": request_id,
                "login": me.login if me else None,
            },
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value.decode("latin-1")):
            return cast(str, value.decode("latin-1"))
    return secrets.token_hex(8)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _static_cache(scope: Scope) -> str:
    versioned = b"v=" in scope.get("query_string", b"")
    return "public, max-age=31536000, immutable" if versioned else "no-cache"
