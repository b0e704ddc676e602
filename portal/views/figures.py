"""指标: the catalogue with its values, and the rows behind one of them: as many as it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from analytics.asking import warned
from analytics.facts import value, values
from analytics.figures import ANSWERS, BY_CODE, CALL_FIGURES, LEFT_OUT, TICKET_FIGURES, Figure
from analytics.filters import FILTERS
from analytics.formula_code import statement
from analytics.left_out import left_out
from analytics.periods import Period, read_period, week_of, week_period
from analytics.rates import Mean, Rate
from analytics.reports.words import percent
from analytics.rows import Part, rows
from analytics.scope import WORDS, Scope
from analytics.scope_choices import choices, told
from analytics.written_values import in_unit, written
from dispatch.domain.worktime import local
from portal.deps import Ctx, Me, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)

PAGE = 50

PARTS = {
    Part.JUDGED: "全部",
    Part.HITS: "计入分子",
    Part.MISSED: "未计入分子",
    Part.EXCLUDED: "申诉剔除",
}

SECTIONS: tuple[tuple[str, tuple[Figure, ...]], ...] = (
    ("来电和话务", CALL_FIGURES),
    ("工单和办理", TICKET_FIGURES),
    ("回访和评价", ANSWERS),
)

Day = Annotated[str, Query(max_length=10)]
"""An ISO date; without dates it is this week."""

First = Annotated[str, Query(alias="from", max_length=10)]


@dataclass(frozen=True)
class Asked:
    """The days and filters a page is asked for, as they stand in its address."""

    period: Period
    scope: Scope

    def link(self, address: str = "", **more: object) -> str:
        """An address with the same days and filters."""
        query = {
            "from": self.period.first,
            "to": self.period.last,
            **self.scope.chosen,
            **{name: one for name, one in more.items() if one},
        }
        return f"{address}?{urlencode(query)}"


def asked(request: Request, from_: str, to: str, now: datetime) -> Asked:
    """What the address asks for; this week and the whole city where it does not say.

    Raises:
        InvalidInput: what it says are no days.
    """
    return Asked(days(from_, to, now), Scope.read(request.query_params))


def days(first: str, last: str, now: datetime) -> Period:
    """The days from one to another, or this week where neither is said.

    Raises:
        InvalidInput: they are no days.
    """
    return read_period(first, last) if first or last else week_period(week_of(local(now).date()))


@router.get("/figures")
def catalogue_page(
    request: Request, ctx: Ctx, me: Me, now: Now, from_: First = "", to: Day = ""
) -> Response:
    """Every figure with its definition and its value; what the filters mean nothing to is told."""
    wanted = asked(request, from_, to, now)
    with ctx.figures.reading() as session:
        filters = told(session, wanted.scope, ctx.rules)
        offered = choices(session, wanted.scope, ctx.rules)
        found = values(session, me.actor, wanted.period, ctx.rules, scope=wanted.scope, now=now)
    shown = {code: written(BY_CODE[code], one, ctx.rules) for code, one in found.items()}
    return render(
        request,
        "figures/catalogue.html",
        asked=wanted,
        period=wanted.period,
        filters=filters,
        choices=offered,
        words=WORDS,
        sections=[
            (title, [(figure, shown.get(figure.code)) for figure in figures])
            for title, figures in SECTIONS
        ],
        rules=ctx.rules,
        left_out=LEFT_OUT,
        unmet=lambda figure: [
            WORDS[name] for name in wanted.scope.chosen if name not in FILTERS[figure.subject]
        ],
    )


@router.get("/figures/{code}")
def figure_rows(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    code: str,
    from_: First = "",
    to: Day = "",
    part: Part = Part.JUDGED,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """One page of the rows, newest first, with the figure, its formula and its filters above."""
    wanted = asked(request, from_, to, now)
    period, scope, rules = wanted.period, wanted.scope, ctx.rules
    with ctx.figures.reading() as session:
        found = value(session, me.actor, code, period, rules, scope=scope, now=now)
        listed = rows(
            *(session, me.actor, code, period, rules),
            part=part,
            scope=scope,
            offset=(page - 1) * PAGE,
            limit=PAGE,
            now=now,
        )
        changed = left_out(session, me.actor, period, rules, codes=[code], scope=scope, now=now)
        warning = warned(session, me.actor, code, period, rules, scope)
        filters = told(session, scope, rules)
        offered = choices(session, scope, rules)
    figure = BY_CODE[code]
    out = changed[0] if changed else None
    counts = _counts(found)
    counts[Part.EXCLUDED] = out.before.judged - out.after.judged if out else 0

    def link(part_: Part = part, page_: int = 1) -> str:
        return wanted.link(part=part_.value, page=page_)

    return render(
        request,
        "figures/rows.html",
        figure=figure,
        shown=written(figure, found, rules),
        percent=percent,
        period=period,
        parts=[(one, PARTS[one], counts[one]) for one in _tabs(found, part, out is not None)],
        out=out,
        out_link=link(Part.EXCLUDED),
        warning=warning,
        part=part,
        listed=listed,
        in_unit=in_unit,
        sql=statement(code, period, rules, scope=scope, now=now),
        asked=wanted,
        filters=filters,
        choices={name: offered[name] for name in WORDS if name in FILTERS[figure.subject]},
        words=WORDS,
        page=page,
        pages=max(1, -(-counts[part] // PAGE)),
        link=link,
        export_link=lambda form: wanted.link(f"/figures/{code}/rows.{form}", part=part.value),
    )


def _counts(found: Rate | Mean) -> dict[Part, int]:
    """How many rows each part has."""
    if isinstance(found, Mean):
        return {Part.JUDGED: found.n, Part.HITS: found.n, Part.MISSED: 0}
    return {Part.JUDGED: found.judged, Part.HITS: found.hits, Part.MISSED: found.missed}


def _tabs(found: Rate | Mean, part: Part, has_out: bool) -> list[Part]:
    """The parts there are: a mean has no numerator to be in."""
    tabs = [Part.JUDGED] if isinstance(found, Mean) else [Part.JUDGED, Part.HITS, Part.MISSED]
    if has_out or part is Part.EXCLUDED:
        tabs.append(Part.EXCLUDED)
    return tabs if part in tabs else [*tabs, part]
