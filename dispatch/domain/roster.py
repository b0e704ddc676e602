"""A roster: shifts as people type or upload them, and how many are on duty in each half-hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dispatch.domain.errors import InvalidInput
from dispatch.domain.worktime import SHANGHAI

HALF_HOUR = timedelta(minutes=30)
HALF_HOURS = 48
LONGEST = timedelta(hours=16)
"""A longer shift is a mistyped one."""

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "who": ("账号", "工号", "分机", "登录名"),
    "day": ("日期", "上班日期"),
    "starts": ("上班", "开始", "上班时间", "开始时间"),
    "ends": ("下班", "结束", "下班时间", "结束时间"),
    "queue": ("队列",),
}
"""Names of the columns of an uploaded roster; all but the last are needed."""

OPTIONAL = frozenset({"queue"})


@dataclass(frozen=True)
class ShiftRow:
    """One shift as it was written: by login or extension, a day and two times of day."""

    row: int
    who: str
    starts_at: datetime
    ends_at: datetime
    queue: str = ""


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with a row of the file, to be put right there."""

    row: int
    words: str


def shift(day: str, starts: str, ends: str) -> tuple[datetime, datetime]:
    """Read a shift in the city's time; one that ends no later than it starts ends the next day.

    Raises:
        InvalidInput: no day, no time, or longer than LONGEST; `field` says which.
    """
    try:
        on = date.fromisoformat(day.strip()[:10].replace("/", "-"))
    except ValueError as problem:
        raise InvalidInput(f"日期“{day}”应写成 2026-11-23 这样", field="day") from problem
    first, last = _time(starts, "starts"), _time(ends, "ends")
    begins = datetime.combine(on, first, SHANGHAI)
    until = datetime.combine(on + timedelta(days=last <= first), last, SHANGHAI)
    if until - begins > LONGEST:
        hours = LONGEST // timedelta(hours=1)
        raise InvalidInput(f"一个班次不应超过 {hours} 小时，请核对起止时间", field="ends")
    return begins, until


def read_rows(rows: Iterable[tuple[int, Sequence[str]]]) -> tuple[list[ShiftRow], list[RowProblem]]:
    """Read an uploaded roster; the first row names the columns, in any order.

    Raises:
        InvalidInput: a column is missing.
    """
    read: list[ShiftRow] = []
    problems: list[RowProblem] = []
    columns: dict[str, int] | None = None
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = _columns(cells)
            continue
        row = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
        try:
            starts_at, ends_at = shift(row["day"], row["starts"], row["ends"])
        except InvalidInput as problem:
            problems.append(RowProblem(number, str(problem)))
            continue
        if row["who"]:
            read.append(ShiftRow(number, row["who"], starts_at, ends_at, row.get("queue", "")))
        else:
            problems.append(RowProblem(number, "没有写账号或分机"))
    return read, problems


def on_duty(shifts: Iterable[tuple[datetime, datetime]], day: date) -> tuple[float, ...]:
    """How many are on duty in each half-hour of a day; who comes at a quarter past counts half."""
    midnight = datetime.combine(day, time(), SHANGHAI)
    counts = [0.0] * HALF_HOURS
    for starts, ends in shifts:
        for half in range(HALF_HOURS):
            begins = midnight + half * HALF_HOUR
            within = min(ends, begins + HALF_HOUR) - max(starts, begins)
            counts[half] += max(within / HALF_HOUR, 0.0)
    return tuple(counts)


def _columns(cells: Sequence[str]) -> dict[str, int]:
    named = [cell.strip() for cell in cells]
    found = {
        key: next((at for at, cell in enumerate(named) if cell in names), -1)
        for key, names in HEADINGS.items()
    }
    missing = list(_missing(found))
    if missing:
        raise InvalidInput(f"第一行应写列名，缺少：{'、'.join(missing)}", field="file")
    return {key: at for key, at in found.items() if at >= 0}


def _missing(found: Mapping[str, int]) -> Iterator[str]:
    for key, at in found.items():
        if at < 0 and key not in OPTIONAL:
            yield HEADINGS[key][0]


def _time(typed: str, field: str) -> time:
    text = typed.strip().replace("：", ":")
    hour, _, rest = text.partition(":")
    try:
        minute = int(rest[:2]) if rest else 0
        return time(0 if hour == "24" and not minute else int(hour), minute)
    except ValueError as problem:
        raise InvalidInput(f"时间“{typed}”应写成 08:30 这样", field=field) from problem
