"""`hotline due`: when a request of some kind would be due under a policy profile."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from dispatch.domain.adjustments import Change, Extension, Hold, adjusted
from dispatch.domain.deadlines import Clock, return_by
from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.domain.limits import Limit, SourceLevel
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import DepartmentKind, Labelled, RequestKind, Urgency
from dispatch.domain.worktime import SHANGHAI

BAD_INPUT = 2
Word = TypeVar("Word", bound=Labelled)


def due(
    profile: Annotated[str, typer.Option(help="规则方案的名称")] = "default",
    kind: Annotated[
        str, typer.Option(help="诉求类型：" + "、".join(kind.value for kind in RequestKind))
    ] = "",
    urgency: Annotated[
        str, typer.Option(help="紧急程度：" + "、".join(level.value for level in Urgency))
    ] = Urgency.ROUTINE.value,
    from_: Annotated[
        str, typer.Option("--from", help="派单时间，ISO 8601；不写时区按北京时间")
    ] = "",
    category: Annotated[str, typer.Option(help="事项编码")] = "",
    unit_class: Annotated[
        str, typer.Option(help="单位类别：" + "、".join(unit.value for unit in DepartmentKind))
    ] = "",
    source_level: Annotated[
        str, typer.Option(help="来源层级：" + "、".join(level.value for level in SourceLevel))
    ] = "",
    stated: Annotated[str, typer.Option(help="工单载明的时限，如“3 working_day”")] = "",
    statutory: Annotated[str, typer.Option(help="法定时限，如“30 working_day”")] = "",
    round_: Annotated[int, typer.Option("--round", min=1, help="第几次办理，2 起为重办")] = 1,
    extend: Annotated[
        list[str] | None, typer.Option(help="延期，如“5 working_day”；可写多次")
    ] = None,
    hold: Annotated[
        list[str] | None, typer.Option(help="挂起，如 2025-09-28T09:00/2025-09-30T09:00；可多次")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="只输出 JSON")] = False,
) -> None:
    """计算办理时限：签收、退单、预警、反馈进展、到期和红牌时间，并说明依据。"""
    try:
        rules = Rules(load_profile(profile), load_calendar())
        start = read_moment(from_)
        clock = rules.clock(
            kind=_member(RequestKind, kind, "--kind", "诉求类型"),
            urgency=_member(Urgency, urgency, "--urgency", "紧急程度"),
            start=start,
            round_=round_,
            category=category or None,
            unit_class=_optional(DepartmentKind, unit_class, "--unit-class", "单位类别"),
            source_level=_optional(SourceLevel, source_level, "--source-level", "来源层级"),
            stated=Limit.parse(stated) if stated else None,
            statutory=Limit.parse(statutory) if statutory else None,
        )
        clock = adjusted(rules.profile, rules.calendar, clock, _changes(extend, hold))
        returned_by = return_by(rules.profile, rules.calendar, start)
    except HotlineError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(BAD_INPUT) from problem
    if json_:
        typer.echo(json.dumps(as_json(clock, returned_by), ensure_ascii=False))
    else:
        typer.echo(_sheet(clock, returned_by))


def as_json(clock: Clock, returned_by: datetime) -> dict[str, str | int | bool | None]:
    """The clock as plain values; moments are ISO 8601 with +08:00."""
    return {
        "due_at": clock.due_at.isoformat(),
        "warn_at": clock.warn_at.isoformat(),
        "red_at": clock.red_at.isoformat(),
        "acknowledge_by": clock.acknowledge_by.isoformat(),
        "remind_at": clock.remind_at.isoformat(),
        "interim_by": clock.interim_by.isoformat() if clock.interim_by else None,
        "return_by": returned_by.isoformat(),
        "working_days": clock.working_days,
        "calendar_version": clock.calendar_version,
        "started_at": clock.started_at.isoformat(),
        "means": clock.means.value,
        "evidence": clock.evidence.value,
        "provisional": clock.provisional,
        "rule": clock.rule,
    }


def _sheet(clock: Clock, returned_by: datetime) -> str:
    rows = (
        ("起算", clock.started_at),
        ("签收提醒", clock.remind_at),
        ("签收截止", clock.acknowledge_by),
        ("退单截止", returned_by),
        ("反馈进展截止", clock.interim_by),
        ("预警", clock.warn_at),
        (f"{clock.means.label}截止", clock.due_at),
        ("红牌", clock.red_at),
    )
    lines = [f"{name}：{moment:%Y-%m-%d %H:%M}" for name, moment in rows if moment is not None]
    return "\n".join([*lines, f"规则：{clock.rule}", f"工作日历：{clock.calendar_version}"])


def _changes(extend: list[str] | None, hold: list[str] | None) -> list[Change]:
    found: list[Change] = [Extension(Limit.parse(text)) for text in extend or []]
    for text in hold or []:
        since, _, until = text.partition("/")
        span = Hold(read_moment(since, "--hold"), read_moment(until, "--hold"))
        if span.until <= span.since:
            raise InvalidInput(f"--hold 的结束时间应晚于开始时间：{text}", field="--hold")
        found.append(span)
    return found


def _optional(kind: type[Word], text: str, option: str, what: str) -> Word | None:
    return _member(kind, text, option, what) if text else None


def _member(kind: type[Word], text: str, option: str, what: str) -> Word:
    """Find an enum member by its value or its Chinese label."""
    known = {member.value: member for member in kind}
    found = known.get(text) or {member.label: member for member in kind}.get(text)
    if found is None:
        valid = "、".join(f"{member.value}（{member.label}）" for member in kind)
        said = f"没有{what}“{text}”" if text else f"缺少 {option}（{what}）"
        raise InvalidInput(f"{said}，可用：{valid}", field=option)
    return found


def read_moment(text: str, option: str = "--from") -> datetime:
    """A moment as typed; without a zone it is Beijing time.

    Raises:
        InvalidInput: it is none; the sentence shows how to write one.
    """
    if not text:
        shape = "2025-09-26T10:00:00+08:00"
        if option == "--from":
            raise InvalidInput(f"缺少 --from（派单时间），如 {shape}", field=option)
        raise InvalidInput(f"{option} 应写成 开始/结束，如 {shape}/{shape}", field=option)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise InvalidInput(
            f"{option} 的时间“{text}”看不懂，应写成 2025-09-26T10:00:00+08:00", field=option
        ) from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
