"""排班: calls expected, agents needed, the roster and its gaps; shifts typed or uploaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from analytics.forecast import INSIDE, LEAST_DAYS, DayKind
from analytics.staffing_plan import WEEK, week_plan
from dispatch.domain.errors import InvalidInput
from dispatch.domain.reporting_terms import Weather
from dispatch.domain.roster import HEADINGS, RowProblem, ShiftRow, read_rows, shift
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import rosters
from dispatch.service.rosters import ROSTERING
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.tables import read_table, write_csv
from portal.views.agent_form import TypedForm

router = APIRouter(include_in_schema=False)

PAGE = "/staffing"
KINDS = {
    DayKind.WORKING: "",
    DayKind.WEEKEND: "休息日",
    DayKind.HOLIDAY: "节假日",
    DayKind.MAKEUP: "调休上班",
    DayKind.FIRST_BACK: "节后首日",
}
MOST_AHEAD = timedelta(days=370)
SAID = {
    "shift": "班次已加入。",
    "removed": "班次已删除。",
    "note": "天气与情况已保存，预测已按它重算。",
    "copied": "已照搬上一周的班次；原来就有班次的人没有改动。",
    "none": "没有可以照搬的班次：上一周没有排班，或这些人本周都已排好。",
}

Day = Annotated[str, Query(max_length=10)]
Code = Annotated[str, Query(max_length=40)]


@router.get(PAGE)
def page(
    request: Request, ctx: Ctx, me: Me, now: Now, day: Day = "", queue: Code = "", done: Code = ""
) -> Response:
    """A week, and one of its days by half-hour."""
    return _page(request, ctx, me, now, _day(day, now), queue=queue, said=SAID.get(done, ""))


@router.get(f"{PAGE}/roster.csv")
def export(ctx: Ctx, me: Me, now: Now, day: Day = "") -> Response:
    """The week's shifts in the columns in which they are uploaded; headings alone when none."""
    monday = _monday(_day(day, now))
    with ctx.db.read() as session:
        listed = rosters.shifts(session, me.actor, monday, monday + timedelta(days=WEEK - 1))
    rows = [
        [one.extension, f"{starts:%Y-%m-%d}", f"{starts:%H:%M}", f"{ends:%H:%M}", one.queue]
        for one in listed
        for starts, ends in [(_here(one.starts_at), _here(one.ends_at))]
    ]
    return Response(
        write_csv(
            [["分机", *(names[0] for key, names in HEADINGS.items() if key != "who")], *rows]
        ),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="roster-{monday}.csv"'},
    )


@router.post(f"{PAGE}/shifts")
def add(request: Request, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> Response:
    """Put one person on the roster; what is wrong is said beside its field."""
    try:
        starts_at, ends_at = shift(
            typed.get("day", ""), typed.get("starts", ""), typed.get("ends", "")
        )
        row = ShiftRow(0, typed.get("who", ""), starts_at, ends_at, typed.get("shift_queue", ""))
        with ctx.db.work() as session:
            rosters.add_shift(session, me.actor, row, ctx.rules, now=now)
    except InvalidInput as problem:
        return _page(
            request, ctx, me, now, _day(typed.get("day", ""), now), typed=typed, problem=problem
        )
    return _to(starts_at.date(), "shift")


@router.post(f"{PAGE}/shifts/{{shift_id}}/remove")
def remove(shift_id: int, ctx: Ctx, me: Me) -> Response:
    """Take a shift off."""
    with ctx.db.work() as session:
        day = rosters.remove_shift(session, me.actor, shift_id)
    return _to(day, "removed")


@router.post(f"{PAGE}/import")
def upload(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Take the good rows of a file; the others are listed with what is wrong."""
    try:
        rows, problems = read_rows(read_table(file.file.read() if file else b""))
        with ctx.db.work() as session:
            taken, refused = rosters.add_file(session, me.actor, rows, ctx.rules, now=now)
    except InvalidInput as problem:
        return _page(request, ctx, me, now, _day("", now), problem=problem)
    wrong = sorted((*problems, *refused), key=lambda one: one.row)
    day = rows[0].starts_at.date() if rows else _day("", now)
    said = f"已导入 {taken} 个班次" + (f"，{len(wrong)} 行有误没有导入" if wrong else "") + "。"
    return _page(request, ctx, me, now, day, said=said, wrong=wrong)


@router.post(f"{PAGE}/copy-week")
def copy_week(ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> Response:
    """Repeat the week before."""
    monday = _monday(_day(typed.get("day", ""), now))
    with ctx.db.work() as session:
        new = rosters.copy_week(session, me.actor, monday, ctx.rules, now=now)
    return _to(monday, "copied" if new else "none")


@router.post(f"{PAGE}/notes")
def note(request: Request, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> Response:
    """Write down a day's weather and what else moves the calls."""
    day = _day(typed.get("day", ""), now)
    weather, words = typed.get("weather", ""), typed.get("note", "")
    try:
        with ctx.db.work() as session:
            rosters.note_day(session, me.actor, day, weather=weather, note=words, now=now)
    except InvalidInput as problem:
        return _page(request, ctx, me, now, day, typed=typed, problem=problem)
    return _to(day, "note")


def _page(
    request: Request,
    ctx: PortalContext,
    me: Me,
    now: datetime,
    day: date,
    *,
    queue: str = "",
    typed: Mapping[str, str] | None = None,
    problem: InvalidInput | None = None,
    said: str = "",
    wrong: Sequence[RowProblem] = (),
) -> Response:
    rules = ctx.rules
    monday = _monday(day)
    known = {one.code: one.label for one in rules.profile.calls.queues}
    queue = queue if queue in known else ""
    with ctx.db.read() as session:
        plan = week_plan(session, me.actor, monday, rules, queue=queue, now=now)
        people = rosters.people(session, me.actor)
        notes = rosters.notes(session, me.actor, monday, monday + timedelta(days=WEEK - 1))
    chosen = plan.days[day.weekday()]
    return render(
        request,
        "staffing/page.html",
        status_code=status_of(problem) if problem else 200,
        plan=plan,
        chosen=chosen,
        day=day,
        today=_here(now).date(),
        monday=monday,
        week=timedelta(weeks=1),
        queue=queue,
        queues=known,
        kinds=KINDS,
        people=people,
        notes=notes,
        weathers=tuple(Weather),
        mine=[one for one in plan.shifts if _touches(one.starts_at, one.ends_at, day)],
        here=_here,
        may=me.actor.role in ROSTERING,
        service=rules.profile.service,
        staffing=rules.profile.staffing,
        least_days=LEAST_DAYS,
        inside=round(INSIDE * 100),
        typed=typed or {},
        problem=problem,
        said=said,
        wrong=wrong,
    )


def _touches(starts: datetime, ends: datetime, day: date) -> bool:
    return _here(starts).date() <= day <= _here(ends - timedelta(microseconds=1)).date()


def _here(moment: datetime) -> datetime:
    return moment.astimezone(SHANGHAI)


def _day(typed: str, now: datetime) -> date:
    """The day that was asked for, today when it is none or too far away."""
    today = _here(now).date()
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return today
    return day if abs(day - today) <= MOST_AHEAD else today


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _to(day: date, done: str) -> Response:
    return RedirectResponse(f"{PAGE}?day={day}&done={done}", 303)
