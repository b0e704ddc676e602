"""The files of visits and outside surveys that were taken in, and the rows that were not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import FollowUpMethod, Role
from dispatch.models.followups import FollowUp, SurveyImport
from dispatch.models.people import Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role
from dispatch.service.survey_rows import HEADINGS

PAGE = 50


@dataclass(frozen=True)
class RefusedRow:
    """A row that was not taken, its place in the file, and why."""

    row: int
    cells: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class ImportView:
    """A file that was taken in."""

    id: int
    name: str
    method: FollowUpMethod
    asked_by: str
    rows: int
    taken: int
    refused: tuple[RefusedRow, ...]
    at: datetime
    by: str


def imports(session: Session, reader: Actor) -> tuple[ImportView, ...]:
    """The files taken in, newest first."""
    require_role(reader, Role.FOLLOW_UP, Role.CENTER, Role.SUPERVISOR)
    rows = session.execute(
        select(SurveyImport, Staff.name)
        .join(Staff, Staff.id == SurveyImport.staff_id)
        .order_by(SurveyImport.id.desc())
        .limit(PAGE)
    )
    return tuple(_view(row, by) for row, by in rows)


def refused_table(session: Session, reader: Actor, import_id: int) -> list[list[str]]:
    """The rows that were not taken, as they were, with the reason in a column of its own.

    Raises:
        NotFound: there is no such import.
    """
    require_role(reader, Role.FOLLOW_UP, Role.CENTER, Role.SUPERVISOR)
    row = session.get(SurveyImport, import_id)
    if row is None:
        raise NotFound("没有找到这次导入")
    head, *rest = row.refused or [{"cells": [names[0] for names in HEADINGS.values()]}]
    wide = len(head["cells"])
    table = [[*head["cells"], "未导入的原因"]]
    for one in rest:
        cells = [*one["cells"], *[""] * wide][:wide]
        table.append([*cells, str(one["why"])])
    return table


def _view(row: SurveyImport, by: str) -> ImportView:
    return ImportView(
        id=row.id,
        name=row.name,
        method=FollowUpMethod(row.method),
        asked_by=row.asked_by,
        rows=row.rows,
        taken=row.taken,
        refused=tuple(
            RefusedRow(one["row"], tuple(one["cells"]), one["why"]) for one in row.refused[1:]
        ),
        at=row.at,
        by=by,
    )


def tickets_of(session: Session, import_id: int) -> tuple[str, ...]:
    """The numbers of the tickets an import told of, in the file's order."""
    found = session.scalars(
        select(Ticket.number)
        .join(FollowUp, FollowUp.ticket_id == Ticket.id)
        .where(FollowUp.import_id == import_id)
        .order_by(FollowUp.id)
    )
    return tuple(found)
