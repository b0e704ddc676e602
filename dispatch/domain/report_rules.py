"""What a city's policy says of reports: which are sent by themselves, when, and to whom."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.vocabulary import Role


@dataclass(frozen=True, kw_only=True)
class ReportRules:
    """Reports that are issued by the schedule.

    A report of each of `kinds` is issued on the day after its span ends, at `hour` (0 to 23) of
    the city's clock, to everybody who has one of the roles `readers`. What is not listed is issued
    by hand.
    """

    kinds: frozenset[ReportKind]
    hour: int
    readers: tuple[Role, ...]
