"""Follow-up as a report tells it: asked, reached, answered, and satisfaction of each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from analytics import filters
from analytics.answers import CODES, presumed
from analytics.facts import READERS, code_for
from analytics.figures import BY_CODE, Figure
from analytics.periods import Period
from analytics.rates import Rate
from analytics.scope import EVERYTHING, Scope
from dispatch.db import Session
from dispatch.domain.judging_terms import Denominator, Measure
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role


@dataclass(frozen=True)
class FollowUpTally:
    """Follow-up of the period by ticket; the same answers held against three denominators.

    `rates` has each figure of satisfaction and resolution by its code. `counts_for_units` are the
    codes that the city's policy judges units by. `presumed` is how many count as satisfied though
    nobody was reached, None where the policy does not have it so.
    """

    asked: int
    reached: int
    answered: int
    rates: Mapping[str, Rate]
    counts_for_units: tuple[str, ...]
    presumed: int | None

    @property
    def of_asked(self) -> Rate:
        """Satisfied of all who were asked."""
        return self.rates["satisfaction_of_asked"]

    @property
    def of_reached(self) -> Rate:
        """Satisfied of those who were reached."""
        return self.rates["satisfaction_of_reached"]

    @property
    def of_answered(self) -> Rate:
        """Satisfied of those who gave a grade."""
        return self.rates["satisfaction_rate"]

    @property
    def lines(self) -> tuple[tuple[Figure, Rate, bool], ...]:
        """Each figure with whether units are judged by it, the widest denominator first."""
        return tuple(
            (BY_CODE[code], rate, code in self.counts_for_units)
            for code, rate in self.rates.items()
        )

    @property
    def warning(self) -> str:
        """The sentence every report prints where silence counts as satisfied; "" elsewhere."""
        if self.presumed is None:
            return ""
        return (
            f"注意：本市规则把回访没有接通的诉求人计为满意，“满意率（占应回访）”中有 "
            f"{self.presumed:,} 件并没有人作出评价；占已接通、占已评价的满意率不含这些工单。"
        )


def follow_ups(
    session: Session, reader: Actor, period: Period, rules: Rules, found: Mapping[str, Rate]
) -> FollowUpTally:
    """The tally of a period out of its figures, so that the two never differ."""
    require_role(reader, *READERS)
    order = (Denominator.ASKED, Denominator.REACHED, Denominator.ANSWERED)
    measures = (Measure.SATISFACTION, Measure.RESOLUTION)
    condition = presumed(period, rules)
    silent = None
    if condition is not None:
        silent = session.scalar(select(func.count()).select_from(Ticket).where(condition)) or 0
    return FollowUpTally(
        asked=found["follow_up_reached_rate"].judged,
        reached=found["follow_up_reached_rate"].hits,
        answered=found["follow_up_answered_rate"].hits,
        rates={code: found[code] for m in measures for d in order for code in (CODES[m, d],)},
        counts_for_units=tuple(code_for(measure, rules) for measure in measures),
        presumed=silent,
    )


def warned(
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    scope: Scope = EVERYTHING,
) -> str:
    """The same sentence for the page of one figure, where it concerns that figure."""
    if code != CODES[Measure.SATISFACTION, Denominator.ASKED]:
        return ""
    require_role(reader, *READERS)
    condition = presumed(period, rules)
    if condition is None:
        return ""
    query = select(func.count()).select_from(Ticket).where(condition)
    if (mine := filters.condition(BY_CODE[code], scope)) is not None:
        query = query.where(mine)
    silent = session.scalar(query) or 0
    return FollowUpTally(0, 0, 0, {}, (), silent).warning
