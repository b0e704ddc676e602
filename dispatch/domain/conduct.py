"""What a city's policy says beyond limits: transfers, holds, approval, ladders, reasons, lint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dispatch.domain.errors import InvalidInput
from dispatch.domain.limits import Limit, Mark
from dispatch.domain.terms import AttachmentKind, ReasonUse, SupervisionLevel, SupervisionTrigger
from dispatch.domain.vocabulary import DepartmentKind, Labelled, RequestKind


class OnTransfer(Labelled):
    """What the next unit's clock counts from when a ticket changes hands."""

    KEEP = "keep", "沿用原到期时间"
    RESTART = "restart", "重新起算"


@dataclass(frozen=True, kw_only=True)
class TransferRules:
    """Time spent with the wrong unit counts; the next one still gets at least `floor`."""

    clock: OnTransfer
    floor: Limit


@dataclass(frozen=True, kw_only=True)
class HoldRules:
    """挂起: how often and how long a clock may stand still; zero times forbids it."""

    max_times: int
    longest: Limit


@dataclass(frozen=True, kw_only=True)
class SubDispatchRules:
    """下派: the lower unit gets this share of what is left, at least the floor."""

    share: float
    at_least: Limit


@dataclass(frozen=True, kw_only=True)
class ApprovalRules:
    """单位审批: replies to these kinds, or of these classes of unit, need the unit's leader."""

    kinds: frozenset[RequestKind]
    unit_classes: frozenset[DepartmentKind]

    def needed(self, kind: RequestKind, unit_class: str) -> bool:
        """Whether a reply must be signed off by the unit's own leader."""
        return kind in self.kinds or unit_class in self.unit_classes


@dataclass(frozen=True, kw_only=True)
class WanderingRules:
    """流转无主: so many units, or nobody for so long, makes a ticket wander."""

    units: int
    ownerless: Limit


@dataclass(frozen=True, kw_only=True)
class RepeatRules:
    """重复反映: how long a finished matter of the same caller counts as the same."""

    within: Limit


@dataclass(frozen=True, kw_only=True)
class SupervisionRules:
    """督办: the limit of each level, and the counts that trigger one (0: never)."""

    limit: Limit
    listed: Limit
    summons: Limit
    returned_times: int
    many_callers: int

    def limit_of(self, level: SupervisionLevel) -> Limit:
        """How long a unit has to answer an order of this level."""
        limits = {SupervisionLevel.LISTED: self.listed, SupervisionLevel.SUMMONS: self.summons}
        return limits.get(level, self.limit)


@dataclass(frozen=True, kw_only=True)
class ConfidentialityRules:
    """保密: kinds of request whose requester the units do not learn unless said otherwise."""

    default_kinds: frozenset[RequestKind]

    def by_default(self, kind: RequestKind) -> bool:
        """Whether a request of this kind is confidential when nobody said anything."""
        return kind in self.default_kinds


@dataclass(frozen=True, kw_only=True)
class AttachmentRules:
    """附件: the largest file of each kind in megabytes (2^20 bytes), and how many to a ticket."""

    picture_mb: int
    sound_mb: int
    video_mb: int
    document_mb: int
    per_ticket: int

    def most_bytes(self, kind: AttachmentKind) -> int:
        """The largest file of this kind, in bytes."""
        sizes = {
            AttachmentKind.PICTURE: self.picture_mb,
            AttachmentKind.SOUND: self.sound_mb,
            AttachmentKind.VIDEO: self.video_mb,
            AttachmentKind.DOCUMENT: self.document_mb,
        }
        return sizes[kind] * 1024 * 1024


class LadderAct(Labelled):
    """What a step of the escalation ladder does."""

    URGE = "urge", "催办通知"
    SUPERVISE = "supervise", "下达督办"


@dataclass(frozen=True, kw_only=True)
class LadderStep:
    """One step of the ladder: so long after the due time, do this, and copy it to these."""

    after: Limit
    act: LadderAct
    mark: Mark
    level: SupervisionLevel | None = None
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TriggerRule:
    """Which level of supervision an event calls for by itself."""

    trigger: SupervisionTrigger
    level: SupervisionLevel
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One row of the reason catalogue; `says` is what the person must be told or must state."""

    use: ReasonUse
    code: str
    label: str
    mark: Mark
    says: str = ""
    basis_required: bool = False


class Severity(Labelled):
    """What a finding does to a reply."""

    BLOCK = "block", "必须修改"
    WARN = "warn", "请留意"


class LintCheck(Labelled):
    """How a rule looks at a public reply."""

    MUST_NOT_MATCH = "must_not_match", "不得出现"
    MUST_MATCH = "must_match", "必须出现"
    NO_REQUESTER = "no_requester", "不得出现诉求人信息"
    ANSWERS = "answers", "应当回应诉求"
    LENGTH = "length", "不得过短"


@dataclass(frozen=True, kw_only=True)
class LintRule:
    """One rule for public replies; `pattern` is a regular expression, `least` a number."""

    code: str
    check: LintCheck
    severity: Severity
    sentence: str
    mark: Mark
    pattern: str = ""
    least: float = 0.0
    kinds: frozenset[RequestKind] = frozenset()

    @property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, ready (re keeps compiled patterns by itself)."""
        return re.compile(self.pattern)


def reasons_for(reasons: Iterable[Reason], use: ReasonUse) -> tuple[Reason, ...]:
    """The reasons a person may choose from for this use, in the policy's order."""
    return tuple(reason for reason in reasons if reason.use is use)


def reason_of(reasons: Iterable[Reason], use: ReasonUse, code: str) -> Reason:
    """The reason with this code.

    Raises:
        InvalidInput: the catalogue has none; the sentence names those it has.
    """
    known = reasons_for(reasons, use)
    for reason in known:
        if reason.code == code:
            return reason
    names = "、".join(reason.label for reason in known) or "（本市规则没有列出任何原因）"
    raise InvalidInput(f"请从原因目录中选择{use.label}的原因：{names}", field="reason_code")
