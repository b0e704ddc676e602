"""Hearing a recording: its sound whole or by range, its words, and the page of one call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from dispatch.db import Session
from dispatch.domain.call_terms import ListeningKind, TranscriptState
from dispatch.domain.errors import NotFound, RecordingUnavailable
from dispatch.domain.people import Actor
from dispatch.domain.worktime import SHANGHAI
from dispatch.files.recordings import RecordingFolder
from dispatch.service import listening, queries_ticket, recording_queries, transcripts
from dispatch.service.recording_queries import SoundPlace
from portal.deps import Ctx, Me, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)

Voicemail = Annotated[bool, Query()]
Download = Annotated[bool, Query()]

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

SHOWN = frozenset({TranscriptState.WAITING, TranscriptState.WORKING, TranscriptState.DONE})

SAME_PLAY = timedelta(minutes=2)
"""A player asks for one recording piece by piece: within this time that is one listening."""


@router.get("/recordings/{contact_id}")
def sound(
    request: Request,
    contact_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    voicemail: Voicemail = False,
    download: Download = False,
) -> Response:
    """A call's recording, whole or by range; who listened is written down first."""
    with ctx.db.work() as session:
        place = recording_queries.place_of(session, me.actor, contact_id, voicemail=voicemail)
        size = _size(ctx.recordings, place)
        kind = ListeningKind.DOWNLOAD if download else ListeningKind.PLAY
        _write_down(session, me.actor, place, kind, now)
        headers = {"Accept-Ranges": "bytes", "Content-Disposition": _name(place, now, download)}
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    start, stop, status = 0, size, 200
    if found is not None and any(found.groups()):
        start, stop = _span(found[1], found[2], size)
        if start >= stop:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        status = 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["Content-Length"] = str(stop - start)
    pieces = _pieces(ctx.recordings, place, start, stop)
    return StreamingResponse(pieces, status, headers, media_type="audio/wav")


@router.get("/recordings/{contact_id}/words")
def words(
    request: Request, contact_id: int, ctx: Ctx, me: Me, now: Now, voicemail: Voicemail = False
) -> Response:
    """A call's transcript by sentence; who read it is written down."""
    with ctx.db.work() as session:
        place, sentences = recording_queries.words_of(
            session, me.actor, contact_id, voicemail=voicemail
        )
        _write_down(session, me.actor, place, ListeningKind.TRANSCRIPT, now)
    return render(request, "recordings/words.html", sentences=sentences)


@router.get("/agent/contact/{contact_id}/transcript")
def offer(request: Request, contact_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """What was said, for the agent who writes the call up; 204 while there is nothing to say."""
    with ctx.db.work() as session:
        page = recording_queries.call_page(session, me.actor, contact_id)
        line = next((one for one in page.lines if one.transcript in SHOWN), None)
        if line is None:
            return Response(status_code=204)
        sentences: tuple[recording_queries.Sentence, ...] = ()
        if line.transcript is TranscriptState.DONE:
            place, sentences = recording_queries.words_of(
                session, me.actor, contact_id, voicemail=line.voicemail
            )
            _write_down(session, me.actor, place, ListeningKind.TRANSCRIPT, now)
    return render(request, "agent/transcript.html", line=line, sentences=sentences)


@router.post("/recordings/{contact_id}/transcribe")
def transcribe(
    request: Request, contact_id: int, ctx: Ctx, me: Me, now: Now, voicemail: Voicemail = False
) -> Response:
    """Ask for a recording to be put into words."""
    with ctx.db.work() as session:
        place = recording_queries.place_of(session, me.actor, contact_id, voicemail=voicemail)
        transcripts.ask(session, place.recording_id, on=ctx.speech)
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return RedirectResponse(f"/calls/{contact_id}", 303)


@router.get("/calls/{contact_id}")
def call(request: Request, contact_id: int, ctx: Ctx, me: Me) -> Response:
    """One call with its recordings."""
    with ctx.db.read() as session:
        page = recording_queries.call_page(session, me.actor, contact_id)
    return render(request, "recordings/call.html", call=page)


def _write_down(
    session: Session, actor: Actor, place: SoundPlace, kind: ListeningKind, now: datetime
) -> None:
    if place.ticket_number is not None:
        queries_ticket.look_at(session, actor, place.ticket_number, "recording", now=now)
    if kind is not ListeningKind.DOWNLOAD and recording_queries.heard_since(
        session, actor, kind, place, since=now - SAME_PLAY
    ):
        return
    listening.log(
        session,
        actor,
        kind,
        now=now,
        agent_id=place.agent_id,
        contact_id=place.contact_id,
        recording_id=place.recording_id,
    )


def _size(folder: RecordingFolder, place: SoundPlace) -> int:
    try:
        with folder.opened(place.path, place.key_id) as opened:
            return opened.size
    except RecordingUnavailable:
        if place.recording_id is not None:
            raise
        # The name came from outside: whatever it says, only files of the folder are served.
        raise NotFound("录音文件不在了，可能尚未写完或已过保存期") from None


def _pieces(folder: RecordingFolder, place: SoundPlace, start: int, stop: int) -> Iterator[bytes]:
    with folder.opened(place.path, place.key_id) as opened:
        yield from opened.read(start, stop)


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """RFC 9110 14.1.2: from-to, from-, or the last so many bytes."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1 if last else size)


def _name(place: SoundPlace, now: datetime, download: bool) -> str:
    if not download:
        return "inline"
    day = now.astimezone(SHANGHAI)
    return f'attachment; filename="recording-{place.contact_id}-{day:%Y%m%d%H%M}.wav"'
