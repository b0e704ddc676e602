"""What a city's policy says of its telephones: hours, queues, pauses, dialling, recordings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from dispatch.domain.call_terms import (
    DialScope,
    EmergencyWay,
    FlagTreatment,
    OverflowTo,
    QueueStrategy,
)
from dispatch.domain.errors import InvalidInput
from dispatch.domain.limits import Limit, Mark
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import Interval


class Coded(Protocol):
    """A row of a policy table that is known by its code."""

    @property
    def code(self) -> str: ...


Row = TypeVar("Row", bound=Coded)


def row_of(rows: Iterable[Row], code: str, what: str) -> Row:
    """The row with this code.

    Raises:
        InvalidInput: the policy in force has none; the message says what was looked for.
    """
    for row in rows:
        if row.code == code:
            return row
    raise InvalidInput(f"现行规则里没有{what}“{code}”")


@dataclass(frozen=True, kw_only=True)
class OpeningRules:
    """When people answer; GB/T 33358-2016 recommends every hour of every day.

    With `always` the rest is not asked. `hours` are Beijing time; `on_days_off` says whether
    they hold on days that the working calendar marks free.
    """

    always: bool
    hours: tuple[Interval, ...]
    on_days_off: bool
    closed_to: OverflowTo


@dataclass(frozen=True, kw_only=True)
class MenuRules:
    """A short menu before the queue; off by default (GB/T 33358-2016: no menu)."""

    enabled: bool
    tries: int


@dataclass(frozen=True, kw_only=True)
class MenuChoice:
    """One key of the menu and the queue it leads to."""

    code: str
    label: str
    queue: str
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class QueueRule:
    """One queue. Seconds unless said otherwise; a heavier `weight` is served first.

    An agent serves it who has every one of its `skills`. `call_back_after_s` 0: not offered.
    """

    code: str
    label: str
    strategy: QueueStrategy
    weight: int
    skills: tuple[str, ...]
    ring_s: int
    wrap_up_s: int
    max_wait_s: int
    max_length: int
    announce_every_s: int
    announce_position: bool
    announce_wait: bool
    call_back_after_s: int
    overflow: OverflowTo
    overflow_queue: str
    greeting: str
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class SkillRule:
    """One skill an agent may have: a dialect, a language, a field."""

    code: str
    label: str
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class PauseRule:
    """One reason for a pause; past `limit_s` seconds the supervisor sees it. 0: no limit."""

    code: str
    label: str
    limit_s: int
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class SeatRules:
    """What happens to a seat by itself."""

    pause_on_no_answer: bool
    wrap_up_ends: bool
    """Whether the end of the wrap-up's clock makes the agent ready, or only shows."""


@dataclass(frozen=True, kw_only=True)
class UrgentCallerRules:
    """Who goes before others: who called in vain `times` times `within` so long; flagged places."""

    within: Limit
    times: int
    flagged_places: bool


@dataclass(frozen=True, kw_only=True)
class CallBackRules:
    """漏接回拨: who waited in vain is rung back, once."""

    missed: bool
    least_wait_s: int
    attempts: int
    gap: Limit
    expires: Limit
    hours: tuple[Interval, ...]


@dataclass(frozen=True, kw_only=True)
class NumberFlagRules:
    """How long a number may be flagged and what evidence that needs."""

    longest_days: int
    least_evidence: int
    treatment: FlagTreatment
    appeal_days: int


@dataclass(frozen=True, kw_only=True)
class RecordingRules:
    """How long recordings are kept, in days, and how they lie at rest."""

    keep_days: int
    keep_ticket_days: int
    encrypt: bool


@dataclass(frozen=True, kw_only=True)
class DiallingRules:
    """What counts as local, for telling where a number leads."""

    area_code: str


@dataclass(frozen=True, kw_only=True)
class DialRule:
    """What people of one role may dial: where to, when (Beijing time), how often an hour.

    `countries` are two-letter codes, asked only for numbers abroad; empty: none.
    """

    code: str
    label: str
    roles: frozenset[Role]
    scopes: frozenset[DialScope]
    countries: tuple[str, ...]
    hours: tuple[Interval, ...]
    per_hour: int
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class EmergencyRule:
    """One emergency line: how a citizen is brought there, and for what."""

    code: str
    label: str
    way: EmergencyWay
    when: str
    words: tuple[str, ...]
    """Words in a flagged caller's or a typed request that speak for this line."""
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class CallTables:
    """The tables of the telephone part of a policy."""

    queues: tuple[QueueRule, ...]
    skills: tuple[SkillRule, ...]
    pauses: tuple[PauseRule, ...]
    menu: tuple[MenuChoice, ...]
    dial: tuple[DialRule, ...]
    emergency: tuple[EmergencyRule, ...]
