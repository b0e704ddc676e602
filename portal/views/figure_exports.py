"""The rows behind a figure as a file: the same rows as on its page, and who took them away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from analytics.facts import value
from analytics.figures import BY_CODE
from analytics.left_out import left_out
from analytics.rates import Mean, Rate
from analytics.row_cells import cells, headings
from analytics.rows import Part, every_row
from dispatch.domain.worktime import local
from dispatch.service.exports import note_export
from portal.deps import Ctx, Me, Now
from portal.exports import CSV_TYPE, XLSX_TYPE, Cell, stream_csv, stream_xlsx
from portal.views.figures import Asked, Day, First, asked

router = APIRouter(include_in_schema=False)


class Form(StrEnum):
    """As what rows are taken away."""

    CSV = "csv"
    XLSX = "xlsx"


@router.get("/figures/{code}/rows.{form}")
def take_rows(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    code: str,
    form: Form,
    from_: First = "",
    to: Day = "",
    part: Part = Part.JUDGED,
) -> StreamingResponse:
    """All rows of one part of a figure, however many; the export is written down first."""
    wanted = asked(request, from_, to, now)
    with ctx.figures.reading() as session:
        found = value(
            session, me.actor, code, wanted.period, ctx.rules, scope=wanted.scope, now=now
        )
        count = _counted(found, part)
        if part is Part.EXCLUDED:
            changed = left_out(
                *(session, me.actor, wanted.period, ctx.rules),
                codes=[code],
                scope=wanted.scope,
                now=now,
            )
            count = sum(one.before.judged - one.after.judged for one in changed)
    figure = BY_CODE[code]
    with ctx.db.work() as session:
        filters = wanted.link(part=part.value).removeprefix("?")
        note_export(
            session, me.actor, what=code, filters=filters, form=form.value, rows=count, now=now
        )

    def taken() -> Iterator[Sequence[Cell]]:
        with ctx.figures.reading() as session:
            found = every_row(
                *(session, me.actor, code, wanted.period, ctx.rules),
                part=part,
                scope=wanted.scope,
                now=now,
            )
            yield from cells(figure, found)

    if form is Form.CSV:
        body, media = stream_csv(headings(figure), taken()), CSV_TYPE
    else:
        footer = f"{figure.name}　导出：{me.actor.name} {local(now):%Y-%m-%d %H:%M}"
        body, media = stream_xlsx(headings(figure), taken(), footer=footer), XLSX_TYPE
    name = _name(code, wanted, part, me.actor.staff_id, form)
    return StreamingResponse(
        body,
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _counted(found: Rate | Mean, part: Part) -> int:
    if isinstance(found, Mean):
        return found.n
    return {Part.HITS: found.hits, Part.MISSED: found.missed}.get(part, found.judged)


def _name(code: str, wanted: Asked, part: Part, staff_id: int | None, form: Form) -> str:
    """The file says what it is and, by number, who took it away."""
    days = f"{wanted.period.first:%Y%m%d}-{wanted.period.last:%Y%m%d}"
    return f"{code}-{part.value}-{days}-staff{staff_id}.{form.value}"
