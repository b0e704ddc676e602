"""GET /live: the stream of events a page listens to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import anyio
from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from dispatch.service import accounts
from portal.deps import Me, PortalContext, context_of
from portal.live import Connection, LiveHub, Message

router = APIRouter()

BEAT_SECONDS = 15
RECHECK_BEATS = 4


@router.get("/live", response_class=EventSourceResponse, include_in_schema=False)
async def live(request: Request, me: Me) -> AsyncIterator[ServerSentEvent]:
    """Stream what concerns the reader; a beat every 15 s, the session checked every minute."""
    hub = cast(LiveHub, request.app.state.live)
    ctx = context_of(request)
    connection = hub.connect(me.actor)
    try:
        # The greeting's id lets a page that hears nothing else say where it was.
        last = request.headers.get("last-event-id", "")
        if last.isascii() and last.isdigit() and len(last) < 16:
            yield ServerSentEvent(event="hello", data={}, retry=1000)
            for missed in await run_in_threadpool(hub.missed, me.actor, int(last)):
                yield _event(missed)
        else:
            newest = await run_in_threadpool(hub.newest)
            yield ServerSentEvent(event="hello", data={}, retry=1000, id=str(newest))
        beats = 0
        while True:
            message = await _next(connection)
            if isinstance(message, Message):
                yield _event(message)
            elif message is False:
                return
            else:
                beats += 1
                if beats % RECHECK_BEATS == 0 and not await _still_signed_in(ctx, me):
                    yield ServerSentEvent(event="signed_out", data={})
                    return
                yield ServerSentEvent(event="beat", data={})
    finally:
        hub.disconnect(connection)


async def _next(connection: Connection) -> Message | bool | None:
    """The next message; None when it is time for a beat, False when the server goes down."""
    with anyio.move_on_after(BEAT_SECONDS):
        message = await connection.queue.get()
        return False if message is None else message
    return None


async def _still_signed_in(ctx: PortalContext, me: Me) -> bool:
    return await run_in_threadpool(_session_runs, ctx, me.sign_in_id)


def _session_runs(ctx: PortalContext, sign_in_id: int | None) -> bool:
    with ctx.db.read() as session:
        return sign_in_id is not None and accounts.session_runs(
            session, sign_in_id, now=ctx.clock()
        )


def _event(message: Message) -> ServerSentEvent:
    return ServerSentEvent(
        event=message.event,
        data=message.data,
        id=None if message.id is None else str(message.id),
    )
