"""What a city's policy says of the knowledge base."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.limits import Limit


@dataclass(frozen=True, kw_only=True)
class KnowledgeRules:
    """By when units write and answer, and when a gap is told of.

    A gap that was asked for `gap_asked` times within `gap_days` natural days is an early warning.
    A unit told to write an entry has it ready within `write`; an error report on an entry is
    answered within `error_answer`. An entry is due for review `review_days` natural days after
    its publication unless its writer named another day. All numbers are the project's own: GB/T
    44191-2024 asks for maintenance and evaluation, and no clock values were found.
    """

    gap_asked: int
    gap_days: int
    write: Limit
    error_answer: Limit
    review_days: int
