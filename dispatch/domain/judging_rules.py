"""What a city's policy says of reviews, appeals, quality checks, accountability and gaming."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.errors import PolicyError
from dispatch.domain.judging_terms import CheckSubject
from dispatch.domain.limits import Limit, Mark


@dataclass(frozen=True, kw_only=True)
class SurveyRules:
    """The automatic voice survey: its languages (folders of prompts; the first is usual), whether
    a comment may be spoken, how long, and what keys repeat the question."""

    languages: tuple[str, ...]
    comment_s: int
    """Longest spoken comment in seconds; 0 asks for none."""
    tries: int
    """How often a question is put before silence or wrong keys count as such."""
    detect_machine: bool


@dataclass(frozen=True, kw_only=True)
class ReviewRules:
    """复核: whether the centre looks at an unhappy answer before the unit must redo, how soon."""

    by_centre: bool
    within: Limit


@dataclass(frozen=True, kw_only=True)
class AppealRules:
    """申诉: until how long after the answer a unit may appeal, and by when it is decided."""

    within: Limit
    decide_within: Limit
    deciders: int

    def __post_init__(self) -> None:
        if self.deciders not in {1, 2}:
            raise PolicyError("appeal.deciders 只能是 1 或 2：申诉由一人决定，或两人先后决定")


@dataclass(frozen=True, kw_only=True)
class AgentRatingRules:
    """Post-call rating of the agent (话务员服务评价): whether it is asked for after a talk."""

    ask: bool
    least_talk_s: int


@dataclass(frozen=True, kw_only=True)
class QualityRules:
    """质检: how many calls and replies are drawn a week, the share scored twice without knowing
    of each other, and how far two scores may lie apart before a third person rules."""

    calls_a_week: int
    replies_a_week: int
    second_share: float
    apart_points: int


@dataclass(frozen=True, kw_only=True)
class QualityItem:
    """One line of the score sheet: what is looked at, and the most points it gives."""

    code: str
    subject: CheckSubject
    label: str
    points: int
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class AccountabilityRules:
    """问责: how long a unit has to rectify after a talk."""

    rectify: Limit


@dataclass(frozen=True, kw_only=True)
class GamingRules:
    """When a good figure is suspicious.

    A return within `return_before` of the due time; a reply whose likeness to one of another
    matter is `pasted_percent` or more; asked people whose earlier answers were satisfied exceed
    the unit's usual share by `pleased_points`.
    """

    return_before: Limit
    pasted_percent: int
    pasted_least_length: int
    pleased_points: int
    least: int
