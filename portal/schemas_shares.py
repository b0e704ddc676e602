"""Bodies of the requests and answers about several units, avoidance and batches."""

from __future__ import annotations

from pydantic import BaseModel, Field

from dispatch.domain.terms import AvoidReason

Version = int | None
SHOWN = Field(None, description="所见工单的版本；给出后，工单已变化时拒绝")


class SupportingIn(BaseModel):
    """增加协办"""

    department: str = Field(description="协办单位代码")
    opinion: str = Field("", max_length=2000, description="请协办单位做什么")
    limit: str = Field("", description="协办时限，如 2 working_day；不填按规则，不晚于主办")
    version: Version = SHOWN


class SubDispatchIn(BaseModel):
    """下派"""

    department: str = Field(description="下级单位代码")
    opinion: str = Field(max_length=2000, description="要下级单位做什么")
    version: Version = SHOWN


class ShareReplyIn(BaseModel):
    """答复协办或下派"""

    reply: str = Field(max_length=20_000, description="本单位查明的情况和处理结果")
    internal_note: str = Field("", max_length=20_000, description="内部说明")
    version: Version = SHOWN


class AvoidIn(BaseModel):
    """设为回避单位"""

    department: str = Field(description="单位代码")
    why: AvoidReason = Field(description="原因")
    note: str = Field("", max_length=2000, description="说明")
    version: Version = SHOWN


class PickIn(BaseModel):
    """批量派单中的一张工单"""

    number: str = Field(max_length=40, description="工单编号")
    version: Version = SHOWN


class BatchIn(BaseModel):
    """按派单目录批量派单"""

    tickets: list[PickIn] = Field(min_length=1, max_length=200, description="要派的工单")


class SentOut(BaseModel):
    """一张工单的结果"""

    model_config = {"from_attributes": True}

    number: str = Field(description="工单编号")
    unit: str = Field(description="派给的单位；没有派出时为空")
    code: str = Field(description="没有派出的原因代码；派出时为空")
    problem: str = Field(description="没有派出的原因")
