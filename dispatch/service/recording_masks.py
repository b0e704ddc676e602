"""Moments at which an agent asked for silence in the recording, and where they lie in the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.call_terms import RecordingState
from dispatch.domain.errors import RecordingUnavailable
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.contacts import Contact
from dispatch.models.telephone import Recording
from dispatch.service.access import require_role
from dispatch.service.recording_rows import row_of

MARGIN_S = 0.5
"""Silenced before and after as well: a key is pressed when the first digit is already said."""

ALIKE_S = 1.0
"""How much a silence in the file may differ from the one asked for and still be it."""

Span = tuple[float, float]


def begin(session: Session, actor: Actor, contact_id: int, *, now: datetime) -> None:
    """Keep that the talk is to be silent from now on; asked twice it is once.

    Called before the telephone system is asked, so that a mute that comes late leaks nothing.

    Raises:
        RecordingUnavailable: this talk is not recorded, or its recording is put away already.
    """
    require_role(actor, Role.AGENT, Role.SUPERVISOR)
    row = _row(session, contact_id)
    if not row.mask_moments or row.mask_moments[-1][1] is not None:
        row.mask_moments = [*row.mask_moments, [now.isoformat(), None]]


def end(session: Session, actor: Actor, contact_id: int, *, now: datetime) -> None:
    """Keep that the talk may be heard again; nothing happens when it was not silent.

    Raises:
        RecordingUnavailable: this talk is not recorded, or its recording is put away already.
    """
    require_role(actor, Role.AGENT, Role.SUPERVISOR)
    row = _row(session, contact_id)
    if row.mask_moments and row.mask_moments[-1][1] is None:
        row.mask_moments = [*row.mask_moments[:-1], [row.mask_moments[-1][0], now.isoformat()]]


def is_masked(session: Session, contact_id: int) -> bool:
    """Whether the talk is silent in the recording now."""
    moments: list[list[str | None]] | None = session.scalar(
        select(Recording.mask_moments).where(
            Recording.contact_id == contact_id,
            Recording.state == RecordingState.RECORDING.value,
        )
    )
    return moments is not None and moments != [] and moments[-1][1] is None


def spans_of(
    moments: Iterable[Sequence[str | None]],
    *,
    began_at: datetime,
    seconds: float,
    talk_s: float | None,
    dead: Sequence[Span],
) -> list[Span]:
    """Where the moments lie in a file that `began_at` and lasts `seconds`.

    While a transfer was under way nothing was recorded, so the file may be shorter than the talk
    by that much and a moment lie earlier in it: then everything from the earliest place on is
    silenced, unless the file shows by `dead` (exact silence) where the mute took effect.
    """
    lost = max(0.0, (talk_s or seconds) - seconds)
    spans: list[Span] = []
    for start, end in moments:
        first = (_moment(start) - began_at).total_seconds() if start else 0.0
        last = (_moment(end) - began_at).total_seconds() if end else seconds + lost
        wide = (first - lost - MARGIN_S, last + MARGIN_S)
        exact = [
            silence
            for silence in dead
            if wide[0] <= silence[0]
            and silence[1] <= wide[1] + ALIKE_S
            and abs((silence[1] - silence[0]) - (last - first)) <= ALIKE_S
        ]
        if lost > MARGIN_S and exact:
            wide = (exact[0][0] - MARGIN_S, exact[0][1] + MARGIN_S)
        spans.append((max(0.0, wide[0]), min(seconds, wide[1])))
    return _merged([span for span in spans if span[0] < span[1]])


def began(contact: Contact, seconds: float) -> datetime:
    """When the first sound of the file was: the talk's begin, or reckoned from its end."""
    if contact.answered_at is not None:
        return contact.answered_at
    return (contact.ended_at or contact.started_at) - timedelta(seconds=seconds)


def _merged(spans: list[Span]) -> list[Span]:
    together: list[Span] = []
    for start, end in sorted(spans):
        if together and start <= together[-1][1]:
            together[-1] = (together[-1][0], max(end, together[-1][1]))
        else:
            together.append((start, end))
    return together


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _row(session: Session, contact_id: int) -> Recording:
    contact = session.get(Contact, contact_id)
    if contact is None or contact.recording is None:
        raise RecordingUnavailable("这次通话没有录音，不需要遮蔽")
    row = row_of(session, contact, contact.recording)
    if row.state != RecordingState.RECORDING.value:
        raise RecordingUnavailable("这次通话已经结束，录音已入库")
    return row
