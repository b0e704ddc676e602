"""A line as somebody typed it, and what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.call_terms import LineKind
from dispatch.domain.errors import InvalidInput
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import LineState
from dispatch.models.people import Department

USUAL_QUEUE = "hotline"
"""The queue that always exists: a line whose own queue is gone is answered there."""

NUMBER = re.compile(r"\d{3,16}", re.ASCII)
TRANSFER = re.compile(r"\d[\d-]{2,19}", re.ASCII)
PROMPT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
"""A recorded greeting is named as its sound file below hotline/, without the ending."""

LONGEST = {"name": 60, "language": 20, "note": 300}
OWN_DESK = frozenset({LineState.PARALLEL, LineState.TRANSITIONAL, LineState.SUB_CENTRE})
"""States in which the line's former desk still works and can be reached."""


@dataclass(frozen=True, kw_only=True)
class LineForm:
    """A line as somebody typed it; `department` is a unit's code."""

    number: str
    name: str
    state: str
    kind: str = LineKind.GENERAL.value
    queue: str = USUAL_QUEUE
    effective_from: date | None = None
    effective_to: date | None = None
    transfer_number: str = ""
    greeting: str = ""
    language: str = ""
    department: str = ""
    own_report: bool = False
    note: str = ""


def checked(session: Session, form: LineForm, rules: Rules) -> dict[str, object]:
    """The form's values as they are stored.

    Raises:
        InvalidInput: a value that cannot be; the message says which and what it should be.
    """
    _check_words(form)
    _check_dates(form)
    state, kind = _check_choices(form, rules)
    return {
        "name": form.name.strip(),
        "state": state.value,
        "kind": kind.value,
        "queue": form.queue.strip(),
        "effective_from": form.effective_from,
        "effective_to": form.effective_to,
        "transfer_number": form.transfer_number.strip(),
        "greeting": form.greeting.strip(),
        "language": form.language.strip(),
        "department_id": _department_id(session, form.department.strip()),
        "own_report": form.own_report,
        "note": form.note.strip(),
    }


def _check_words(form: LineForm) -> None:
    if not NUMBER.fullmatch(form.number.strip()):
        raise InvalidInput("线路号码应是 3 到 16 位数字，例如 12315", field="number")
    if not form.name.strip():
        raise InvalidInput("请填写线路名称，话务员接听时会看到它", field="name")
    for name, most in LONGEST.items():
        text = getattr(form, name).strip()
        if len(text) > most:
            raise InvalidInput(f"最多 {most} 个字，现在有 {len(text)} 个", field=name)
        if not text.isprintable():
            raise InvalidInput("不能含有换行或控制字符", field=name)
    if form.transfer_number.strip() and not TRANSFER.fullmatch(form.transfer_number.strip()):
        raise InvalidInput(
            "原单位电话应由数字和短横组成，例如 0650-8001234", field="transfer_number"
        )
    if form.greeting.strip() and not PROMPT.fullmatch(form.greeting.strip()):
        raise InvalidInput(
            "欢迎语填写提示音文件名（小写字母、数字、短横，不带后缀），留空用通用欢迎语",
            field="greeting",
        )


def _check_dates(form: LineForm) -> None:
    first, last = form.effective_from, form.effective_to
    if first is not None and last is not None and last <= first:
        raise InvalidInput("撤并日期应晚于生效日期", field="effective_to")


def _check_choices(form: LineForm, rules: Rules) -> tuple[LineState, LineKind]:
    if form.state not in LineState.__members__.values():
        raise InvalidInput("请选择归并方式", field="state")
    if form.kind not in LineKind.__members__.values():
        raise InvalidInput("请选择服务对象", field="kind")
    state, kind = LineState(form.state), LineKind(form.kind)
    if form.queue.strip() not in {queue.code for queue in rules.profile.calls.queues}:
        raise InvalidInput("现行规则里没有这个话务队列，请从列表中选择", field="queue")
    if form.transfer_number.strip() and state not in OWN_DESK:
        raise InvalidInput(
            "只有过渡保留、双号并行和设分中心的线路还有原单位坐席；请清空原单位电话或改归并方式",
            field="transfer_number",
        )
    return state, kind


def _department_id(session: Session, code: str) -> int | None:
    if not code:
        return None
    found = session.scalar(select(Department.id).where(Department.code == code))
    if found is None:
        raise InvalidInput(f"没有编码为 {code} 的单位", field="department")
    return found
