"""Recordings in words: a queue that workers claim from, with retries, and who may ask for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.call_terms import RecordingState, TranscriptState
from dispatch.domain.errors import RecordingUnavailable
from dispatch.domain.events import RecordingTranscribed
from dispatch.domain.people import SYSTEM
from dispatch.models.telephone import Recording

TRIES = 3
ABANDONED = timedelta(minutes=15)
"""A worker that has said nothing for so long has died; another takes the recording up."""


@dataclass(frozen=True)
class Claimed:
    """A recording that this worker puts into words."""

    recording_id: int
    path: str
    key_id: str | None
    try_number: int


def ask(session: Session, recording_id: int | None, *, on: bool) -> None:
    """Put a recording into the queue; one that is there or done stays as it is.

    Raises:
        RecordingUnavailable: speech is not set up, or there is nothing put away to read.
    """
    if not on:
        raise RecordingUnavailable("没有启用语音转写，请系统管理员设置 HOTLINE_SPEECH")
    row = session.get(Recording, recording_id, with_for_update=True) if recording_id else None
    if row is None:
        raise RecordingUnavailable("录音尚未入库，请稍后再试")
    if row.transcript_state in (None, TranscriptState.FAILED.value):
        row.transcript_state = TranscriptState.WAITING.value
        row.transcript_tries = 0


def claim(session: Session, *, now: datetime) -> Claimed | None:
    """Take the oldest one in the queue, or one whose worker died; None when there is none.

    Two workers never get the same: the row changes only for the one whose update finds it so.
    """
    state, at = Recording.transcript_state, Recording.transcript_at
    free = or_(
        state == TranscriptState.WAITING.value,
        and_(state == TranscriptState.WORKING.value, at < now - ABANDONED),
    )
    while True:
        found = session.execute(
            select(Recording.id, Recording.transcript_tries)
            .where(free, Recording.state == RecordingState.STORED.value)
            .order_by(Recording.id)
            .limit(1)
        ).first()
        if found is None:
            return None
        taken = session.execute(
            update(Recording)
            .where(Recording.id == found[0], free, Recording.transcript_tries == found[1])
            .values(
                transcript_state=TranscriptState.WORKING.value,
                transcript_at=now,
                transcript_tries=found[1] + 1,
                transcript_parts=[],
            )
            .returning(Recording.path, Recording.key_id)
            .execution_options(synchronize_session=False)
        ).first()
        if taken is not None:
            return Claimed(found[0], taken[0], taken[1], found[1] + 1)


def progress(
    session: Session, claimed: Claimed, parts: Sequence[Sequence[object]], *, now: datetime
) -> bool:
    """Keep what is in words so far; False when the recording is no longer this worker's."""
    return _write(session, claimed, transcript_parts=list(parts), transcript_at=now)


def done(
    session: Session,
    claimed: Claimed,
    parts: Sequence[Sequence[object]],
    *,
    model: str,
    now: datetime,
) -> bool:
    """Keep the whole; False when the recording is no longer this worker's."""
    finished = _write(
        session,
        claimed,
        transcript_parts=list(parts),
        transcript="\n".join(str(part[3]) for part in parts),
        transcript_model=model[:60],
        transcript_at=now,
        transcript_state=TranscriptState.DONE.value,
    )
    if finished:
        _tell(session, claimed.recording_id, TranscriptState.DONE, now)
    return finished


def failed(session: Session, claimed: Claimed, *, now: datetime) -> None:
    """Put it back into the queue, or give up after the last try."""
    last = claimed.try_number >= TRIES
    state = TranscriptState.FAILED if last else TranscriptState.WAITING
    changed = _write(
        session, claimed, transcript_state=state.value, transcript_parts=None, transcript_at=now
    )
    if changed and last:
        _tell(session, claimed.recording_id, state, now)


def give_back(session: Session, claimed: Claimed, *, now: datetime) -> None:
    """Put it back as if it had never been claimed: this worker stops."""
    _write(
        session,
        claimed,
        transcript_state=TranscriptState.WAITING.value,
        transcript_tries=claimed.try_number - 1,
        transcript_parts=None,
        transcript_at=now,
    )


def waiting(session: Session) -> int:
    """How many recordings are to be put into words."""
    states = [TranscriptState.WAITING.value, TranscriptState.WORKING.value]
    counted = select(func.count()).where(Recording.transcript_state.in_(states))
    return session.scalar(counted) or 0


def _write(session: Session, claimed: Claimed, **values: object) -> bool:
    changed = session.execute(
        update(Recording)
        .where(
            Recording.id == claimed.recording_id,
            Recording.transcript_state == TranscriptState.WORKING.value,
            Recording.transcript_tries == claimed.try_number,
            Recording.state == RecordingState.STORED.value,
        )
        .values(**values)
        .returning(Recording.id)
        .execution_options(synchronize_session=False)
    ).first()
    return changed is not None


def _tell(session: Session, recording_id: int, state: TranscriptState, now: datetime) -> None:
    contact_id = session.scalar(select(Recording.contact_id).where(Recording.id == recording_id))
    fact = RecordingTranscribed(
        at=now, contact_id=contact_id, recording_id=recording_id, state=state.value
    )
    record(session, SYSTEM, fact)
