"""试算: a past month by other rules or thresholds, and who would change."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from analytics import score_counts
from analytics.scoring_what_if import adjusted, changes
from dispatch.domain.errors import InvalidInput
from dispatch.domain.judging_terms import Measure
from dispatch.domain.scoring_rules import ScoringRules
from dispatch.service import scoring_versions
from portal.deps import Ctx, Now
from portal.errors import status_of
from portal.rendering import render
from portal.views.scoring import month_asked

router = APIRouter(include_in_schema=False)

Short = Annotated[str, Query(max_length=40)]


@router.get("/scoring/what-if")
def what_if_page(
    request: Request,
    ctx: Ctx,
    now: Now,
    month: Short = "",
    rules: Short = "",
    least: Short = "",
) -> Response:
    """The month by other rules or thresholds: who changes. Nothing is kept of it."""
    chosen = month_asked(month, now)
    typed = {key: value[:20] for key, value in request.query_params.items()}
    problem: InvalidInput | None = None
    with ctx.db.read() as session:
        before = scoring_versions.rules_at(session, chosen.first)
        base = scoring_versions.rules_of(session, rules) if rules else before
        after = base
        try:
            after = adjusted(base, least=_least(least), full_at=_thresholds(typed, base))
        except InvalidInput as wrong:
            problem = wrong
        counted = score_counts.counts(session, chosen.period, ctx.rules, now=now)
        choices = scoring_versions.choices(session)
    return render(
        request,
        "scoring/what_if.html",
        status_code=status_of(problem) if problem else 200,
        month=chosen,
        before=before,
        after=after,
        base=base,
        chosen_rules=rules,
        choices=choices,
        typed=typed,
        problem=problem,
        same=after == before,
        found=changes(before, after, counted),
    )


def _least(typed: str) -> int | None:
    if not typed.strip():
        return None
    if not typed.strip().isdecimal() or not 1 <= int(typed) <= 10_000:
        raise InvalidInput("最少件数应是 1 到 10000 之间的整数", field="least")
    return int(typed)


def _thresholds(typed: dict[str, str], rules: ScoringRules) -> dict[Measure, Decimal]:
    found: dict[Measure, Decimal] = {}
    for item in rules.items:
        said = typed.get(f"full_{item.measure.value}", "").strip()
        if not said:
            continue
        try:
            value = Decimal(said)
        except InvalidOperation:
            value = Decimal(-1)
        if not 0 <= value <= 100:
            raise InvalidInput(
                f"{item.measure.label}的起评线应是 0 到 100 之间的数",
                field=f"full_{item.measure.value}",
            )
        if value != item.full_at:
            found[item.measure] = value
    return found
