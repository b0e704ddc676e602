"""Bodies of the answers about figures and the rows behind them."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field


class FigureOut(BaseModel):
    """一项指标：定义和数值."""

    code: str = Field(description="指标编码，不再改变")
    name: str = Field(description="指标名称")
    subject: str = Field(description="统计对象：contact、ticket、assignment、call_back 或 interval")
    value: float | None = Field(description="数值，两位小数；没有数据时为空")
    unit: str = Field(description="数值的单位：%、秒或工作小时")
    hits: int | None = Field(description="分子（比率）；平均数为空")
    judged: int = Field(description="分母：比率的件数，平均数的个数")
    total_ms: int | None = Field(description="平均数的总和，毫秒；比率为空")
    percent: float | None = Field(description="百分比；平均数或没有数据时为空")
    formula: str = Field(description="算式")
    numerator: str = Field(description="分子的定义")
    denominator: str = Field(description="分母的定义")
    period_rule: str = Field(description="按哪个时间计入期间")
    source: str = Field(description="定义的来源")
    exclusions: str = Field(description="剔除了什么")
    least: int = Field(description="不足这么多件的不参加比较")


class FigureWithCodeOut(FigureOut):
    """一项指标，附可以执行的算式."""

    sql: str = Field(description="算式的 SQL（PostgreSQL 写法），条件的值已写入")


class FiguresOut(BaseModel):
    """一段时间、一个范围的全部指标."""

    first: date = Field(description="第一天（含）")
    last: date = Field(description="最后一天（含）")
    scope: dict[str, str] = Field(description="生效的筛选条件")
    figures: list[FigureOut] = Field(description="指标；筛选条件没有意义的不列出")


class FigureRowOut(BaseModel):
    """构成指标的一件."""

    model_config = ConfigDict(from_attributes=True)

    id: int | None = Field(None, description="来电、回拨或话后整理的编号")
    number: str | None = Field(None, description="工单编号")
    call_id: str | None = Field(None, description="通话编号")
    title: str | None = Field(None, description="工单标题")
    department: str | None = Field(None, description="承办单位")
    line: str | None = Field(None, description="拨打的号码")
    agent: str | None = Field(None, description="话务员")
    caller: str | None = Field(None, description="主叫号码，已脱敏")
    started_at: datetime | None = Field(None, description="来电时间")
    created_at: datetime | None = Field(None, description="受理时间")
    due_at: datetime | None = Field(None, description="到期时间")
    completed_at: datetime | None = Field(None, description="办结时间")
    closed_at: datetime | None = Field(None, description="结案时间")
    since: datetime | None = Field(None, description="漏接或话后整理开始的时间")
    until: datetime | None = Field(None, description="回拨了结或话后整理结束的时间")
    state: str | None = Field(None, description="回拨或坐席的状态")
    counted: int | None = Field(None, description="计入平均数的毫秒；比率为空")


class FigureRowsOut(BaseModel):
    """构成指标的各件，新的在前."""

    count: int = Field(description="这一部分共有多少件")
    offset: int = Field(description="从第几件开始")
    rows: list[FigureRowOut] = Field(description="各件")
