"""Visits and outside surveys: written down one by one, or taken in from a table.

A row means what a telephoned answer means: `record_outside` judges the ticket by it. Rows that
cannot be taken are kept with the reason and can be taken away, corrected and brought again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.domain.headings import places_of
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpMethod, Role
from dispatch.models.followups import FollowUp, SurveyImport
from dispatch.service.access import require_role, ticket_for
from dispatch.service.followup_answers import record_outside
from dispatch.service.survey_rows import HEADINGS, NEEDED, SurveyRow, read_row

METHODS = (FollowUpMethod.VISIT, FollowUpMethod.OUTSIDE)
MOST_ROWS = 5_000
AT_ONCE = 100
"""Rows of one transaction."""

LONGEST_ASKER = 80


def visit(
    session: Session,
    actor: Actor,
    said: Mapping[str, str],
    rules: Rules,
    *,
    method: FollowUpMethod,
    asked_by: str,
    now: datetime,
) -> FollowUp:
    """登记走访: what one requester said to a visitor or to a firm's interviewer.

    Raises:
        NotFound: no such ticket.
        InvalidInput: who asked is missing, the moment cannot be, or it was written down before.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    asker = _asker(asked_by)
    _must_be_ours(method)
    row = read_row(said, asked_by=asker, now=now)
    return _take(session, actor, row, rules, method=method, asked_by=asker, now=now)


@dataclass(frozen=True)
class Begun:
    """A file that is being taken in: its rows with their places in the file, headings first."""

    id: int
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def begin(
    session: Session,
    actor: Actor,
    content: bytes,
    rows: Iterable[tuple[int, Sequence[str]]],
    *,
    name: str,
    method: FollowUpMethod,
    asked_by: str,
    now: datetime,
) -> Begun:
    """Enter the file; `go_on` then takes its rows. One that was cut off is taken up again.

    Raises:
        InvalidInput: the same file was taken in before, a heading is missing, there is no row,
            or there are too many.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    asker = _asker(asked_by)
    _must_be_ours(method)
    headings, *told = [(place, tuple(cells)) for place, cells in rows] or [(1, ())]
    _columns(headings[1])
    listed = [one for one in told if any(cell.strip() for cell in one[1])]
    if not listed:
        raise InvalidInput("文件里只有表头，没有一行回访结果", field="file")
    if len(listed) > MOST_ROWS:
        raise InvalidInput(f"一次最多导入 {MOST_ROWS} 行，请分成几个文件", field="file")
    digest = hashlib.sha256(content).hexdigest()
    before = session.scalar(select(SurveyImport).where(SurveyImport.sha256 == digest).limit(1))
    if before is not None and _done(before) >= before.rows:
        again = f"这个文件已经导入过（{before.name}，第 {before.id} 次导入），没有再导入"
        raise InvalidInput(again, field="file")
    made = before or SurveyImport(
        name=name[:200] or "未命名",
        method=method.value,
        asked_by=asker,
        sha256=digest,
        rows=len(listed),
        taken=0,
        refused=[],
        at=now,
        staff_id=actor.staff_id,
    )
    session.add(made)
    session.flush()
    return Begun(made.id, (headings, *listed))


def go_on(
    session: Session,
    actor: Actor,
    begun: Begun,
    rules: Rules,
    *,
    at_once: int = AT_ONCE,
    now: datetime,
) -> bool:
    """Take some more rows of the file, so that no other work waits long; whether there are more.

    Every good row is taken, every bad one kept with its reason.
    """
    made = session.get_one(SurveyImport, begun.id, with_for_update=True, populate_existing=True)
    headings, *listed = begun.rows
    places = _columns(headings[1])
    first = _done(made)
    refused: list[dict[str, object]] = []
    for place, cells in listed[first : first + at_once]:
        said = {
            column: cells[at].strip().lstrip("'") if at < len(cells) else ""
            for column, at in places.items()
        }
        try:
            row = read_row(said, asked_by=made.asked_by, now=now)
            # What a refused row has begun goes back; the rows before it stay.
            with session.begin_nested():
                _take(
                    session,
                    actor,
                    row,
                    rules,
                    method=FollowUpMethod(made.method),
                    asked_by=made.asked_by,
                    import_id=made.id,
                    now=now,
                )
        except HotlineError as problem:
            refused.append({"row": place, "cells": list(cells), "why": str(problem)})
            continue
        made.taken += 1
    if refused:
        head = [] if made.refused else [{"row": 1, "cells": list(headings[1]), "why": ""}]
        made.refused = [*made.refused, *head, *refused]
    session.flush()
    return _done(made) < made.rows


def _done(made: SurveyImport) -> int:
    """How many rows are behind us; the first of the refused ones are the headings."""
    return made.taken + max(0, len(made.refused) - 1)


def _must_be_ours(method: FollowUpMethod) -> None:
    if method not in METHODS:
        raise InvalidInput("请选择上门走访或第三方调查", field="method")


def _take(
    session: Session,
    actor: Actor,
    row: SurveyRow,
    rules: Rules,
    *,
    method: FollowUpMethod,
    asked_by: str,
    import_id: int | None = None,
    now: datetime,
) -> FollowUp:
    """Write one answer down; refuse what cannot be, and what was told before."""
    ticket = ticket_for(session, actor, row.number)
    if row.at < ticket.created_at:
        raise InvalidInput("回访时间早于受理时间", field="at")
    again = select(FollowUp.id).where(
        FollowUp.ticket_id == ticket.id,
        FollowUp.method == method.value,
        FollowUp.asked_by == asked_by,
        FollowUp.ended_at == row.at,
    )
    if session.scalar(again) is not None:
        raise InvalidInput(f"{asked_by} 这一时刻的{method.label}已经登记过", field="number")
    return record_outside(
        session,
        actor,
        row.number,
        method,
        row.answers,
        rules,
        asked_by=asked_by,
        at=row.at,
        import_id=import_id,
        now=now,
    )


def _columns(headings: Sequence[str]) -> Mapping[str, int]:
    places = places_of(headings, HEADINGS)
    missing = [HEADINGS[name][0] for name in NEEDED if name not in places]
    if missing:
        raise InvalidInput(f"第一行应是表头，缺少：{'、'.join(missing)}", field="file")
    return places


def _asker(typed: str) -> str:
    asker = typed.strip()
    if not asker:
        raise InvalidInput("请写明是谁走访或调查的，例如：市统计局调查队", field="asked_by")
    return asker[:LONGEST_ASKER]
