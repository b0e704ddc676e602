"""A report of a kind and span as a document: which sections it has, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from analytics.document import Document, Paragraph, Section
from analytics.document_json import from_json, to_json
from analytics.figures import CATALOGUE
from analytics.reports import asked, business, calls, handling, oversight, requests, volume
from analytics.reports.gathered import Gathered, gather
from analytics.reports.spans import Span
from analytics.reports.special import special
from analytics.reports.words import moment
from analytics.scope import EVERYTHING, Scope
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules

Write = Callable[[Gathered], Section]

FULL: tuple[Write, ...] = (
    volume.volume,
    volume.figures,
    requests.requests,
    requests.topics,
    handling.classes,
    handling.overdue,
    calls.calls,
    asked.follow_up,
    asked.left_out,
    oversight.instructions,
    oversight.warnings,
)

SECTIONS: Mapping[ReportKind, tuple[Write, ...]] = {
    ReportKind.DAILY: (
        volume.volume,
        volume.figures,
        requests.topics,
        calls.calls,
        handling.overdue,
        oversight.instructions,
        oversight.warnings,
    ),
    ReportKind.WEEKLY: (*FULL, oversight.gaming),
    ReportKind.MONTHLY: FULL,
    ReportKind.YEARLY: FULL,
    ReportKind.SPECIAL: FULL,
}
"""The business environment's is written in a module of its own: it is of one line."""


def document(
    session: Session,
    reader: Actor,
    span: Span,
    rules: Rules,
    *,
    scope: Scope = EVERYTHING,
    now: datetime,
) -> Document:
    """Write a report as it is known at `now`; a special one may be of a part of the city.

    Raises:
        RoleNotAllowed: the reader may not see the figures of the city.
        InvalidInput: a scope for a report that is of the whole city.
    """
    if scope != EVERYTHING:
        if span.kind is not ReportKind.SPECIAL:
            raise InvalidInput("只有专报可以按条件，日报、周报、月报、年报是全市的")
        return special(session, reader, span, scope, rules, now=now)
    if span.kind is ReportKind.BUSINESS:
        return business.document(session, reader, span, rules, now=now)
    return written(gather(session, reader, span, rules, now=now))


def written(found: Gathered) -> Document:
    """The document of what was gathered."""
    kind = found.span.kind
    sections = (
        tuple(write(found) for write in SECTIONS[kind]) if not found.is_empty else _empty(found)
    )
    made = Document(
        title=f"{found.city} 12345 热线{kind.label} {found.span.name}".strip(),
        kind=kind.value,
        city=found.city,
        period=f"{found.span.period.first} 至 {found.span.period.last}",
        made_at=moment(found.made_at),
        headline=volume.headline(found),
        sections=sections,
        notes=tuple(_notes(found)),
    )
    # As it comes back from where it is kept, so that an issue equals what was written.
    return from_json(to_json(made))


def _empty(found: Gathered) -> tuple[Section, ...]:
    # Old tickets may still be overdue, and instructions open, in a span in which nothing came.
    said = Section("volume", "总体情况", (Paragraph(volume.headline(found)),))
    return (said, handling.overdue(found), oversight.instructions(found), oversight.warnings(found))


def _notes(found: Gathered) -> list[str]:
    policy = found.rules.profile
    notes = [
        f"数据截至 {moment(found.made_at)}；按规则方案“{policy.label}”计算。",
        "上期、上年同期按当时同样经过的时间统计，日、周的上年同期为 52 周前（星期对齐）。",
        f"分母不足 {found.least} 件的指标不作比较。",
    ]
    if not found.finished:
        notes.append("本期尚未结束，以上为到目前的数字。")
    if not found.has_year_ago and found.span.kind is not ReportKind.YEARLY:
        notes.append("上年同期没有数据，不列同比。")
    notes += [
        f"{one.name_in(found.rules)}：{one.formula}。来源：{one.source}。" for one in CATALOGUE
    ]
    return notes
