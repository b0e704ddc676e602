"""A figure's formula in code: the statement that counts it, as an auditor may run it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql.base import PGDialect

from analytics.conditions import Definition
from analytics.counting import COUNTED, worked_query
from analytics.facts import definition
from analytics.figures import BY_CODE, Figure
from analytics.periods import Period
from analytics.scope import EVERYTHING, Scope
from dispatch.domain.rules import Rules


def statement(
    code: str, period: Period, rules: Rules, *, scope: Scope = EVERYTHING, now: datetime
) -> str:
    """The figure as one SQL statement with every value written in, in PostgreSQL's words.

    Of working time it is the sums by days, to which the calendar is applied afterwards.

    Raises:
        NotFound: there is no figure of this code, or the scope has no meaning for it.
    """
    what = definition(code, period, rules, now, scope=scope)  # refuses an unknown code
    query = _query(BY_CODE[code], what, rules)
    # By names, so that a remainder's sign is not written twice as for a driver.
    make: Any = PGDialect
    dialect = make(paramstyle="named")
    text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return text.replace(" \n", "\n").replace(" AND ", "\n  AND ")


def _query(figure: Figure, what: Definition, rules: Rules) -> Select[*tuple[object, ...]]:
    if what.worked is not None:
        calendar = rules.calendar.with_hours(rules.profile.hours)
        return worked_query(figure, what, what.worked, calendar, None)
    parts = (
        (func.count().filter(what.hit), func.count())
        if what.value is None
        else (func.sum(what.value), func.count())
    )
    return select(*parts).select_from(COUNTED[figure.subject]).where(what.judged)
