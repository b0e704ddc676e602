"""Columns of a history file: their headings in both languages, and how each cell is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from dispatch.domain.vocabulary import (
    Channel,
    Disposition,
    Labelled,
    Rating,
    RequestKind,
    Status,
    Verdict,
)
from dispatch.domain.worktime import SHANGHAI


class BadCell(ValueError):
    """What is wrong with a cell, in Chinese."""


Reader = Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """One column: its code, the headings it is known by, how its cells are read."""

    code: str
    headings: tuple[str, ...]
    read: Reader
    required: bool = False

    @property
    def name(self) -> str:
        """The Chinese heading."""
        return self.headings[0]


def text_of(limit: int) -> Reader:
    """Read a short text."""

    def read(cell: str) -> str:
        if len(cell) > limit:
            raise BadCell(f"超过 {limit} 个字符")
        return cell

    return read


_DATE = r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
_TIME = r"(\d{1,2})[:：时点](\d{1,2})(?:[:：分](\d{1,2})?(?:\.\d+)?秒?)?"
_LOCAL = re.compile(rf"{_DATE}(?:[ T\u3000]*{_TIME})?")
_YEARS = range(1990, 2101)


def moment(cell: str) -> datetime:
    """Read a time; without a zone it is the city's own clock (Asia/Shanghai)."""
    try:
        found = datetime.fromisoformat(cell)
    except ValueError:
        found = _loose_moment(cell)
    if found.year not in _YEARS:
        raise BadCell(f"年份 {found.year} 不合理")
    return (found if found.tzinfo else found.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def _loose_moment(cell: str) -> datetime:
    match = _LOCAL.fullmatch(cell)
    if match is None:
        raise BadCell(f"“{cell[:40]}”不是时间，应写成 2026-01-02 08:30:00 这样")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI)
    except ValueError:
        raise BadCell(f"没有“{cell[:40]}”这个时间") from None


def one_of(enum: type[Labelled], more: Mapping[str, str] | None = None) -> Reader:
    """Read an enum by its code, its label, or another word for it."""
    words = {word: member for member in enum for word in (member.value, member.label)}
    words.update((word, enum(code)) for word, code in (more or {}).items())

    def read(cell: str) -> Enum:
        found = words.get(cell) or words.get(cell.lower().replace(" ", "_").replace("-", "_"))
        if found is None:
            known = "、".join(f"{member.value}（{member.label}）" for member in enum)
            raise BadCell(f"“{cell[:40]}”不认识；可用 {known}")
        return found

    return read


_YES = ("yes", "y", "true", "1", "是", "有", "√")
_NO = ("no", "n", "false", "0", "否", "无", "×")


def yes_no(cell: str) -> bool:
    """Read a yes or a no."""
    word = cell.lower()
    if word not in _YES + _NO:
        raise BadCell(f"“{cell[:40]}”不认识；可用 是/否、yes/no、1/0、true/false")
    return word in _YES


def verdict(cell: str) -> Verdict:
    """Read whether it was solved: yes or no, or the verdict's own word."""
    word = cell.lower()
    if word in (*_YES, "resolved", "solved", "已解决", "解决"):
        return Verdict.RESOLVED
    if word in (*_NO, "unresolved", "unsolved", "未解决"):
        return Verdict.UNRESOLVED
    raise BadCell(f"“{cell[:40]}”不认识；可用 是/否、yes/no、1/0、true/false、已解决/未解决")


_grade = one_of(Rating, {"一般": "basically_satisfied", "不满": "dissatisfied"})


def rating(cell: str) -> Rating:
    """Read a grade: 1 (best) to 5 (worst) as on the telephone's keys, or its name."""
    found: Rating = Rating.from_digit(cell) or _grade(cell)
    return found


CONTACT_COLUMNS: tuple[Column, ...] = (
    Column("call_id", ("通话编号", "来电编号", "呼叫编号", "话单号"), text_of(80), required=True),
    Column("started_at", ("开始时间", "来电时间", "呼入时间"), moment, required=True),
    Column("caller", ("主叫号码", "来电号码", "主叫"), text_of(40)),
    Column("line", ("被叫号码", "接入号码", "拨打号码", "被叫"), text_of(40)),
    Column("agent", ("坐席", "座席", "坐席工号", "话务员"), text_of(20)),
    Column("answered_at", ("接听时间", "接通时间", "应答时间"), moment),
    Column("ended_at", ("结束时间", "挂断时间", "挂机时间"), moment),
    Column(
        "outcome_code",
        ("结果", "处理结果", "来电结果", "通话结果"),
        one_of(
            Disposition,
            {
                "当场解答": "answered_on_call",
                "直接答复": "answered_on_call",
                "直接解答": "answered_on_call",
                "派单": "ticket",
                "转办": "ticket",
                "交办": "ticket",
                "转派": "ticket",
                "重复并单": "merged",
                "转接": "transferred_out",
                "不予受理": "declined",
                "无声电话": "silent",
                "骚扰电话": "harassment",
                "挂断": "hung_up",
                "告知途径": "told_route",
            },
        ),
    ),
    Column("ticket_number", ("工单编号", "工单号"), text_of(40)),
)
TICKET_COLUMNS: tuple[Column, ...] = (
    Column("number", ("工单编号", "工单号", "编号"), text_of(40), required=True),
    Column("created_at", ("创建时间", "受理时间", "登记时间", "来电时间"), moment, required=True),
    Column(
        "channel",
        ("渠道", "来源", "诉求来源", "受理渠道"),
        one_of(
            Channel,
            {
                "电话热线": "phone",
                "12345电话": "phone",
                "网上信箱": "web",
                "网络": "web",
                "微信公众号": "wechat",
                "信件": "letter",
                "上级交办": "upper",
                "上级转办": "upper",
                "手机APP": "app",
            },
        ),
    ),
    Column(
        "kind",
        ("诉求类型", "类型", "类别"),
        one_of(RequestKind, {"感谢": "praise", "建言": "suggestion", "意见建议": "suggestion"}),
    ),
    Column("category", ("事项分类", "分类", "诉求分类", "事项"), text_of(60)),
    Column("department", ("承办单位", "主办单位", "办理单位", "责任单位"), text_of(80)),
    Column(
        "status",
        ("状态", "工单状态", "办理状态"),
        one_of(
            Status,
            {
                "结案": "closed",
                "已办结": "closed",
                "办结": "closed",
                "已关闭": "closed",
                "在办": "in_progress",
                "正在办理": "in_progress",
                "已派单": "dispatched",
                "待受理": "open",
                "直接答复": "answered",
            },
        ),
    ),
    Column("dispatched_at", ("派单时间", "转办时间", "交办时间"), moment),
    Column("due_at", ("到期时间", "办理期限", "截止时间", "应办结时间"), moment),
    Column("acknowledged_at", ("签收时间",), moment),
    Column("first_contacted_at", ("首次联系时间", "联系时间", "首次响应时间"), moment),
    Column("completed_at", ("办结时间", "答复时间", "办理完成时间"), moment),
    Column("closed_at", ("结案时间", "关闭时间", "归档时间"), moment),
    Column("solved", ("是否解决", "解决情况"), verdict),
    Column("rating", ("满意度", "满意情况", "评价"), rating),
    Column("business_environment", ("营商环境", "是否营商环境", "涉企"), yes_no),
)


def match(headings: tuple[str, ...], columns: tuple[Column, ...]) -> dict[int, Column]:
    """Which column stands at which place; the first heading of a column wins."""
    words = {word: column for column in columns for word in (column.code, *column.headings)}
    found: dict[int, Column] = {}
    for place, heading in enumerate(headings):
        key = heading.strip().strip("*＊").replace(" ", "")
        column = words.get(key) or words.get(heading.strip().lower().replace(" ", "_"))
        if column is not None and column not in found.values():
            found[place] = column
    return found
