"""Bodies of the requests and answers about supervision orders and leaders' instructions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dispatch.domain.terms import (
    InstructionState,
    SupervisionLevel,
    SupervisionState,
    SupervisionTrigger,
)

Words = Annotated[str, Field(min_length=1, max_length=20_000)]
Version = Annotated[int | None, Field(ge=1, description="页面所见的工单版本；不填则不比较")]


class OrderOut(BaseModel):
    """督办."""

    model_config = ConfigDict(from_attributes=True)

    number: str = Field(description="督办文号")
    ticket: str = Field(description="工单编号")
    department: str = Field(description="被督办单位；为空时督办的是热线中心")
    level: SupervisionLevel = Field(description="督办级别")
    trigger: SupervisionTrigger = Field(description="由什么引起")
    state: SupervisionState = Field(description="状态")
    demand: str = Field(description="督办要求")
    copied_to: tuple[str, ...] = Field(description="抄送")
    issued_at: datetime = Field(description="下达时间")
    issued_by: str = Field(description="下达人；自动下达时为系统")
    due_at: datetime = Field(description="答复期限")
    breached_at: datetime | None = Field(description="记为逾期未答复的时间")
    answer: str = Field(description="单位的答复")
    answered_at: datetime | None = Field(description="答复时间")
    ruling: str = Field(description="认定意见")
    closed_at: datetime | None = Field(description="了结时间")
    raised_from: str | None = Field(description="由哪一件督办升级而来")


class InstructionOut(BaseModel):
    """批示."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="批示的编号")
    ticket: str = Field(description="工单编号")
    state: InstructionState = Field(description="状态")
    words: str = Field(description="批示内容")
    given_by: str = Field(description="批示的领导")
    given_at: datetime = Field(description="批示时间")
    due_at: datetime | None = Field(description="要求反馈的时间")
    received_by: str = Field(description="签收人")
    received_at: datetime | None = Field(description="签收时间")
    feedback: str = Field(description="落实情况")
    reported_at: datetime | None = Field(description="反馈时间")
    closed_at: datetime | None = Field(description="办结时间")


class SuperviseIn(BaseModel):
    """下达督办."""

    level: SupervisionLevel = Field(description="督办级别")
    demand: Words = Field(description="督办要求")
    trigger: SupervisionTrigger = Field(default=SupervisionTrigger.MANUAL, description="由什么引起")
    department: str | None = Field(
        default=None, max_length=40, description="单位编码；默认承办单位"
    )
    copied_to: list[Annotated[str, Field(max_length=40)]] = Field(
        default=[], max_length=10, description="抄送哪些单位或人"
    )
    due: AwareDatetime | None = Field(default=None, description="答复期限；默认按级别的时限")
    version: Version = None


class WordsIn(BaseModel):
    """One text, with the version of the ticket the caller saw."""

    words: Words = Field(description="内容")
    version: Version = None


class InstructIn(WordsIn):
    """批示."""

    due: AwareDatetime | None = Field(default=None, description="要求反馈的时间")
