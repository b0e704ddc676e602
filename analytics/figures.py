"""One definition per figure, as data; page, report, export, interface and command read it here."""

from __future__ import annotations

from analytics.figures_answers import ANSWERS
from analytics.figures_calls import CALL_MEANS, CALL_RATES
from analytics.figures_terms import Figure, Form, PeriodRule, Subject
from analytics.figures_tickets import TICKET_MEANS, TICKET_RATES

__all__ = [
    "ANSWERS",
    "BY_CODE",
    "CALL_FIGURES",
    "CATALOGUE",
    "FIGURES",
    "LEFT_OUT",
    "MEANS",
    "TICKET_FIGURES",
    "Figure",
    "Form",
    "PeriodRule",
    "Subject",
]

FIGURES: tuple[Figure, ...] = (*CALL_RATES, *TICKET_RATES, *ANSWERS)
"""The rates: hits ÷ judged."""

MEANS: tuple[Figure, ...] = (*CALL_MEANS, *TICKET_MEANS)
"""The means: a sum ÷ how many."""

CATALOGUE: tuple[Figure, ...] = (*FIGURES, *MEANS)

CALL_FIGURES: tuple[Figure, ...] = (*CALL_RATES, *CALL_MEANS)
TICKET_FIGURES: tuple[Figure, ...] = (*TICKET_RATES, *TICKET_MEANS)

BY_CODE = {figure.code: figure for figure in CATALOGUE}

LEFT_OUT: tuple[tuple[str, str], ...] = (
    (
        "知识库更新、差错、实例拨测",
        "条目和纠错（含超期）在知识库页按单位查看，还没有按期间统计更新数；没有拨测的登记，实例拨测无法统计。",
    ),
    ("息诉率", "各地只公布名称，没有查到算式，也没有哪一项登记能判断是否息诉。"),
    ("万人诉求比", "分母是常住人口，不是可以打开的记录；按区县列在领导页的地图上。"),
    (
        "平台数据质量中的接口稳定、抽查",
        "没有接口故障的登记；抽查结果见质检页，不按工单计入指标。",
    ),
)
"""What domain lists name and the data cannot tell, with why; printed with the catalogue."""
