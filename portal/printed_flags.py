"""The sheet of a flagged number: its calls with their times, to be handed to the police."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispatch.domain.worktime import local
from dispatch.service.number_flag_queries import EvidenceCall, FlagView
from portal.printing import Form, Line, Pair
from portal.wording import duration

SIGNATURES = ("经办人", "热线中心负责人（签章）", "接收单位（签章）")


def flag_form(
    flag: FlagView,
    calls: Sequence[EvidenceCall],
    *,
    city: str,
    printed_by: str,
    now: datetime,
) -> Form:
    """号码来电情况表: who proposed and approved the flag, why, and every call it rests on."""
    office = f"{city}12345政务服务便民热线"
    total = sum(call.talk_s or 0 for call in calls)
    return Form(
        office=office,
        title="号 码 来 电 情 况 表",
        number=f"HM{flag.id:06d}",
        rows=[
            Pair("来电号码", flag.number, "情形", flag.kind.label),
            Pair("提出人", flag.proposed_by, "提出时间", _at(flag.proposed_at)),
            Pair("批准人", flag.decided_by or "（未批准）", "批准时间", _at(flag.decided_at)),
            Pair("标记状态", flag.state.label, "处理方式", flag.treatment.label),
            Line("理　　由", flag.reason, tall=20),
            Pair("来电次数", f"{len(calls)} 次", "通话时长合计", duration(total)),
            *(Line(f"第 {n} 次", _said(call)) for n, call in enumerate(reversed(calls), start=1)),
            *([Line("申　　诉", flag.appeal)] if flag.appeal else []),
            *([Line("裁　　定", flag.ruling)] if flag.ruling else []),
        ],
        signatures=SIGNATURES,
        closing=(office, _at(now)),
        printed_by=printed_by,
        printed_at=f"{local(now):%Y-%m-%d %H:%M}",
    )


def _said(call: EvidenceCall) -> str:
    parts = [_at(call.at, seconds=True)]
    parts.append(f"通话 {duration(call.talk_s)}" if call.talk_s else "未接通")
    if call.agent:
        parts.append(f"接听人 {call.agent}")
    if call.disposition:
        parts.append(f"登记为“{call.disposition.label}”")
    parts.append(f"有录音（来电编号 {call.contact_id}）" if call.recorded else "无录音")
    return "，".join(parts) + (f"\n{call.note}" if call.note else "")


def _at(at: datetime | None, *, seconds: bool = False) -> str:
    if at is None:
        return "—"
    moment = local(at)
    clock = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    return f"{moment.year}年{moment.month}月{moment.day}日 {clock}"
