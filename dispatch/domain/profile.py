"""A policy profile: every number a city may set, with the evidence for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from types import MappingProxyType

from dispatch.domain.call_rules import (
    CallBackRules,
    CallTables,
    DiallingRules,
    MenuRules,
    NumberFlagRules,
    OpeningRules,
    RecordingRules,
    SeatRules,
    UrgentCallerRules,
)
from dispatch.domain.conduct import (
    ApprovalRules,
    AttachmentRules,
    ConfidentialityRules,
    HoldRules,
    LadderStep,
    LintRule,
    Reason,
    RepeatRules,
    SubDispatchRules,
    SupervisionRules,
    TransferRules,
    TriggerRule,
    WanderingRules,
)
from dispatch.domain.errors import PolicyError
from dispatch.domain.follow_up_scripts import FollowUpScript
from dispatch.domain.judging_rules import (
    AccountabilityRules,
    AgentRatingRules,
    AppealRules,
    GamingRules,
    QualityItem,
    QualityRules,
    ReviewRules,
    SurveyRules,
)
from dispatch.domain.judging_terms import Denominator
from dispatch.domain.knowledge_rules import KnowledgeRules
from dispatch.domain.leader_rules import BriefRules, EarlyWarningRules
from dispatch.domain.learning_rules import ClassifierRules, HotSpotRules
from dispatch.domain.limits import Evidence, Limit, LimitRule, Mark
from dispatch.domain.open_data_rules import OpenDataRules
from dispatch.domain.report_rules import ReportRules
from dispatch.domain.staffing_rules import StaffingRules
from dispatch.domain.vocabulary import Labelled, Rating, RequestKind, Urgency
from dispatch.domain.worktime import OFFICE_HOURS, Interval


class ClockStart(Labelled):
    """Which act starts the handling clock."""

    DISPATCH = "dispatch", "自派单起算"
    ACKNOWLEDGE = "acknowledge", "自签收起算"


class RedAfter(Labelled):
    """When the red card falls due (山东 2017: the first working day after the due date)."""

    NEXT_WORKING_DAY = "next_working_day", "到期后第一个工作日"
    DUE = "due", "到期即时"


@dataclass(frozen=True, kw_only=True)
class ClockRules:
    """What starts the handling clock, whether the limit is written on each ticket, and after
    what share of the time for 签收 the unit is reminded."""

    starts: ClockStart
    limit_on_ticket: bool
    sign_reminder: float


@dataclass(frozen=True, kw_only=True)
class WarningRules:
    """Yellow and red cards; `elapsed_fraction` is for limits too short for whole days."""

    yellow_before: Limit
    elapsed_fraction: float
    red: RedAfter


@dataclass(frozen=True, kw_only=True)
class ReturnRules:
    """退单: until when, how often, and whether a designated unit may still ask."""

    window: Limit
    max_times: int
    designation_after: int
    after_designation: bool
    suggested_unit_required: bool


@dataclass(frozen=True, kw_only=True)
class ExtensionRules:
    """延期: asked how long before due, how often, how long (None: at most the original limit)."""

    apply_before: Limit | None
    max_times: int
    longest: Limit | None = None
    further_needs_higher_approver: bool
    commitment_max_months: int


@dataclass(frozen=True, kw_only=True)
class RedoRules:
    """重办: how often, and the limit (stated, or a share of the original with a floor)."""

    max_times: int
    share: float
    at_least: Limit
    limit: Limit | None = None


@dataclass(frozen=True, kw_only=True)
class FollowUpRules:
    """回访: within what time, how many attempts on how many half-days, at which hours."""

    within: Limit
    attempts: int
    half_days: int
    span: Limit
    polite_hours: tuple[Interval, ...]
    link_valid: Limit
    sample: float
    """The share of audited tickets that is followed up; 1 is everybody."""
    least_per_stratum: int
    """So many of each unit and kind are asked at least, however small the share."""
    message: bool
    """Whether a message with a link follows the last attempt in vain."""
    person_attempts: int
    """How often a person tries before the ticket is closed without an answer."""
    confidential_by_person: bool

    def is_polite(self, clock: time) -> bool:
        """Whether a resident may be rung at this time of day (Asia/Shanghai)."""
        return any(first <= clock < last for first, last in self.polite_hours)


@dataclass(frozen=True, kw_only=True)
class RatingRules:
    """满意度: the scale offered, the grades that count, and what silence means."""

    scale: tuple[Rating, ...]
    satisfied: frozenset[Rating]
    unreached_counts_as_satisfied: bool
    denominator: Denominator
    """Of whom the rate is taken that counts for units."""
    least: int
    """Smallest number of answers a rate is compared by."""

    def __post_init__(self) -> None:
        if not self.satisfied <= set(self.scale):
            raise PolicyError("rating.satisfied 中有不在 rating.scale 里的等级")


@dataclass(frozen=True, kw_only=True)
class ServiceRules:
    """Telephone service levels (GB/T 33358-2016)."""

    answer_within_seconds: int
    abandon_free_seconds: int
    """Who hangs up in the queue within so many seconds is in no connection rate; 0: all are."""
    connection_percent: int


Situation = tuple[RequestKind, Urgency]


@dataclass(frozen=True, kw_only=True)
class PolicyProfile:
    """A named set of rules; `marks` says for "section.key" who says so.

    `rules` and `acknowledge_rules` are ordered: the first that fits a ticket applies.
    """

    name: str
    label: str
    evidence: Evidence
    source: str
    note: str = ""
    inherits: str | None = None
    rules: tuple[LimitRule, ...]
    acknowledge_rules: tuple[LimitRule, ...]
    clock: ClockRules
    hours: tuple[Interval, ...] = OFFICE_HOURS
    warning: WarningRules
    returning: ReturnRules
    extension: ExtensionRules
    redo: RedoRules
    transfer: TransferRules
    hold: HoldRules
    sub_dispatch: SubDispatchRules
    approval: ApprovalRules
    wandering: WanderingRules
    repeat: RepeatRules
    supervision: SupervisionRules
    confidentiality: ConfidentialityRules
    attachments: AttachmentRules
    follow_up: FollowUpRules
    rating: RatingRules
    service: ServiceRules
    opening: OpeningRules
    menus: MenuRules
    seats: SeatRules
    urgent_callers: UrgentCallerRules
    call_back: CallBackRules
    number_flag: NumberFlagRules
    recording: RecordingRules
    dialling: DiallingRules
    classifier: ClassifierRules
    hot_spot: HotSpotRules
    early_warning: EarlyWarningRules
    knowledge: KnowledgeRules
    brief: BriefRules
    report: ReportRules
    staffing: StaffingRules
    open_data: OpenDataRules
    survey: SurveyRules
    review: ReviewRules
    appeal: AppealRules
    agent_rating: AgentRatingRules
    quality: QualityRules
    accountability: AccountabilityRules
    gaming: GamingRules
    calls: CallTables
    ladder: tuple[LadderStep, ...] = ()
    triggers: tuple[TriggerRule, ...] = ()
    reasons: tuple[Reason, ...] = ()
    lint: tuple[LintRule, ...] = ()
    quality_items: tuple[QualityItem, ...] = ()
    scripts: tuple[FollowUpScript, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=lambda: MappingProxyType({}))
    _handling: Mapping[Situation, tuple[LimitRule, ...]] = field(
        init=False, repr=False, compare=False
    )
    _acknowledging: Mapping[Situation, tuple[LimitRule, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        said = [replace(rule, sentence=self.sentence_of(rule)) for rule in self.rules]
        object.__setattr__(self, "_handling", _by_situation(said, "办理"))
        object.__setattr__(self, "_acknowledging", _by_situation(self.acknowledge_rules, "签收"))

    def rule_for(
        self,
        kind: RequestKind,
        urgency: Urgency,
        source_level: str | None = None,
        category: str | None = None,
        unit_class: str | None = None,
    ) -> LimitRule:
        """Return the handling rule of such a ticket: the profile's own before inherited ones."""
        rules = self._handling[kind, urgency]
        return _first(rules, source_level, category, unit_class)

    def acknowledge_rule_for(
        self,
        kind: RequestKind,
        urgency: Urgency,
        source_level: str | None = None,
        category: str | None = None,
        unit_class: str | None = None,
    ) -> LimitRule:
        """Return the rule for 签收 of such a ticket."""
        rules = self._acknowledging[kind, urgency]
        return _first(rules, source_level, category, unit_class)

    def sentence_of(self, rule: LimitRule) -> str:
        """Say the limit, how it is counted, and who says so; a borrowed limit says that too."""
        borrowed = ""
        if rule.generation and self.clock.limit_on_ticket:
            borrowed = "时限应由工单载明，本工单没有载明，沿用默认方案，"
        elif rule.generation:
            borrowed = "来源没有规定此类工单的时限，沿用默认方案，"
        limit = rule.limit
        return (
            f"{self.label}：{borrowed}{limit.words}内{rule.means.label}，"
            f"{limit.counting}。{rule.mark.cited}"
        )

    def mark_of(self, key: str) -> Mark:
        """Return who says so for "section.key", such as "return.window"."""
        return self.marks[key]


def _first(
    rules: tuple[LimitRule, ...],
    source_level: str | None,
    category: str | None,
    unit_class: str | None,
) -> LimitRule:
    for rule in rules:
        if rule.fits_place(source_level, category, unit_class):
            return rule
    raise AssertionError("_by_situation ends every list with a rule for all places")


def _by_situation(
    rules: Iterable[LimitRule], what: str
) -> Mapping[Situation, tuple[LimitRule, ...]]:
    """Index the rules by kind and urgency; every situation must have an unconditional end."""
    ordered = sorted(rules, key=lambda rule: rule.rank)
    table: dict[Situation, tuple[LimitRule, ...]] = {}
    for kind in RequestKind:
        for urgency in Urgency:
            fitting = tuple(rule for rule in ordered if rule.fits(kind, urgency))
            if not any(rule.fits_place(None, None, None) for rule in fitting):
                raise PolicyError(f"没有适用于“{kind.label}、{urgency.label}”的{what}时限")
            table[kind, urgency] = fitting
    return MappingProxyType(table)
