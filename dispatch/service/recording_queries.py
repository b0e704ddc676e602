"""Recordings as people meet them: beside their call, to be heard by whom the rules let."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from dispatch.db import Session
from dispatch.domain.call_terms import ListeningKind, RecordingState, TranscriptState
from dispatch.domain.errors import NotFound, RecordingUnavailable
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.telephone import ListeningLog, Recording
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible
from dispatch.service.contact_queries import contacts_visible

LISTENERS = frozenset({Role.AGENT, Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER})
"""Who may hear a recording: the centre's own people, never the units or the leaders."""

CITIZEN_CHANNEL, AGENT_CHANNEL = 0, 1


@dataclass(frozen=True)
class Sentence:
    """One sentence of a transcript: seconds, the channel, the words."""

    start: float
    end: float
    channel: int
    words: str


@dataclass(frozen=True, kw_only=True)
class RecordingLine:
    """One recording beside its call. `state` None: it lies there and was never put away."""

    contact_id: int
    voicemail: bool
    state: RecordingState | None
    seconds: float | None
    channels: int
    peaks: list[list[int]]
    masks: list[list[float]]
    problem: str
    keep_until: datetime | None
    transcript: TranscriptState | None
    transcribed_part: int
    """Per cent of the recording that is in words, while the work goes on."""

    @property
    def url(self) -> str:
        """Where its sound is."""
        return f"/recordings/{self.contact_id}{'?voicemail=1' if self.voicemail else ''}"

    @property
    def transcript_url(self) -> str:
        """Where its words are."""
        return f"/recordings/{self.contact_id}/words{'?voicemail=1' if self.voicemail else ''}"

    @property
    def playable(self) -> bool:
        """Whether there is something to hear."""
        return self.state in (None, RecordingState.STORED)


@dataclass(frozen=True)
class SoundPlace:
    """Where the sound of one recording lies; `recording_id` None: it was never put away."""

    path: str
    key_id: str | None
    recording_id: int | None
    contact_id: int
    agent_id: int | None
    ticket_number: str | None


@dataclass(frozen=True)
class CallPage:
    """One call with its recordings, for its own page."""

    id: int
    direction: str
    caller: str | None
    line: str | None
    agent: str | None
    started_at: datetime
    talk_s: float | None
    ticket_number: str | None
    lines: tuple[RecordingLine, ...]


def lines_of(
    session: Session, reader: Actor, contact_ids: Iterable[int]
) -> dict[int, tuple[RecordingLine, ...]]:
    """The recordings of calls the reader already sees, talk first, then the message left."""
    if reader.role not in LISTENERS:
        return {}
    rows = session.execute(
        select(Contact, Recording)
        .outerjoin(
            Recording,
            and_(
                Recording.contact_id == Contact.id,
                or_(Recording.path == Contact.recording, Recording.path == Contact.voicemail),
            ),
        )
        .where(Contact.id.in_(list(contact_ids)))
    )
    pairs: list[tuple[Contact, Recording | None]] = [(contact, row) for contact, row in rows]
    found: dict[int, tuple[RecordingLine, ...]] = {}
    contacts = {contact.id: contact for contact, _ in pairs}
    by_path = {row.path: row for _, row in pairs if row is not None}
    for contact in contacts.values():
        found[contact.id] = tuple(
            _line(contact.id, by_path.get(path), voicemail=voicemail)
            for path, voicemail in ((contact.recording, False), (contact.voicemail, True))
            if path is not None and (voicemail or _talked(contact))
        )
    return found


def call_page(session: Session, reader: Actor, contact_id: int) -> CallPage:
    """One call and its recordings.

    Raises:
        NotFound: there is none, or the reader may not hear it.
    """
    row = session.execute(
        select(Contact, Ticket.number, Staff.name)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .outerjoin(Staff, Staff.id == Contact.agent_id)
        .where(Contact.id == contact_id, _heard_by(reader))
    ).one_or_none()
    if row is None:
        raise NotFound("没有找到这次通话，或您无权查看")
    contact, number, agent = row
    return CallPage(
        id=contact.id,
        direction=contact.direction,
        caller=contact.caller,
        line=contact.line,
        agent=agent,
        started_at=contact.started_at,
        talk_s=contact.talk_s,
        ticket_number=number,
        lines=lines_of(session, reader, [contact.id]).get(contact.id, ()),
    )


def place_of(session: Session, reader: Actor, contact_id: int, *, voicemail: bool) -> SoundPlace:
    """Where the sound of a call lies.

    Raises:
        NotFound: there is none, or the reader may not hear it.
        RecordingUnavailable: its time is over, or its file is missing.
    """
    contact, number, row = _found(session, reader, contact_id, voicemail=voicemail)
    path = contact.voicemail if voicemail else contact.recording
    assert path is not None
    if row is None or row.state == RecordingState.RECORDING.value:
        return SoundPlace(path, None, None, contact.id, contact.agent_id, number)
    if row.state == RecordingState.DELETED.value:
        raise RecordingUnavailable("这段录音已过保存期限，按规定删除")
    if row.state == RecordingState.MISSING.value:
        raise RecordingUnavailable("这段录音的文件缺失，请联系系统管理员")
    return SoundPlace(path, row.key_id, row.id, contact.id, contact.agent_id, number)


def words_of(
    session: Session, reader: Actor, contact_id: int, *, voicemail: bool
) -> tuple[SoundPlace, tuple[Sentence, ...]]:
    """The transcript of a call, by time.

    Raises:
        NotFound: there is none, or the reader may not read it.
    """
    contact, number, row = _found(session, reader, contact_id, voicemail=voicemail)
    if row is None or not row.transcript_parts:
        raise NotFound("这段录音还没有转写")
    place = SoundPlace(row.path, row.key_id, row.id, contact.id, contact.agent_id, number)
    return place, tuple(Sentence(*part) for part in row.transcript_parts)


def heard_since(
    session: Session,
    reader: Actor,
    kind: ListeningKind,
    place: SoundPlace,
    *,
    since: datetime,
) -> bool:
    """Whether the reader began to play this sound, or to read its words, after that moment."""
    row = session.scalar(
        select(ListeningLog.id)
        .where(
            ListeningLog.staff_id == reader.staff_id,
            ListeningLog.kind == kind.value,
            ListeningLog.contact_id == place.contact_id,
            ListeningLog.recording_id.is_not_distinct_from(place.recording_id),
            ListeningLog.at > since,
        )
        .limit(1)
    )
    return row is not None


def _found(
    session: Session, reader: Actor, contact_id: int, *, voicemail: bool
) -> tuple[Contact, str | None, Recording | None]:
    column = Contact.voicemail if voicemail else Contact.recording
    row = session.execute(
        select(Contact, Ticket.number, Recording)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .outerjoin(Recording, Recording.path == column)
        .where(Contact.id == contact_id, column.is_not(None), _heard_by(reader))
    ).one_or_none()
    if row is None:
        raise NotFound("没有找到这段录音，或您无权收听")
    return row[0], row[1], row[2]


def _heard_by(reader: Actor) -> ColumnElement[bool]:
    """By whom the ticket may be read; without a ticket by the centre, and by who spoke."""
    if reader.role not in LISTENERS:
        return Contact.id.is_(None)
    of_ticket = and_(Contact.ticket_id.is_not(None), visible(reader))
    return or_(of_ticket, and_(Contact.ticket_id.is_(None), contacts_visible(reader)))


def _talked(contact: Contact) -> bool:
    return contact.answered_at is not None or contact.imported or contact.talk_s is not None


def _line(contact_id: int, row: Recording | None, *, voicemail: bool) -> RecordingLine:
    if row is None:
        row = Recording(channels=1, state=None, masks=[], peaks=None, problem="")
    state = RecordingState(row.state) if row.state else None
    return RecordingLine(
        contact_id=contact_id,
        voicemail=voicemail,
        state=state,
        seconds=row.duration_s,
        channels=row.channels or 1,
        peaks=row.peaks or [],
        masks=row.masks or [],
        problem=row.problem or "",
        keep_until=row.keep_until,
        transcript=TranscriptState(row.transcript_state) if row.transcript_state else None,
        transcribed_part=_part(row),
    )


def _part(row: Recording) -> int:
    if not row.transcript_parts or not row.duration_s:
        return 0
    # One voice is put into words after the other.
    channel = max(int(part[2]) for part in row.transcript_parts)
    last = max(float(part[1]) for part in row.transcript_parts if part[2] == channel)
    done = (channel + last / row.duration_s) / (row.channels or 1)
    return min(99, round(100 * done))
