"""JSON bodies of call-backs; the descriptions appear in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from dispatch.domain.call_terms import CallBackKind, CallBackState
from portal.schemas import _Out


class CallBackOut(_Out):
    """一个待回拨或已了结的回拨"""

    id: int = Field(description="编号")
    kind: CallBackKind = Field(description="缘由")
    state: CallBackState = Field(description="状态")
    number: str = Field(description="来电号码；按岗位脱敏")
    line: str = Field(description="来电线路名称")
    queue: str = Field(description="队列代码")
    created_at: datetime = Field(description="第一次未接通的时间")
    last_missed_at: datetime = Field(description="最近一次未接通的时间")
    missed_calls: int = Field(description="合并的未接来电次数")
    attempts: int = Field(description="已回拨次数")
    next_at: datetime = Field(description="下次可以回拨的时间")
    expires_at: datetime = Field(description="过期时间")
    ended_at: datetime | None = Field(description="了结时间")
    claimed_by: str | None = Field(description="认领人")
    note: str = Field(description="无法回拨、未接通或取消的原因")


class CallBackPageOut(_Out):
    """一页回拨"""

    items: list[CallBackOut] = Field(description="本页回拨")
    next_cursor: str | None = Field(description="下一页的 cursor；没有下一页时为空")
