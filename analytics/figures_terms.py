"""What a figure's definition consists of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dispatch.domain.judging_terms import Measure
from dispatch.domain.rules import Rules


class Subject(StrEnum):
    """What a figure counts."""

    CONTACT = "contact"
    TICKET = "ticket"
    ASSIGNMENT = "assignment"
    CALL_BACK = "call_back"
    INTERVAL = "interval"

    @property
    def label(self) -> str:
        """As people read it."""
        return _SUBJECTS[self]


_SUBJECTS = {
    Subject.CONTACT: "来电",
    Subject.TICKET: "工单",
    Subject.ASSIGNMENT: "派单",
    Subject.CALL_BACK: "待回拨的漏接来电",
    Subject.INTERVAL: "话后整理",
}


class Form(StrEnum):
    """How a figure is written: a percentage, seconds, or hours of working time."""

    PERCENT = "percent"
    SECONDS = "seconds"
    WORKING_HOURS = "working_hours"

    @property
    def unit(self) -> str:
        """The unit as it is printed."""
        return {"percent": "%", "seconds": "秒", "working_hours": "工作小时"}[self.value]


class PeriodRule(StrEnum):
    """By which of its moments a case belongs to a period; the value is printed."""

    CALL = "来电时间"
    CREATED = "受理时间"
    DISPATCHED = "派单时间"
    DUE = "到期时间"
    CLOSED = "结案时间"
    MISSED = "漏接时间"
    BEGUN = "开始时间"
    AT_END = "期末时点"
    """Not by a moment of the case: what was so when the period ended. Such counts of two periods
    are not added, the later one stands for both."""


@dataclass(frozen=True)
class Figure:
    """A figure's name, formula in words, source, and the period rule of its denominator.

    `measure` is what units are judged by with it: a ticket excluded from that measure is not in
    it. Of a mean, `numerator` is what is summed and `denominator` what is counted. `city_name` is
    what a city calls it whose policy sets its {seconds}; `least` overrides the policy's smallest
    number (rating.least) by which it is compared.
    """

    code: str
    name: str
    subject: Subject
    numerator: str
    denominator: str
    period: PeriodRule
    source: str
    measure: Measure | None = None
    form: Form = Form.PERCENT
    least: int | None = None
    city_name: str = ""

    @property
    def formula(self) -> str:
        """The formula as it is printed beside the figure."""
        return f"{self.numerator} ÷ {self.denominator}（按{self.period}计）"

    @property
    def exclusions(self) -> str:
        """What is left out of it, in words."""
        if self.measure is None:
            return "不剔除"
        return f"经两人审定、在“{self.measure.label}”中剔除的工单不计入分子和分母"

    @property
    def is_rate(self) -> bool:
        """Whether it is hits ÷ judged; else it is a sum ÷ a count."""
        return self.form is Form.PERCENT

    def name_in(self, rules: Rules) -> str:
        """Its name in a city, with the number that its policy sets."""
        if not self.city_name:
            return self.name
        return self.city_name.format(seconds=rules.profile.service.answer_within_seconds)

    def minimum(self, rules: Rules) -> int:
        """The smallest denominator by which it is compared; below, it is only told."""
        return rules.profile.rating.least if self.least is None else self.least
