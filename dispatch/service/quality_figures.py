"""Figures of quality checks: both scores of what was scored twice, and how far the weeks are."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from dispatch.db import Session
from dispatch.domain.judging_terms import CheckState
from dispatch.models.judging import QualityCheck, QualityScore
from dispatch.service.quality import OPEN


def double_scores(session: Session, *, since: datetime) -> list[tuple[int, int]]:
    """Both scores of every double check done or disputed since then, in per cent of the sheet."""
    query = (
        select(QualityCheck, QualityScore.total)
        .join(QualityScore, QualityScore.check_id == QualityCheck.id)
        .where(QualityCheck.twice.is_(True), QualityCheck.state.not_in(OPEN))
        .where(QualityCheck.drawn_at >= since)
        .order_by(QualityCheck.id, QualityScore.id)
    )
    found: dict[int, list[int]] = {}
    for row, total in session.execute(query):
        most = sum(int(line["points"]) for line in row.sheet) or 1
        found.setdefault(row.id, []).append(round(100 * total / most))
    return [(totals[0], totals[1]) for totals in found.values() if len(totals) == 2]


def weeks(session: Session, *, now: datetime, count: int = 8) -> list[tuple[date, int, int]]:
    """The newest weeks drawn: Monday, checks drawn, checks done."""
    done = func.count().filter(QualityCheck.state == CheckState.DONE.value)
    query = (
        select(QualityCheck.week, func.count(), done)
        .where(QualityCheck.week > now.date() - timedelta(weeks=count + 1))
        .group_by(QualityCheck.week)
        .order_by(QualityCheck.week.desc())
        .limit(count)
    )
    return [(week, drawn, finished) for week, drawn, finished in session.execute(query)]
