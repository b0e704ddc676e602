"""`hotline due`: when a request of some kind would be due under a policy profile."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from dispatch.domain.deadlines import Clock, clock_for
from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.vocabulary import Labelled, RequestKind, Urgency
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
    json_: Annotated[bool, typer.Option("--json", help="只输出 JSON")] = False,
) -> None:
    """计算办理时限：到期、预警和签收时间，并说明依据。"""
    try:
        clock = clock_for(
            load_profile(profile),
            load_calendar(),
            kind=_member(RequestKind, kind, "--kind", "诉求类型"),
            urgency=_member(Urgency, urgency, "--urgency", "紧急程度"),
            start=_moment(from_),
        )
    except HotlineError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(BAD_INPUT) from problem
    typer.echo(json.dumps(as_json(clock), ensure_ascii=False) if json_ else _sheet(clock))


def as_json(clock: Clock) -> dict[str, str | int | bool | None]:
    """The clock as plain values; moments are ISO 8601 with +08:00."""
    return {
        "due_at": clock.due_at.isoformat(),
        "warn_at": clock.warn_at.isoformat(),
        "acknowledge_by": clock.acknowledge_by.isoformat(),
        "working_days": clock.working_days,
        "calendar_version": clock.calendar_version,
        "started_at": clock.started_at.isoformat(),
        "means": clock.means.value,
        "evidence": clock.evidence.value,
        "provisional": clock.provisional,
        "rule": clock.rule,
    }


def _sheet(clock: Clock) -> str:
    rows = (
        ("起算", clock.started_at),
        ("签收截止", clock.acknowledge_by),
        ("预警", clock.warn_at),
        (f"{clock.means.label}截止", clock.due_at),
    )
    lines = [f"{name}：{moment:%Y-%m-%d %H:%M}" for name, moment in rows]
    return "\n".join([*lines, f"规则：{clock.rule}", f"工作日历：{clock.calendar_version}"])


def _member(kind: type[Word], text: str, option: str, what: str) -> Word:
    """Find an enum member by its value or its Chinese label."""
    known = {member.value: member for member in kind}
    found = known.get(text) or {member.label: member for member in kind}.get(text)
    if found is None:
        valid = "、".join(f"{member.value}（{member.label}）" for member in kind)
        said = f"没有{what}“{text}”" if text else f"缺少 {option}（{what}）"
        raise InvalidInput(f"{said}，可用：{valid}", field=option)
    return found


def _moment(text: str) -> datetime:
    if not text:
        raise InvalidInput("缺少 --from（派单时间），如 2025-09-26T10:00:00+08:00", field="--from")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise InvalidInput(
            f"--from 的时间“{text}”看不懂，应写成 2025-09-26T10:00:00+08:00", field="--from"
        ) from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
