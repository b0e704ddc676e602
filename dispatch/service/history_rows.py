"""A record of a history file becomes a past contact or a past ticket, or a reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from dispatch.db import Session
from dispatch.domain.calls import CallOutcome
from dispatch.domain.errors import InvalidInput
from dispatch.domain.history_columns import CONTACT_COLUMNS, TICKET_COLUMNS, BadCell, Column, match
from dispatch.domain.reporting_terms import ImportSubject
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, RequestKind, Status, Urgency
from dispatch.domain.worktime import SHANGHAI, CalendarOutOfRange
from dispatch.files.spreadsheets import Record
from dispatch.service import history
from dispatch.service.history import PastContact, PastTicket

Values = dict[str, Any]
Past = PastContact | PastTicket

UNANSWERED: Mapping[Disposition, CallOutcome] = {
    Disposition.HUNG_UP: CallOutcome.ABANDONED_IN_QUEUE
}


NO_CALENDAR = "派单时间不在工作日历范围内，未推算时限"


@dataclass(frozen=True)
class Sort:
    """What a file holds: its columns, its key, and how its rows are made, known and written."""

    subject: ImportSubject
    columns: tuple[Column, ...]
    key: str
    make: Callable[[Values, Rules, datetime], Past]
    known: Callable[[Session, Sequence[str]], set[str]]
    add: Callable[[Session, Sequence[Any], int | None], int]

    @property
    def name(self) -> str:
        """What one row is, in Chinese."""
        return self.subject.label


class Layout:
    """Where the columns of one file stand: by their headings, or as somebody chose.

    `chosen` is the place of a column in the file, from 0, to the code of what it holds.

    Raises:
        InvalidInput: a required column is missing, or one was chosen twice.
    """

    def __init__(
        self, sort: Sort, headings: tuple[str, ...], chosen: Mapping[int, str] | None = None
    ) -> None:
        if chosen is None:
            self._columns = match(headings, sort.columns)
        else:
            self._columns = _as_chosen(sort, headings, chosen)
        self._width = len(headings)
        found = set(self._columns.values())
        missing = [c for c in sort.columns if c.required and c not in found]
        if missing:
            wanted = "、".join(f"{c.name}（{c.code}）" for c in missing)
            raise InvalidInput(
                f"缺少必需的列：{wanted}；文件的表头是：{'、'.join(headings)}", field="columns"
            )
        self.unknown = [
            heading or f"第 {place + 1} 列"
            for place, heading in enumerate(headings)
            if place not in self._columns
        ]

    @staticmethod
    def guess(sort: Sort, headings: tuple[str, ...]) -> dict[int, str]:
        """Place to code of the columns whose heading is known."""
        return {place: column.code for place, column in match(headings, sort.columns).items()}

    @property
    def chosen(self) -> dict[int, str]:
        """Place of a column to the code of what it holds."""
        return {place: column.code for place, column in sorted(self._columns.items())}

    def values(self, record: Record) -> Values:
        """Read the cells; an empty cell is not there.

        Raises:
            BadCell: what is wrong with the record.
        """
        if record.problem:
            raise BadCell(record.problem)
        cells = record.cells
        surplus = cells[self._width :]
        if len(cells) < self._width or any(cell.strip() for cell in surplus):
            raise BadCell(f"有 {len(cells)} 个字段，表头有 {self._width} 个")
        found: Values = {}
        for place, column in self._columns.items():
            cell = _unguarded(cells[place].strip())
            if not cell:
                if column.required:
                    raise BadCell(f"缺少{column.name}")
                continue
            try:
                found[column.code] = column.read(cell)
            except BadCell as error:
                raise BadCell(f"{column.name}：{error}") from None
        return found


def _as_chosen(
    sort: Sort, headings: tuple[str, ...], chosen: Mapping[int, str]
) -> dict[int, Column]:
    by_code = {column.code: column for column in sort.columns}
    found: dict[int, Column] = {}
    for place, code in sorted(chosen.items()):
        if code not in by_code or not 0 <= place < len(headings):
            raise InvalidInput("列的对应关系有误，请重新选择", field="columns")
        if by_code[code] in found.values():
            raise InvalidInput(f"有两列都选作“{by_code[code].name}”，请只留一列", field="columns")
        found[place] = by_code[code]
    return found


def _unguarded(cell: str) -> str:
    """Without the apostrophe that our own exports put before what Excel would calculate."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in {"=", "+", "-", "@"} else cell


def make_contact(values: Values, _rules: Rules, _now: datetime) -> PastContact:
    """A past call. One that the file calls answered, without saying when, was answered."""
    disposition = values.pop("outcome_code", None)
    _in_order(values, "started_at", ("answered_at", "ended_at"), CONTACT_COLUMNS)
    _in_order(values, "answered_at", ("ended_at",), CONTACT_COLUMNS)
    outcome = None if "answered_at" in values else UNANSWERED.get(disposition)
    return PastContact(**values, disposition=disposition, outcome=outcome)


def make_ticket(values: Values, rules: Rules, now: datetime) -> PastTicket:
    """A past ticket; what the file leaves out follows from what it says."""
    later = ("dispatched_at", "acknowledged_at", "completed_at", "closed_at")
    _in_order(values, "created_at", later, TICKET_COLUMNS)
    _in_order(values, "dispatched_at", later[1:], TICKET_COLUMNS)
    status = values["status"] = values.get("status") or _status(values)
    moments = [value for value in values.values() if isinstance(value, datetime) and value <= now]
    if status is Status.CLOSED and "closed_at" not in values:
        # Closed, but nobody wrote down when: at the latest moment the row knows of.
        done = values.get("completed_at")
        values["closed_at"] = done or max([*moments, values["created_at"]])
    if "closed_at" in values and "dispatched_at" in values:
        values.setdefault("completed_at", values["closed_at"])
    if "dispatched_at" in values:
        _set_clock(values, rules)
    due, done = values.get("due_at"), values.get("completed_at")
    late = due is not None and (done or now) > due
    breached = due if late and (done or status.with_department) else None
    return PastTicket(**values, breached_at=breached, title=_title(values))


def _title(values: Values) -> str:
    what = values.get("category") or "历史工单"
    kind = values.get("kind")
    return f"{what}（{kind.label}）" if kind else str(what)


def _status(values: Values) -> Status:
    """The status the moments speak of."""
    steps = (
        ("closed_at", Status.CLOSED),
        ("completed_at", Status.COMPLETED),
        ("first_contacted_at", Status.IN_PROGRESS),
        ("acknowledged_at", Status.ACKNOWLEDGED),
        ("dispatched_at", Status.DISPATCHED),
    )
    return next((status for name, status in steps if name in values), Status.OPEN)


def _set_clock(values: Values, rules: Rules) -> None:
    try:
        clock = rules.clock(
            kind=values.get("kind") or RequestKind.INQUIRY,
            urgency=Urgency.ROUTINE,
            start=values["dispatched_at"],
            category=values.get("category"),
        )
    except CalendarOutOfRange:
        # Older than the working calendar: a limit nobody can work out judges nobody.
        values["clock_rule"] = NO_CALENDAR
        return
    values["acknowledge_by"] = clock.acknowledge_by
    if "due_at" in values:
        values["clock_rule"] = "到期时间来自导入的历史数据"
        return
    values.update(due_at=clock.due_at, warn_at=clock.warn_at, clock_rule=clock.rule)


def _in_order(
    values: Values, first: str, later: tuple[str, ...], columns: tuple[Column, ...]
) -> None:
    start = values.get(first)
    if start is None:
        return
    names = {column.code: column.name for column in columns}
    for code in later:
        if code in values and _before(values[code], start):
            raise BadCell(f"{names[code]}早于{names[first]}")


def _before(later: datetime, start: datetime) -> bool:
    """Whether it is too early; a cell that names only a day may be any time of that day."""
    if later.astimezone(SHANGHAI).time() == time(0):
        return later + timedelta(days=1) <= start
    return later < start


CONTACTS = Sort(
    ImportSubject.CONTACTS,
    CONTACT_COLUMNS,
    "call_id",
    make_contact,
    history.known_call_ids,
    history.add_contacts,
)
TICKETS = Sort(
    ImportSubject.TICKETS,
    TICKET_COLUMNS,
    "number",
    make_ticket,
    history.known_numbers,
    history.add_tickets,
)
SORTS: Mapping[str, Sort] = {sort.subject.value: sort for sort in (TICKETS, CONTACTS)}
"""By the subject's word; tickets first, because most files are of tickets."""
