"""The classifier's own tables: labels from corrections, models, trainings; and hot spots."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_ACTIVE_MODEL = text("state = 'active'")
_OPEN_TRAINING = text("state IN ('waiting', 'running')")
_OPEN_HOT_SPOT = text("state = 'open'")


class LabelledExample(Base):
    """A ticket's category as a person settled it; the newest that is not withdrawn counts.

    The text is the ticket's own, so an erased ticket leaves no copy here.
    """

    __tablename__ = "labelled_example"
    __table_args__ = (
        Index("ix_labelled_example_ticket", "ticket_id"),
        Index("ix_labelled_example_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    previous_category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    provenance: Mapped[str] = mapped_column(String(20))
    model_version: Mapped[str] = mapped_column(String(60), default="")
    """Which model had proposed something for this ticket; "" when none had."""
    proposed: Mapped[str | None] = mapped_column(String(40))
    """Code of the category that model thought best."""
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ModelRelease(Base):
    """A trained model: what it learned from, how it was judged, and whether it is in use."""

    __tablename__ = "model_release"
    __table_args__ = (
        Index(
            "ix_model_release_active",
            "state",
            unique=True,
            postgresql_where=_ACTIVE_MODEL,
            sqlite_where=_ACTIVE_MODEL,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(60), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    folder: Mapped[str] = mapped_column(Text)
    """Where its files are, below the folder of models."""
    texts: Mapped[int]
    data_sha256: Mapped[str] = mapped_column(String(64))
    metrics: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """The comparison with the model before it, as shown to people."""
    trained_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    activated_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("model_release.id"))
    """The one it replaced: where one step back leads."""


class TrainingRun(Base):
    """One training, asked for by a person or by the clock; at most one waits and one runs."""

    __tablename__ = "training_run"
    __table_args__ = (
        Index(
            "ix_training_run_open",
            "state",
            unique=True,
            postgresql_where=_OPEN_TRAINING,
            sqlite_where=_OPEN_TRAINING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it last told of itself; one that fell silent is taken up again."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    step: Mapped[str] = mapped_column(Text, default="")
    share: Mapped[float] = mapped_column(default=0.0)
    """How much is done, 0 to 1."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often it was taken up; one whose process dies again and again is given up."""
    release_id: Mapped[int | None] = mapped_column(ForeignKey("model_release.id"))
    problem: Mapped[str] = mapped_column(Text, default="")


class AutomaticDispatch(Base):
    """How one new request was judged for automatic dispatch; the row is also the claim to it.

    `assignment` is what it was sent with; without one it was left to a person for `reasons`.
    `precision` is the share right, on texts the model had not seen, of what made it sure.
    """

    __tablename__ = "automatic_dispatch"
    __table_args__ = (Index("ix_automatic_dispatch_at", "at"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    model_version: Mapped[str] = mapped_column(String(60), default="")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    probability: Mapped[float | None]
    precision: Mapped[float | None]
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    reasons: Mapped[list[Any]] = mapped_column(JSON, default=list)
    note: Mapped[str] = mapped_column(Text, default="")


class HotSpot(Base):
    """Tickets of one subject and place rising fast against their own history.

    `expected` is how many there would have been by that history, `surprise` how unlikely more
    are by chance (minus the decimal logarithm of the probability). `usual` are tickets expected in
    each hour of the city's day, and `spread` how uncertain they are. A dismissed one goes on being
    counted; `dismissed_tickets` is what it had then.
    """

    __tablename__ = "hot_spot"
    __table_args__ = (
        Index("ix_hot_spot_found", "found_at"),
        Index(
            "ix_hot_spot_open",
            "category_id",
            "division",
            "place",
            unique=True,
            postgresql_where=_OPEN_HOT_SPOT,
            sqlite_where=_OPEN_HOT_SPOT,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    division: Mapped[str] = mapped_column(String(20), default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    """Words that the places of its tickets share; "" when the division is all they share."""
    words: Mapped[list[Any]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(20))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tickets: Mapped[int]
    expected: Mapped[float]
    surprise: Mapped[float]
    usual: Mapped[list[Any]] = mapped_column(JSON, default=list)
    spread: Mapped[float]
    dismissed_tickets: Mapped[int | None]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(Text, default="")


class HotSpotTicket(Base):
    """A ticket of a hot spot."""

    __tablename__ = "hot_spot_ticket"

    hot_spot_id: Mapped[int] = mapped_column(ForeignKey("hot_spot.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, index=True)
