"""Bodies of the answer about the telephones now."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from dispatch.domain.ports import AgentState


class ShareOut(BaseModel):
    """一项比率."""

    model_config = ConfigDict(from_attributes=True)

    hits: int = Field(description="计入分子的来电数")
    judged: int = Field(description="分母：可以判定的来电数")
    percent: float | None = Field(description="百分比，一位小数；没有可判定的来电时为空")


class QueueOut(BaseModel):
    """一个队列此刻的情况."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="队列编码")
    label: str = Field(description="队列名称")
    waiting: int = Field(description="正在排队的人数")
    longest_since: datetime | None = Field(description="等得最久的人从什么时候开始等；无人时为空")
    service: ShareOut = Field(description="近 30 分钟限时接通率（规则方案的秒数，国家标准 15 秒）")
    agents: dict[AgentState, int] = Field(description="服务本队列的坐席按状态计数，不含未签入")
    call_backs: int = Field(description="未了结的回拨数")


class WaitingOut(BaseModel):
    """一位正在排队的来电人."""

    model_config = ConfigDict(from_attributes=True)

    contact_id: int = Field(description="来电记录的编号")
    caller: str = Field(description="来电号码，中间几位隐去")
    line: str = Field(description="拨打的线路名称")
    queue: str = Field(description="队列名称")
    position: int = Field(description="按到达先后的位置，从 1 起；紧急来电可能先接")
    since: datetime = Field(description="开始排队的时间")
    ringing: str = Field(description="正在给哪位话务员振铃；没有时为空")


class AgentOut(BaseModel):
    """一位坐席此刻的情况."""

    model_config = ConfigDict(from_attributes=True)

    extension: str = Field(description="分机")
    name: str = Field(description="姓名")
    state: AgentState = Field(description="状态")
    label: str = Field(description="状态的中文，小休时为原因")
    since: datetime | None = Field(description="从什么时候起是这个状态")
    limit_at: datetime | None = Field(description="小休或话后整理到什么时候为止；没有限时为空")
    over_limit: bool = Field(description="是否已超时")
    unreachable: bool = Field(description="已签入而电话没有连上")
    queues: tuple[str, ...] = Field(description="服务的队列名称")


class WallboardOut(BaseModel):
    """话务现场."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime = Field(description="数据的时刻")
    queues: tuple[QueueOut, ...] = Field(description="各队列")
    waiting: tuple[WaitingOut, ...] = Field(description="正在排队的来电人，先到的在前")
    agents: tuple[AgentOut, ...] = Field(description="全部坐席，按分机排列")
    service: ShareOut = Field(description="全部队列近 30 分钟限时接通率")
    connection: ShareOut = Field(description="全部队列近 24 小时接通率")
    call_backs: int = Field(description="未了结的回拨数")
    corrections: int = Field(description="近 24 小时发现并纠正的坐席状态差异数")
