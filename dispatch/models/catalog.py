"""Categories, the versioned responsibility list, merged lines, and small system rows."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime


class Division(Base):
    """A district, street or township of the city."""

    __tablename__ = "division"

    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    parent: Mapped[str | None] = mapped_column(String(20), index=True)
    level: Mapped[int]
    population: Mapped[int | None]
    """Persons who live there (常住人口); None: not known."""


class Category(Base):
    """事项分类: one node of the tree."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    level: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


class CatalogueVersion(Base):
    """One load of the dispatch catalogue; its rows hold from `effective_from`."""

    __tablename__ = "catalogue_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(80))
    effective_from: Mapped[date]
    note: Mapped[str] = mapped_column(Text, default="")
    rows: Mapped[int]
    loaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    loaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Responsibility(Base):
    """派单目录: category × territory → lead and supporting units, with effective dates."""

    __tablename__ = "responsibility"
    __table_args__ = (Index("ix_responsibility_where", "category_id", "division"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    division: Mapped[str] = mapped_column(String(20), default="*")
    lead_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    supporting: Mapped[str] = mapped_column(String(200), default="")
    legal_basis: Mapped[str] = mapped_column(Text, default="")
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    version_id: Mapped[int | None] = mapped_column(ForeignKey("catalogue_version.id"), index=True)


class Line(Base):
    """A number citizens dial: 12345 itself and every number merged into it.

    `transfer_number` is where a parallel or transitional line's own desk still answers;
    `own_report` gives the line a report of its own.
    """

    __tablename__ = "line"

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(20))
    queue: Mapped[str] = mapped_column(String(40), default="hotline")
    kind: Mapped[str] = mapped_column(String(20), default="general", server_default="general")
    effective_from: Mapped[date | None]
    effective_to: Mapped[date | None]
    """The first day on which the number is no longer ours."""
    transfer_number: Mapped[str] = mapped_column(String(40), default="", server_default="")
    greeting: Mapped[str] = mapped_column(String(60), default="", server_default="")
    language: Mapped[str] = mapped_column(String(20), default="", server_default="")
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    own_report: Mapped[bool] = mapped_column(default=False, server_default=false())
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Counter(Base):
    """A gapless number sequence, advanced inside the transaction that uses it."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[int]


class Checkpoint(Base):
    """How far an outside stream was read, such as Asterisk's files."""

    __tablename__ = "checkpoint"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
