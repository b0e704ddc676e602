"""JSON bodies of hot spots; the descriptions appear in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from dispatch.domain.learning_terms import HotSpotState
from portal.schemas import _Out


class HotSpotOut(_Out):
    """短时间内集中反映的同一地点、同一事项"""

    id: int = Field(description="编号")
    state: HotSpotState = Field(description="状态")
    category: str = Field(description="事项分类名称")
    division: str = Field(description="区划名称；不限于一处时为“全市”")
    place: str = Field(description="工单共同提到的地点；没有时为空")
    words: tuple[str, ...] = Field(description="工单共同提到的词")
    began_at: datetime = Field(description="第一件工单的时间")
    found_at: datetime = Field(description="发现的时间")
    last_at: datetime = Field(description="最近一件工单的时间")
    tickets: int = Field(description="工单件数")
    hidden: int = Field(description="其中您无权查看的件数")
    expected: float = Field(description="按以往同一时段应有的件数")
    surprise: float = Field(description="偶然达到这个人数的概率的负常用对数，越大越不可能是偶然")
    ended_at: datetime | None = Field(description="排除或回落的时间")
    note: str = Field(description="排除的理由")
    numbers: list[str] = Field(description="您有权查看的工单编号，新的在前")
