"""The figures' conditions in SQL: one definition gives the counts and the rows behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, func, select

from analytics import answers, definitions_calls, definitions_tickets, filters
from analytics.conditions import Build, Definition
from analytics.counting import COUNTED, count, count_by
from analytics.exclusions import excluded_from
from analytics.figures import BY_CODE, CATALOGUE, FIGURES, Figure
from analytics.passes import Counts, count_together
from analytics.periods import Period
from analytics.rates import Mean, Rate, Value
from analytics.scope import EVERYTHING, Scope
from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.judging_terms import Measure
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Role
from dispatch.models.contacts import Contact
from dispatch.models.people import Department
from dispatch.service.access import require_role

__all__ = ["COUNTED", "READERS", "by_unit", "code_for", "definition", "rate", "rates", "value"]

READERS = (Role.LEADER, Role.CENTER, Role.SUPERVISOR, Role.ADMIN, Role.SYSTEM)
"""Who reads the figures of the whole city."""


def definition(
    code: str,
    period: Period,
    rules: Rules,
    now: datetime,
    unit: str = "",
    scope: Scope = EVERYTHING,
) -> Definition:
    """The conditions of a figure for a period, as seen at `now`, in a scope.

    `unit` is short for a scope of one unit.

    Raises:
        NotFound: there is no figure of this code, or the scope has no meaning for it.
    """
    figure = BY_CODE.get(code)
    if figure is None:
        raise NotFound(f"没有编码为 {code[:40]} 的指标；可用的有：{'、'.join(BY_CODE)}")
    if unit:
        scope = replace(scope, unit=unit)
    mine = filters.condition(figure, scope)
    if code == _BY_WINDOWS:
        what = definitions_calls.connection_24h(period, rules, mine)
    else:
        what = _left_out(figure, _DEFINITIONS[code](period, rules, now), period)
    if mine is None:
        return what
    out = None if what.excluded is None else and_(what.excluded, mine)
    return replace(what, judged=and_(what.judged, mine), excluded=out)


def _left_out(figure: Figure, what: Definition, period: Period) -> Definition:
    """Take out what was excluded from the figure's measure; it stays to be told of."""
    if figure.measure is None:
        return what
    out = excluded_from(figure.measure, figure.subject, period)
    return replace(what, judged=and_(what.judged, ~out), excluded=and_(what.judged, out))


_BY_WINDOWS = "connection_24h_rate"

_DEFINITIONS: dict[str, Build] = {
    **definitions_calls.DEFINITIONS,
    **definitions_tickets.DEFINITIONS,
    **answers.DEFINITIONS,
}

_BY_MEASURE: dict[Measure, str] = {
    Measure.ON_TIME: "on_time_rate",
    Measure.ACKNOWLEDGED: "acknowledged_on_time_rate",
    Measure.RESPONSE: "response_rate",
}


def value(
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    *,
    scope: Scope = EVERYTHING,
    now: datetime,
) -> Value:
    """Count a figure: a rate or a mean. One statement counts both parts, of one moment."""
    require_role(reader, *READERS)
    what = definition(code, period, rules, now, scope=scope)  # refuses an unknown code
    return count(session, BY_CODE[code], what, rules)


def values(
    session: Session,
    reader: Actor,
    period: Period,
    rules: Rules,
    *,
    scope: Scope = EVERYTHING,
    now: datetime,
) -> dict[str, Value]:
    """Count every figure of the catalogue for which the scope has a meaning, in its order."""
    return _counted(session, reader, CATALOGUE, period, rules, scope, now)


def _counted(
    session: Session,
    reader: Actor,
    figures: Sequence[Figure],
    period: Period,
    rules: Rules,
    scope: Scope,
    now: datetime,
) -> dict[str, Value]:
    """Figures in one pass for each period rule; of a part of the city one by one.

    A part is found by its own index, which a pass over the whole period would not use.
    """
    require_role(reader, *READERS)
    asked = [figure for figure in figures if filters.fits(figure, scope)]
    together = {} if scope != EVERYTHING else _together(session, asked, period, rules, now)
    return {
        figure.code: together[figure.code]
        if figure.code in together
        else value(session, reader, figure.code, period, rules, scope=scope, now=now)
        for figure in asked
    }


def _together(
    session: Session, figures: Sequence[Figure], period: Period, rules: Rules, now: datetime
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for subject, table in COUNTED.items():
        whats = {
            figure.code: what
            for figure in figures
            if figure.subject is subject
            and (what := definition(figure.code, period, rules, now)).worked is None
        }
        counts = count_together(session, table, list(whats.values()))
        for code, each in zip(whats, counts, strict=True):
            found[code] = valued(BY_CODE[code], each)
    return found


def valued(figure: Figure, counts: Counts) -> Value:
    """What was counted in a pass as a rate, or as the mean that the figure is."""
    first, n = counts
    return Rate(first or 0, n) if figure.is_rate else Mean(first or 0, n)


def rate(
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    *,
    unit: str = "",
    scope: Scope = EVERYTHING,
    now: datetime,
) -> Rate:
    """Count a figure that is a rate.

    Raises:
        NotFound: it is a mean, which has no hits.
    """
    mine = replace(scope, unit=unit) if unit else scope
    found = value(session, reader, code, period, rules, scope=mine, now=now)
    if not isinstance(found, Rate):
        raise NotFound(f"{BY_CODE[code].name}是平均数，不是比率")
    return found


def rates(
    session: Session,
    reader: Actor,
    period: Period,
    rules: Rules,
    *,
    codes: Iterable[str] = (),
    scope: Scope = EVERYTHING,
    now: datetime,
) -> dict[str, Rate]:
    """Count every rate of the catalogue for which the scope has a meaning, or those of codes."""
    figures = [BY_CODE[code] for code in codes] or FIGURES
    found = _counted(session, reader, figures, period, rules, scope, now)
    return {code: one for code, one in found.items() if isinstance(one, Rate)}


def code_for(measure: Measure, rules: Rules) -> str:
    """The figure that counts for units: answers by the denominator of the city's policy."""
    by_answers = answers.CODES.get((measure, rules.profile.rating.denominator))
    return by_answers or _BY_MEASURE[measure]


def by_unit(
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    *,
    scope: Scope = EVERYTHING,
    now: datetime,
) -> dict[str, Rate]:
    """A rate of every unit that has anything judged in it, by the unit's code.

    Raises:
        NotFound: the figure is not counted by units.
    """
    found = by_units(session, reader, code, period, rules, scope=scope, now=now)
    return {unit: one for unit, one in found.items() if isinstance(one, Rate)}


def by_units(
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    *,
    scope: Scope = EVERYTHING,
    now: datetime,
) -> dict[str, Value]:
    """A figure of every unit that has a case in it, by the unit's code.

    Raises:
        NotFound: the figure is not counted by units.
    """
    require_role(reader, *READERS)
    what = definition(code, period, rules, now, scope=scope)
    figure = BY_CODE[code]
    if "unit" not in filters.FILTERS[figure.subject]:
        raise NotFound(f"{figure.name}不分单位统计")
    found = count_by(session, figure, what, rules, COUNTED[figure.subject].department_id)
    codes = session.execute(select(Department.id, Department.code).order_by(Department.code))
    return {unit: found[id_] for id_, unit in codes if id_ in found}


def dispositions(session: Session, reader: Actor, period: Period) -> dict[Disposition | None, int]:
    """How the period's calls ended for the callers; None is not written down yet. Sums to calls."""
    require_role(reader, *READERS)
    query = (
        select(Contact.disposition, func.count())
        .where(definitions_calls.inbound(period))
        .group_by(Contact.disposition)
    )
    return {Disposition(value) if value else None: count for value, count in session.execute(query)}
