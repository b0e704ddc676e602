"""Recordings of finished calls: put away, missing, kept as long as the rules say, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.call_rules import RecordingRules
from dispatch.domain.call_terms import RecordingState, TranscriptState
from dispatch.domain.events import RecordingStored
from dispatch.domain.people import SYSTEM
from dispatch.domain.vocabulary import Status
from dispatch.files.recordings import Kept
from dispatch.files.sound import Sound
from dispatch.models.contacts import Contact
from dispatch.models.telephone import Recording
from dispatch.models.tickets import Ticket
from dispatch.service import recording_masks
from dispatch.service.recording_rows import row_of

SETTLE = timedelta(seconds=15)
"""How long after a call's end the telephone system is given to close its files."""

LOST_AFTER = timedelta(minutes=10)
"""A file not there so long after the end of its call is missing."""

LOOK_BACK = timedelta(days=30)
SEARCH_AGAIN = timedelta(days=2)
"""A missing file is still looked for this long: another machine's may come late."""

FREE_OF_REASON = timedelta(hours=1)
"""Calls nobody answered have no recording; one that is there all the same is taken in."""

ODD_S, ODD_PART = 5.0, 0.1
"""A recording may be this much shorter or longer than the talk: seconds, or part of it."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A finished call whose recording is not put away yet."""

    contact_id: int
    path: str
    ended_at: datetime
    expected: bool
    """Whether a file has to be there: somebody talked, or left a message."""
    moments: tuple[tuple[str | None, ...], ...]
    """When it was asked to be silent."""


@dataclass(frozen=True)
class Held:
    """A recording as its file has to be treated: where it lies, and which key opens it."""

    recording_id: int
    path: str
    key_id: str | None
    state: RecordingState


def waiting(session: Session, *, now: datetime, after: int, limit: int) -> list[Waiting]:
    """Finished calls whose recording or message is still to be put away, by contact id."""
    found: list[Waiting] = []
    for column in (Contact.recording, Contact.voicemail):
        rows = session.execute(
            select(Contact, Recording.mask_moments)
            .outerjoin(Recording, Recording.path == column)
            .where(_unfinished(column, now), Contact.id > after)
            .order_by(Contact.id)
            .limit(limit)
        )
        found += [_waiting(contact, column, moments or []) for contact, moments in rows]
    # The two lists may reach differently far: what lies beyond the shorter waits for its turn.
    return sorted(found, key=lambda one: one.contact_id)[:limit]


def _unfinished(column: InstrumentedAttribute[str | None], now: datetime) -> ColumnElement[bool]:
    missing = and_(
        Recording.state == RecordingState.MISSING.value, Contact.ended_at > now - SEARCH_AGAIN
    )
    open_row = or_(Recording.id.is_(None), Recording.state == RecordingState.RECORDING.value)
    talked = or_(Contact.answered_at.is_not(None), Contact.voicemail.is_not(None))
    return and_(
        column.is_not(None),
        Contact.imported.is_(False),
        Contact.started_at > now - LOOK_BACK,
        Contact.ended_at <= now - SETTLE,
        or_(open_row, missing),
        or_(talked, Contact.ended_at > now - FREE_OF_REASON),
    )


def _waiting(
    contact: Contact, column: InstrumentedAttribute[str | None], moments: list[list[str | None]]
) -> Waiting:
    message = column.key == Contact.voicemail.key
    path = contact.voicemail if message else contact.recording
    assert path is not None
    assert contact.ended_at is not None
    return Waiting(
        contact_id=contact.id,
        path=path,
        ended_at=contact.ended_at,
        expected=message or contact.answered_at is not None,
        moments=tuple(tuple(moment) for moment in moments),
    )


def spans_to_silence(session: Session, one: Waiting, sound: Sound) -> list[tuple[float, float]]:
    """Where the sound has to be silent, in seconds of the file."""
    if not one.moments:
        return []
    contact = session.get_one(Contact, one.contact_id)
    return recording_masks.spans_of(
        one.moments,
        began_at=recording_masks.began(contact, sound.seconds),
        seconds=sound.seconds,
        talk_s=contact.talk_s,
        dead=sound.dead_spans(0.2),
    )


def stored(
    session: Session,
    one: Waiting,
    kept: Kept,
    rules: RecordingRules,
    *,
    transcribe: bool,
    now: datetime,
) -> bool:
    """Write down that the file was put away and verified; False when another process has."""
    row = _row(session, one)
    if row is None:
        return False
    contact = session.get_one(Contact, one.contact_id)
    row.state = RecordingState.STORED.value
    row.size, row.duration_s, row.channels = kept.size, kept.seconds, kept.channels
    row.sha256, row.key_id = kept.sha256, kept.key_id
    row.masks, row.peaks = kept.masks, kept.peaks
    row.problem = _odd(contact, kept.seconds) if one.path == contact.recording else ""
    row.stored_at = now
    row.keep_until = keep_until(contact, rules)
    row.transcript_state = TranscriptState.WAITING.value if transcribe else None
    session.flush()
    record(session, SYSTEM, RecordingStored(at=now, contact_id=contact.id, recording_id=row.id))
    return True


def missing(session: Session, one: Waiting, problem: str, *, now: datetime) -> bool:
    """Make visible that a call's recording cannot be put away; False when it is known already."""
    row = _row(session, one)
    if row is None or (row.state == RecordingState.MISSING.value and row.problem == problem):
        return False
    row.state, row.problem = RecordingState.MISSING.value, problem[:120]
    return True


def keep_until(contact: Contact, rules: RecordingRules) -> datetime:
    """How long the recording is kept: longer when a ticket came of the call."""
    days = rules.keep_days
    if contact.ticket_id is not None:
        days = max(days, rules.keep_ticket_days)
    return contact.started_at + timedelta(days=days)


def due_for_deletion(session: Session, *, now: datetime, after: int, limit: int) -> list[int]:
    """Recordings whose time is over, by id, unless their ticket is still open."""
    open_ticket = Ticket.status.in_([status.value for status in Status if status.is_open])
    return list(
        session.scalars(
            select(Recording.id)
            .outerjoin(Contact, Contact.id == Recording.contact_id)
            .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
            .where(
                Recording.state == RecordingState.STORED.value,
                Recording.keep_until <= now,
                Recording.id > after,
                or_(Ticket.id.is_(None), ~open_ticket),
            )
            .order_by(Recording.id)
            .limit(limit)
        )
    )


def claim_deletion(
    session: Session, recording_id: int, rules: RecordingRules, *, now: datetime
) -> Held | None:
    """Mark one as deleted; None, with a later day, when the rules of today keep it longer.

    The row stays, without anything that was said. The file is removed before this is committed:
    after a crash in between the row is found again.
    """
    row = session.get(Recording, recording_id, with_for_update=True)
    if row is None or row.state != RecordingState.STORED.value:
        return None
    contact = session.get(Contact, row.contact_id) if row.contact_id is not None else None
    if contact is not None and (later := keep_until(contact, rules)) > now:
        row.keep_until = later
        return None
    held = Held(row.id, row.path, row.key_id, RecordingState.STORED)
    row.state, row.deleted_at = RecordingState.DELETED.value, now
    row.peaks, row.transcript, row.transcript_parts = None, "", None
    row.transcript_state = None
    return held


def held_at(session: Session, path: str) -> Held | None:
    """What is known of the file at this path."""
    row = session.execute(
        select(Recording.id, Recording.path, Recording.key_id, Recording.state).where(
            Recording.path == path
        )
    ).first()
    return None if row is None else Held(row[0], row[1], row[2], RecordingState(row[3]))


def count_missing(session: Session) -> int:
    """How many recordings are missing."""
    missing_rows = select(func.count()).where(Recording.state == RecordingState.MISSING.value)
    return session.scalar(missing_rows) or 0


def key_ids(session: Session) -> set[str]:
    """The keys that recordings which are still there were sealed with."""
    rows = session.scalars(
        select(Recording.key_id)
        .where(Recording.state == RecordingState.STORED.value, Recording.key_id.is_not(None))
        .distinct()
    )
    return {key_id for key_id in rows if key_id is not None}


def stored_after(session: Session, after: int, *, limit: int) -> list[tuple[Held, str | None]]:
    """Recordings that are put away, by id, each with the digest it must have."""
    rows = session.execute(
        select(Recording.id, Recording.path, Recording.key_id, Recording.sha256)
        .where(Recording.state == RecordingState.STORED.value, Recording.id > after)
        .order_by(Recording.id)
        .limit(limit)
    )
    return [(Held(row[0], row[1], row[2], RecordingState.STORED), row[3]) for row in rows]


def sha256_of(session: Session, recording_id: int) -> str | None:
    """The digest its plain sound must have."""
    return session.get_one(Recording, recording_id).sha256


def _odd(contact: Contact, seconds: float) -> str:
    talk = contact.talk_s
    if talk is None or abs(talk - seconds) <= max(ODD_S, ODD_PART * talk):
        return ""
    return f"录音 {seconds:.0f} 秒，通话 {talk:.0f} 秒，时长不符"


def _row(session: Session, one: Waiting) -> Recording | None:
    """The row to fill in, locked; None when the recording is put away or deleted already."""
    row = row_of(session, session.get_one(Contact, one.contact_id), one.path)
    done = {RecordingState.STORED.value, RecordingState.DELETED.value}
    return None if row.state in done else row
