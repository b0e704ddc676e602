"""REST /api/v1: figures with their definitions, and the rows they are made of."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from analytics.facts import value, values
from analytics.figures import BY_CODE
from analytics.formula_code import statement
from analytics.left_out import left_out
from analytics.rates import Rate
from analytics.rows import Part, rows
from analytics.scope import Scope
from analytics.scope_choices import told
from analytics.written_values import written
from portal.deps import Ctx, Me, Now
from portal.schemas_figures import FigureRowOut, FigureRowsOut, FiguresOut, FigureWithCodeOut
from portal.views.api import PROBLEMS
from portal.views.figures import days

router = APIRouter(tags=["指标"], responses=PROBLEMS)

First = Annotated[
    str, Query(alias="from", max_length=10, description="第一天（含），如 2026-11-09；不写为本周")
]
Last = Annotated[str, Query(max_length=10, description="最后一天（含）")]


def _filter(description: str) -> Any:
    return Query(max_length=60, description=f"{description}；- 为没有记录")


async def _scope(
    unit: Annotated[str, _filter("承办单位编码")] = "",
    branch: Annotated[str, Query(max_length=60, description="单位编码，含下级单位")] = "",
    tier: Annotated[str, _filter("单位类别")] = "",
    category: Annotated[str, _filter("事项分类编码，含下级")] = "",
    kind: Annotated[str, Query(max_length=60, description="诉求类型")] = "",
    channel: Annotated[str, Query(max_length=60, description="受理渠道")] = "",
    line: Annotated[str, _filter("拨打的号码")] = "",
    territory: Annotated[str, _filter("区划编码，含下级")] = "",
    agent: Annotated[str, _filter("话务员账号")] = "",
    business: Annotated[
        str, Query(max_length=60, description="营商环境：yes 只看企业专线和营商环境工单，no 不含")
    ] = "",
    source: Annotated[str, _filter("诉求来源")] = "",
    disposition: Annotated[str, _filter("来电结果")] = "",
    queue: Annotated[str, _filter("队列编码")] = "",
) -> Scope:
    of_ticket = (unit, branch, tier, category, kind, channel, line, territory, agent, business)
    return Scope(*of_ticket, source, disposition, queue)


Filters = Annotated[Scope, Depends(_scope)]


@router.get("/api/v1/figures", response_model=FiguresOut, summary="全部指标")
def figures(
    ctx: Ctx, me: Me, now: Now, scope: Filters, first: First = "", to: Last = ""
) -> dict[str, Any]:
    """Every figure for which the filters have a meaning, with its definition."""
    period = days(first, to, now)
    with ctx.figures.reading() as session:
        told(session, scope, ctx.rules)  # refuses what is no unit, category or person
        found = values(session, me.actor, period, ctx.rules, scope=scope, now=now)
    return {
        "first": period.first,
        "last": period.last,
        "scope": scope.chosen,
        "figures": [written(BY_CODE[code], one, ctx.rules).plain for code, one in found.items()],
    }


@router.get("/api/v1/figures/{code}", response_model=FigureWithCodeOut, summary="一项指标")
def one_figure(
    ctx: Ctx, me: Me, now: Now, code: str, scope: Filters, first: First = "", to: Last = ""
) -> dict[str, Any]:
    """One figure, with the statement that counts it."""
    period = days(first, to, now)
    with ctx.figures.reading() as session:
        found = value(session, me.actor, code, period, ctx.rules, scope=scope, now=now)
        told(session, scope, ctx.rules)
    sql = statement(code, period, ctx.rules, scope=scope, now=now)
    return {**written(BY_CODE[code], found, ctx.rules).plain, "sql": sql}


@router.get("/api/v1/figures/{code}/rows", response_model=FigureRowsOut, summary="指标的明细")
def figure_rows(
    ctx: Ctx,
    me: Me,
    now: Now,
    code: str,
    scope: Filters,
    first: First = "",
    to: Last = "",
    part: Annotated[Part, Query(description="哪一部分")] = Part.JUDGED,
    offset: Annotated[int, Query(ge=0, le=100_000_000, description="从第几件开始")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="最多几件")] = 100,
) -> FigureRowsOut:
    """The rows of one part, newest first; pages of them add up to the figure."""
    period = days(first, to, now)
    with ctx.figures.reading() as session:
        found = value(session, me.actor, code, period, ctx.rules, scope=scope, now=now)
        told(session, scope, ctx.rules)
        listed = rows(
            *(session, me.actor, code, period, ctx.rules),
            part=part,
            scope=scope,
            offset=offset,
            limit=limit,
            now=now,
        )
        counts = {Part.JUDGED: found.judged if isinstance(found, Rate) else found.n}
        counts[Part.HITS] = found.hits if isinstance(found, Rate) else found.n
        counts[Part.MISSED] = counts[Part.JUDGED] - counts[Part.HITS]
        if part is Part.EXCLUDED:
            out = left_out(
                *(session, me.actor, period, ctx.rules), codes=[code], scope=scope, now=now
            )
            counts[part] = sum(one.before.judged - one.after.judged for one in out)
    return FigureRowsOut(
        count=counts[part],
        offset=offset,
        rows=[FigureRowOut.model_validate(one) for one in listed],
    )
