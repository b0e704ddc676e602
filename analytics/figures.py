"""One definition per figure, as data; page, report, export and command all read it here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SERVICE_LEVEL_S = 15
"""GB/T 33358-2016: a telephone call is answered within 15 seconds."""


class Subject(StrEnum):
    """What a figure counts."""

    CONTACT = "contact"
    TICKET = "ticket"
    ASSIGNMENT = "assignment"


@dataclass(frozen=True)
class Figure:
    """A figure's name, formula in words, source, and the period rule of its denominator."""

    code: str
    name: str
    subject: Subject
    numerator: str
    denominator: str
    period: str
    source: str

    @property
    def formula(self) -> str:
        """The formula as it is printed beside the figure."""
        return f"{self.numerator} ÷ {self.denominator}（按{self.period}计）"


FIGURES: tuple[Figure, ...] = (
    Figure(
        "direct_answer_rate",
        "直接答复率",
        Subject.CONTACT,
        "当场答复的来电",
        "全部来电",
        "来电时间",
        "晋中 2017 年上半年通报口径：当场解答 ÷ 来电总量",
    ),
    Figure(
        "connection_rate",
        "呼叫接通率",
        Subject.CONTACT,
        "话务员接起的来电",
        "进入排队的来电",
        "来电时间",
        "GB/T 33358-2016 要求连续 24 小时不低于 95%；算式为本系统约定",
    ),
    Figure(
        "service_level_15s",
        "15 秒接通率",
        Subject.CONTACT,
        f"排队后 {SERVICE_LEVEL_S} 秒内接起的来电",
        "进入排队的来电",
        "来电时间",
        "GB/T 33358-2016：15 秒内应答",
    ),
    Figure(
        "acknowledged_on_time_rate",
        "按时签收率",
        Subject.ASSIGNMENT,
        "在签收时限内签收的派单",
        "应签收的派单（已签收或签收时限已过）",
        "派单时间",
        "各地通报通用口径；签收时限见规则方案",
    ),
    Figure(
        "response_rate",
        "响应率",
        Subject.TICKET,
        "在办理时限内联系过诉求人的工单",
        "派单且可考核的工单（已联系或时限已过）",
        "派单时间",
        "北京“三率”名称；算式为本系统约定",
    ),
    Figure(
        "on_time_rate",
        "按时办结率",
        Subject.TICKET,
        "到期前办结的工单",
        "应办结的工单",
        "到期时间",
        "各地通报通用口径：时限内办结 ÷ 本期应办结",
    ),
    Figure(
        "completion_rate",
        "办结率",
        Subject.TICKET,
        "其中已结案的工单",
        "本期派出的工单",
        "派单时间",
        "晋中 2017 年上半年通报口径：办结 ÷ 交办",
    ),
    Figure(
        "resolution_rate",
        "解决率",
        Subject.TICKET,
        "诉求人确认已解决的工单",
        "诉求人回答了是否解决的工单",
        "结案时间",
        "北京“三率”名称；未接通、未回答的不计入",
    ),
    Figure(
        "satisfaction_rate",
        "满意率",
        Subject.TICKET,
        "评价计为满意的工单",
        "诉求人作出评价的工单",
        "结案时间",
        "国家政务服务“好差评”五级；哪几级计为满意由规则方案规定，未接通不计为满意",
    ),
    Figure(
        "business_environment_completion_rate",
        "营商环境办结率",
        Subject.TICKET,
        "其中已结案的工单",
        "受理的营商环境工单",
        "受理时间",
        "晋中 2017 年上半年通报口径",
    ),
)

BY_CODE = {figure.code: figure for figure in FIGURES}
