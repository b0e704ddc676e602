"""JSON bodies of /api/v1 for merging, splitting, linking and urging tickets."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from dispatch.domain.terms import LinkKind
from dispatch.domain.vocabulary import Status
from dispatch.service.intake import MAX_CONTENT
from portal.schemas import Version

MAX_BATCH = 200
"""Tickets in one batch: more than an event brings in an hour."""


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MergeIn(_In):
    """并入主单"""

    main: str = Field(max_length=40, description="主单编号")
    reason: str = Field(max_length=2000, description="并单的理由")
    version: Version = None


class MergeInIn(_In):
    """把多张工单并入本单"""

    children: list[str] = Field(min_length=1, max_length=MAX_BATCH, description="要并入的工单编号")
    reason: str = Field(max_length=2000, description="并单的理由")


class MergedManyOut(_Out):
    """一批并单的结果"""

    merged: list[str] = Field(description="已并入的工单编号")
    refused: dict[str, str] = Field(description="没有并入的工单编号和原因")


class WhyIn(_In):
    """撤销并单"""

    reason: str = Field(max_length=2000, description="理由")
    version: Version = None


class SplitIn(_In):
    """拆单"""

    content: str = Field(min_length=1, max_length=MAX_CONTENT, description="拆出的诉求")
    reason: str = Field(max_length=2000, description="拆单的理由")
    title: str = Field("", max_length=120, description="标题；不填则取内容开头")
    category: str | None = Field(None, description="事项分类代码")
    version: Version = None


class LinkIn(_In):
    """关联另一张工单"""

    other: str = Field(max_length=40, description="另一张工单的编号")
    note: str = Field("", max_length=2000, description="有什么关系")


class UnlinkIn(_In):
    """取消关联"""

    other: str = Field(max_length=40, description="另一张工单的编号")


class UrgeIn(_In):
    """催办"""

    note: str = Field(min_length=1, max_length=2000, description="谁来催、为什么")
    version: Version = None


class MergedTicketOut(_Out):
    """并单的另一头"""

    number: str = Field(description="工单编号")
    title: str = Field(description="标题")
    status: Status = Field(description="状态")
    created_at: datetime = Field(description="受理时间")
    merged_at: datetime = Field(description="并单时间")
    reason: str = Field(description="并单的理由")
    waiting: bool = Field(description="是否还在等待主单的答复")


class LinkedOut(_Out):
    """有关联的工单"""

    number: str = Field(description="工单编号")
    title: str = Field(description="标题")
    status: Status = Field(description="状态")
    kind: LinkKind = Field(description="关联的种类")
    note: str = Field(description="说明")
    made_at: datetime = Field(description="关联时间")
    removable: bool = Field(description="是否可以取消")


class TiesOut(_Out):
    """一张工单的主单、并单与关联"""

    main: MergedTicketOut | None = Field(description="本单并入的主单")
    merged: list[MergedTicketOut] = Field(description="并入本单、您有权查看的工单")
    hidden: int = Field(description="并入本单而您无权查看的工单数")
    callers: int = Field(description="本单一并办理的诉求人数")
    links: list[LinkedOut] = Field(description="有关联的工单")
