"""A row of a table of visits or of an outside survey becomes answers, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import TypeVar

from dispatch.domain.calls import SurveyResult
from dispatch.domain.errors import InvalidInput
from dispatch.domain.vocabulary import Rating, Verdict
from dispatch.domain.worktime import SHANGHAI
from dispatch.service.followup_answers import Answers

Word = TypeVar("Word")

HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "number": ("工单编号", "工单号", "number"),
        "at": ("回访时间", "走访时间", "调查时间", "日期", "at"),
        "reached": ("是否接通", "是否见面", "是否接触", "reached"),
        "contacted": ("单位是否联系", "是否联系", "contacted"),
        "reply_true": ("答复是否属实", "reply_true"),
        "solved": ("是否解决", "解决情况", "solved"),
        "rating": ("满意度", "是否满意", "rating"),
        "comment": ("意见", "诉求人意见", "comment"),
        "redo": ("要求重办", "redo"),
        "result": ("未接通原因", "result"),
    }
)
"""The columns, each with the headings it is known by; the first is what we write."""

NEEDED = ("number", "at", "solved", "rating")
EXAMPLE = ("20261120000001", "2026-11-20 15:30", "是", "是", "是", "已解决", "满意", "", "否", "")
LONGEST_COMMENT = 2000

_YES = frozenset({"是", "有", "对", "1", "yes", "true", "联系过", "已联系", "属实"})
_NO = frozenset({"否", "无", "没有", "不", "0", "no", "false", "未联系", "没联系", "不属实"})
_SOLVED: Mapping[str, Verdict] = {
    **{one.value: one for one in Verdict},
    **{one.label: one for one in Verdict},
    **dict.fromkeys(("是", "解决"), Verdict.RESOLVED),
    **dict.fromkeys(("否", "没解决", "没有解决"), Verdict.UNRESOLVED),
}
_RATINGS = {name: one for one in Rating for name in (one.value, one.label)}
UNREACHED = (
    SurveyResult.NO_ANSWER,
    SurveyResult.BUSY,
    SurveyResult.DECLINED,
    SurveyResult.NO_SUCH_NUMBER,
    SurveyResult.MACHINE,
    SurveyResult.FAILED,
)
"""Why somebody was not met or not reached, as it may be written in a table."""

_UNREACHED = {name: one for one in UNREACHED for name in (one.value, one.label)}
_MOMENT = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[ T]+(\d{1,2})[:：时](\d{1,2})(?:[:：分]\d{0,2})?.*)?"
)


@dataclass(frozen=True)
class SurveyRow:
    """What one row says: of which ticket, asked when, and what was answered."""

    number: str
    at: datetime
    answers: Answers


def read_row(said: Mapping[str, str], *, asked_by: str, now: datetime) -> SurveyRow:
    """Read the cells of one row; an empty cell was not asked or not answered.

    Raises:
        InvalidInput: what is wrong, with the heading it stands under.
    """
    number = said.get("number", "")
    if not number:
        raise InvalidInput("缺少工单编号", field="number")
    at = _moment(said.get("at", ""), now)
    solved = _word(said, "solved", _SOLVED, "已解决、未解决")
    rating = _word(said, "rating", _RATINGS, "、".join(one.label for one in Rating))
    result = _word(said, "result", _UNREACHED, "、".join(one.label for one in UNREACHED))
    contacted, reply_true = _yes_no(said, "contacted"), _yes_no(said, "reply_true")
    told = any(one is not None for one in (solved, rating, contacted, reply_true))
    reached = _yes_no(said, "reached")
    if reached is None:
        reached = told or result is None
    if told and not reached:
        raise InvalidInput("写明没有接通，却有答复；请改正其中一处", field="reached")
    if reached and result is not None:
        raise InvalidInput("写明已接通，却有未接通原因；请改正其中一处", field="result")
    if reached and not told:
        raise InvalidInput("没有一项答复；没有接通的请写明“是否接通：否”", field="solved")
    answers = Answers(
        reached=reached,
        solved=solved,
        rating=rating,
        contacted=contacted,
        reply_true=reply_true,
        comment=said.get("comment", "")[:LONGEST_COMMENT],
        redo_wanted=bool(_yes_no(said, "redo")),
        result=result if not reached else None,
        asked_by=asked_by,
    )
    return SurveyRow(number, at, answers)


def _moment(typed: str, now: datetime) -> datetime:
    """The moment asked; a day without a time is taken at noon, never later than now."""
    found = _MOMENT.fullmatch(typed.strip())
    heading = HEADINGS["at"][0]
    if found is None:
        wanted = "应写成 2026-11-20 或 2026-11-20 15:30 这样"
        raise InvalidInput(f"{heading}“{typed}”{wanted}" if typed else f"缺少{heading}", field="at")
    year, month, day = (int(part) for part in found.groups()[:3])
    try:
        clock = time(int(found[4]), int(found[5])) if found[4] else time(12)
        at = datetime.combine(datetime(year, month, day, tzinfo=SHANGHAI).date(), clock, SHANGHAI)
    except ValueError:
        raise InvalidInput(f"{heading}“{typed}”没有这一天或这一时刻", field="at") from None
    if found[4] is None and now - timedelta(hours=12) < at:
        today = now.astimezone(SHANGHAI).date() == at.date()
        at = min(at, now) if today else at
    if at > now:
        raise InvalidInput(f"{heading}“{typed}”在将来", field="at")
    return at


def _word(said: Mapping[str, str], name: str, known: Mapping[str, Word], words: str) -> Word | None:
    typed = said.get(name, "")
    if typed and typed not in known:
        raise InvalidInput(f"{HEADINGS[name][0]}“{typed}”不认识，请写：{words}", field=name)
    return known.get(typed)


def _yes_no(said: Mapping[str, str], name: str) -> bool | None:
    typed = said.get(name, "").lower()
    if not typed:
        return None
    if typed in _YES or typed in _NO:
        return typed in _YES
    raise InvalidInput(f"{HEADINGS[name][0]}“{typed}”不认识，请写：是、否", field=name)
