"""The contact centre's own tables: seats' past, skills, call-backs, flags, recordings, trunks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_OPEN_CALL_BACK = text("state IN ('waiting', 'calling')")
_LIVE_FLAG = text("state IN ('proposed', 'active')")
_OPEN_INTERVAL = text("until IS NULL")


class StaffSkill(Base):
    """A skill of an agent; a higher penalty is rung later."""

    __tablename__ = "staff_skill"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(String(40), primary_key=True)
    penalty: Mapped[int] = mapped_column(default=0)


class AgentInterval(Base):
    """How long an agent was in one state; `until` None is now. At most one is open per agent."""

    __tablename__ = "agent_interval"
    __table_args__ = (
        Index("ix_agent_interval_staff", "staff_id", "since"),
        Index("ix_agent_interval_since", "since"),
        Index(
            "ix_agent_interval_open",
            "staff_id",
            unique=True,
            postgresql_where=_OPEN_INTERVAL,
            sqlite_where=_OPEN_INTERVAL,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    extension: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(60), default="")
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    call_id: Mapped[str | None] = mapped_column(String(80))
    node: Mapped[str] = mapped_column(String(20), default="")


class CallBack(Base):
    """Somebody to be rung back; `place_at` is since when he holds his place in the queue.

    A number has at most one that is open, so nobody is rung twice for calling three times.
    """

    __tablename__ = "call_back"
    __table_args__ = (
        Index("ix_call_back_state", "state", "next_at"),
        Index(
            "ix_call_back_open",
            "number",
            unique=True,
            postgresql_where=_OPEN_CALL_BACK,
            sqlite_where=_OPEN_CALL_BACK,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    number: Mapped[str] = mapped_column(String(40), index=True)
    line: Mapped[str | None] = mapped_column(String(40))
    queue: Mapped[str] = mapped_column(String(40))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    missed_calls: Mapped[int] = mapped_column(default=1)
    last_missed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When he last gave up: who is answered after it has got through."""
    place_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    call_id: Mapped[str | None] = mapped_column(String(80), unique=True)
    """Our id of the call now or last placed."""
    called_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    node: Mapped[str] = mapped_column(String(20), default="")


class NumberFlag(Base):
    """A number treated in a special way: proposed by one, approved by another, until a day."""

    __tablename__ = "number_flag"
    __table_args__ = (
        Index("ix_number_flag_state", "state", "expires_at"),
        Index(
            "ix_number_flag_live",
            "number",
            unique=True,
            postgresql_where=_LIVE_FLAG,
            sqlite_where=_LIVE_FLAG,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    treatment: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Ids of the contacts that speak for it."""
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    appeal: Mapped[str] = mapped_column(Text, default="")
    appealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    appeal_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ruling: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Recording(Base):
    """One recorded sound file of a call; `path` lies below the recordings folder.

    `sha256` is of the plain sound, so that it can be checked after decryption. `masks` are
    [start, end] in seconds that were silenced while an identity number was read out;
    `mask_moments` the moments they were asked for, [start, end or None] in ISO 8601.
    """

    __tablename__ = "recording"
    __table_args__ = (
        Index("ix_recording_contact", "contact_id"),
        Index("ix_recording_keep", "state", "keep_until"),
        Index("ix_recording_transcript", "transcript_state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_uuid: Mapped[str] = mapped_column(String(40), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    path: Mapped[str] = mapped_column(String(200), unique=True)
    channels: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(20))
    size: Mapped[int | None]
    duration_s: Mapped[float | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    key_id: Mapped[str | None] = mapped_column(String(40))
    """Which key it was encrypted with; None: it lies in the clear."""
    masks: Mapped[list[Any]] = mapped_column(JSON, default=list)
    mask_moments: Mapped[list[Any]] = mapped_column(JSON, default=list)
    problem: Mapped[str] = mapped_column(String(120), default="")
    """What was odd when it was put away, for people to look into."""
    peaks: Mapped[list[Any] | None] = mapped_column(JSON)
    """The waveform: the loudest value, 0 to 100, of each of some hundred slices, per channel."""
    stored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    keep_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    node: Mapped[str] = mapped_column(String(20), default="")
    transcript: Mapped[str] = mapped_column(Text, default="")
    transcript_parts: Mapped[list[Any] | None] = mapped_column(JSON)
    """[start s, end s, channel, words] of each sentence."""
    transcript_state: Mapped[str | None] = mapped_column(String(20))
    transcript_model: Mapped[str] = mapped_column(String(60), default="")
    transcript_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was last worked on: a worker that died leaves an old moment."""
    transcript_tries: Mapped[int] = mapped_column(default=0)


class ListeningLog(Base):
    """Who heard whom: a live talk, or a recording. A row is written before the first sound.

    `leg_id` is the row whose telephone leg this one goes on with in another mode.
    """

    __tablename__ = "listening_log"
    __table_args__ = (
        Index("ix_listening_log_at", "at"),
        Index("ix_listening_log_contact", "contact_id"),
        Index("ix_listening_log_agent", "agent_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str] = mapped_column(String(20))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recording.id"))
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("listening_log.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")


class AgentMessage(Base):
    """A supervisor's word to an agent; read once it was seen on the console."""

    __tablename__ = "agent_message"
    __table_args__ = (Index("ix_agent_message_to", "to_id", "read_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    words: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DialAttempt(Base):
    """A number somebody of ours dialled or tried to: counted by the hour, kept as evidence."""

    __tablename__ = "dial_attempt"
    __table_args__ = (Index("ix_dial_attempt_staff", "staff_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    number: Mapped[str] = mapped_column(String(40))
    scope: Mapped[str] = mapped_column(String(20))
    country: Mapped[str] = mapped_column(String(4), default="")
    allowed: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(120), default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    call_id: Mapped[str | None] = mapped_column(String(80), unique=True)
    """Our id of the leg that was rung for it."""
    way: Mapped[str] = mapped_column(String(20), default="")
    """EmergencyWay of somebody brought to a talk; "" for a call of its own."""
    result: Mapped[str] = mapped_column(String(20), default="")
    """JoinResult, once it is known."""


class Trunk(Base):
    """A way out to a carrier or to the emergency services; none is there until somebody set it.

    `secret` is the registration's password, sealed with the machine's own key.
    """

    __tablename__ = "trunk"

    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    label: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(20))
    host: Mapped[str] = mapped_column(String(120))
    port: Mapped[int] = mapped_column(default=5060)
    security: Mapped[str] = mapped_column(String(20))
    peers: Mapped[str] = mapped_column(String(300), default="")
    """Addresses calls may come in from, by comma; empty: only out."""
    register: Mapped[bool] = mapped_column(default=False)
    username: Mapped[str] = mapped_column(String(60), default="")
    secret: Mapped[str] = mapped_column(Text, default="")
    caller_id: Mapped[str] = mapped_column(String(40), default="12345")
    node: Mapped[str] = mapped_column(String(20), default="")
    active: Mapped[bool] = mapped_column(default=True)
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SwitchChange(Base):
    """One application of the switch plan to a node: what was written, and whether it took."""

    __tablename__ = "switch_change"
    __table_args__ = (Index("ix_switch_change_at", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    problem: Mapped[str] = mapped_column(Text, default="")
