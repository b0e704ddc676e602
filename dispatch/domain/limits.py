"""How a rule states a time limit: amount, unit, first day, last moment, and who says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dispatch.domain.errors import PolicyError
from dispatch.domain.vocabulary import Labelled, RequestKind, Urgency


class LimitUnit(Labelled):
    """What is counted."""

    WORKING_DAY = "working_day", "个工作日"
    WORKING_HOUR = "working_hour", "个工作小时"
    WORKING_MINUTE = "working_minute", "分钟工作时间"
    NATURAL_DAY = "natural_day", "个自然日"
    HOUR = "hour", "小时"
    MINUTE = "minute", "分钟"

    @property
    def is_day(self) -> bool:
        """Whether whole days are counted."""
        return self in (LimitUnit.WORKING_DAY, LimitUnit.NATURAL_DAY)

    @property
    def is_natural_time(self) -> bool:
        """Hours and minutes that run day and night (民法典 201: from the moment itself)."""
        return self in (LimitUnit.HOUR, LimitUnit.MINUTE)


class LimitStart(Labelled):
    """Which day is the first one counted; of day limits only."""

    NEXT_DAY = "next_day", "自次日起算"
    SAME_DAY = "same_day", "自当日起算（含当日）"


class DayEnd(Labelled):
    """When the last day is over; of day limits only (民法典 203)."""

    CLOSE_OF_BUSINESS = "close_of_business", "末日下班截止"
    MIDNIGHT = "24:00", "末日二十四时截止"
    SAME_CLOCK = "same_clock", "末日同一钟点截止"


class Evidence(Labelled):
    """How far the source of a value can be trusted."""

    A = "A", "已读全文的法规文件"
    B = "B", "官方网页，只读到开头"
    C = "C", "新闻报道"
    D = "D", "未经证实的线索"
    P = "P", "本系统默认值，无外部依据"


class LimitMeaning(Labelled):
    """What must have happened when the limit ends."""

    HANDLING = "handling", "办结"
    PROGRESS = "progress", "反馈进展"
    RESPONSE = "response", "响应（联系诉求人或到达现场）"


class SourceLevel(Labelled):
    """Which level sent the request down to the city."""

    NATIONAL = "national", "国家平台"
    PROVINCIAL = "provincial", "省级平台"
    CITY = "city", "本市受理"
    COUNTY = "county", "县区受理"


_LIMIT = re.compile(r"\s*(\d{1,5})\s+([a-z_]+)\s*")


@dataclass(frozen=True, slots=True)
class Limit:
    """A stated limit such as five working days; `start` and `day_end` matter for days only."""

    amount: int
    unit: LimitUnit
    start: LimitStart = LimitStart.NEXT_DAY
    day_end: DayEnd = DayEnd.CLOSE_OF_BUSINESS

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise PolicyError(f"时限必须是正整数，而不是 {self.amount}")

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        start: LimitStart = LimitStart.NEXT_DAY,
        day_end: DayEnd = DayEnd.CLOSE_OF_BUSINESS,
    ) -> Limit:
        """Read "5 working_day"; a PolicyError names the units that exist."""
        match = _LIMIT.fullmatch(text)
        units = {unit.value: unit for unit in LimitUnit}
        if match is None or match[2] not in units:
            raise PolicyError(f"时限“{text}”应写成“数字 单位”，单位可用：{'、'.join(units)}")
        return cls(int(match[1]), units[match[2]], start, day_end)

    @property
    def words(self) -> str:
        """The limit as people say it."""
        return f"{self.amount} {self.unit.label}"

    @property
    def counting(self) -> str:
        """How the limit is counted, as people say it."""
        if self.unit.is_day:
            return f"{self.start.label}，{self.day_end.label}"
        if self.unit.is_natural_time:
            return "自起算时刻连续计算，不扣除休息时间"
        return "自起算时刻计算，只计工作时间"


@dataclass(frozen=True, slots=True)
class Mark:
    """Who says so: the evidence mark and the source of one value."""

    evidence: Evidence
    source: str

    @property
    def cited(self) -> str:
        """The source as a sentence."""
        return f"依据：{self.source}（证据等级 {self.evidence.value}：{self.evidence.label}）。"


@dataclass(frozen=True, kw_only=True)
class LimitRule:
    """A limit and the tickets it is for; an empty condition means any.

    Category codes match with all codes below them (prefix of the code).
    """

    limit: Limit
    mark: Mark
    means: LimitMeaning = LimitMeaning.HANDLING
    kinds: frozenset[RequestKind] = frozenset()
    urgencies: frozenset[Urgency] = frozenset()
    source_levels: frozenset[str] = frozenset()
    categories: tuple[str, ...] = ()
    unit_classes: frozenset[str] = frozenset()
    generation: int = 0  # 0 the profile's own, 1 inherited, and so on
    sentence: str = ""  # what people read; written once when the profile is built

    @property
    def rank(self) -> tuple[int, int]:
        """Sort key: own rules before inherited ones, then the more specific first."""
        stated = (
            self.kinds,
            self.urgencies,
            self.source_levels,
            self.categories,
            self.unit_classes,
        )
        return self.generation, -sum(1 for condition in stated if condition)

    def fits(self, kind: RequestKind, urgency: Urgency) -> bool:
        """Whether the rule speaks about this kind and urgency."""
        return (not self.kinds or kind in self.kinds) and (
            not self.urgencies or urgency in self.urgencies
        )

    def fits_place(
        self, source_level: str | None, category: str | None, unit_class: str | None
    ) -> bool:
        """Whether the rule speaks about this level, category and class of unit."""
        if self.source_levels and source_level not in self.source_levels:
            return False
        if self.unit_classes and unit_class not in self.unit_classes:
            return False
        return not self.categories or (category or "").startswith(self.categories)
