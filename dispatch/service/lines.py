"""The register of lines: every number that is answered here, with its state, queue and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.call_rules import QueueRule
from dispatch.domain.call_terms import LineKind, LineStanding
from dispatch.domain.errors import InvalidInput, LineChangedMeanwhile, NotFound
from dispatch.domain.events import LineChanged
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import LineState, Role
from dispatch.domain.worktime import local
from dispatch.models.catalog import Line
from dispatch.models.people import Department
from dispatch.service.access import require_role
from dispatch.service.line_forms import LineForm, checked


@dataclass(frozen=True, kw_only=True)
class LineView:
    """A line of the register; `answers` is the queue it leads to today and why."""

    number: str
    name: str
    state: LineState
    kind: LineKind
    queue: str
    queue_label: str
    queue_missing: bool
    """The policy in force has no such queue: calls go to the usual one."""
    standing: LineStanding
    effective_from: date | None
    effective_to: date | None
    transfer_number: str
    greeting: str
    language: str
    department: str
    department_name: str
    own_report: bool
    note: str
    version: int


def standing(line: Line, today: date) -> LineStanding:
    """Whether the line is to come, holds, or has been taken away; `effective_to` is excluded."""
    if line.effective_from is not None and today < line.effective_from:
        return LineStanding.COMING
    if line.effective_to is not None and today >= line.effective_to:
        return LineStanding.OVER
    return LineStanding.IN_FORCE


def note_for_agent(line: Line, at: datetime) -> str:
    """What whoever answers a call of that moment should know of the line; "" of the main one."""
    state, now_is = LineState(line.state), standing(line, local(at).date())
    if state is LineState.MAIN:
        return ""
    said = [state.label]
    if now_is is not LineStanding.IN_FORCE:
        said.append(now_is.label)
    if line.language:
        said.append(line.language)
    if line.transfer_number:
        said.append(f"原单位 {line.transfer_number}")
    return " · ".join(said)


def listed(session: Session, rules: Rules, *, now: datetime) -> tuple[LineView, ...]:
    """The whole register: the main number first, then by number."""
    rows = session.execute(
        select(Line, Department).outerjoin(Department, Department.id == Line.department_id)
    ).all()
    queues = {queue.code: queue for queue in rules.profile.calls.queues}
    today = local(now).date()
    views = [_view(line, unit, queues, today) for line, unit in rows]
    return tuple(sorted(views, key=lambda one: (one.state is not LineState.MAIN, one.number)))


def one(session: Session, rules: Rules, number: str, *, now: datetime) -> LineView:
    """One line.

    Raises:
        NotFound: it is not in the register.
    """
    row = session.get(Line, number)
    if row is None:
        raise NotFound(f"线路登记里没有 {number}")
    unit = session.get(Department, row.department_id) if row.department_id else None
    queues = {queue.code: queue for queue in rules.profile.calls.queues}
    return _view(row, unit, queues, local(now).date())


def save(
    session: Session,
    actor: Actor,
    form: LineForm,
    rules: Rules,
    *,
    version: int | None = None,
    now: datetime,
) -> Line:
    """Add a line (`version` None), or change it as it was read in that version.

    Raises:
        InvalidInput: a value that cannot be; the number is registered already.
        NotFound: the line to change is not there.
        LineChangedMeanwhile: somebody else changed it after it was read.
    """
    require_role(actor, Role.ADMIN, Role.CENTER)
    values = checked(session, form, rules)
    row = session.get(Line, form.number.strip(), with_for_update=True)
    if version is None:
        if row is not None:
            raise InvalidInput(
                f"{row.number} 已经登记（{row.name}），请在列表里修改", field="number"
            )
        row = Line(number=form.number.strip(), **values)
        session.add(row)
    elif row is None:
        raise NotFound(f"线路登记里没有 {form.number}")
    elif row.version != version:
        raise LineChangedMeanwhile
    elif all(getattr(row, name) == value for name, value in values.items()):
        return row
    else:
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
    session.flush()
    record(session, actor, LineChanged(at=now, number=row.number, state=row.state))
    return row


def _view(
    line: Line, unit: Department | None, queues: Mapping[str, QueueRule], today: date
) -> LineView:
    queue = queues.get(line.queue)
    return LineView(
        number=line.number,
        name=line.name,
        state=LineState(line.state),
        kind=LineKind(line.kind),
        queue=line.queue,
        queue_label=queue.label if queue else line.queue,
        queue_missing=queue is None,
        standing=standing(line, today),
        effective_from=line.effective_from,
        effective_to=line.effective_to,
        transfer_number=line.transfer_number,
        greeting=line.greeting,
        language=line.language,
        department=unit.code if unit else "",
        department_name=unit.short_name if unit else "",
        own_report=line.own_report,
        note=line.note,
        version=line.version,
    )
