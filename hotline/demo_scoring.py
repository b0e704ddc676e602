"""A talk under way and a lead for the demo city, so that their pages show how they look."""

from __future__ import annotations

from datetime import datetime, timedelta

from analytics import score_counts
from analytics.periods import Period
from analytics.scoring import score
from dispatch.bus import Database
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    accountability,
    accountability_leads,
    accountability_queries,
    accounts,
    scoring_versions,
)

HELD_DAYS_AGO = 3
REASON = "{month} 得分 {total}，{item}偏低，同类事项反复出现，未见整改措施"
MINUTES = "热线中心约谈分管负责人，通报当月失分工单，要求逐件回访、明确责任人并书面报告整改情况。"
LEAD = "同一诉求三次办结均未到场，答复内容与现场照片不符，涉嫌虚假办结。"


def add_talk(database: Database, rules: Rules, *, now: datetime) -> None:
    """Summon the unit with the fewest points last month, and hand over a lead; once."""
    with database.work() as session:
        centre = accounts.actor_named(session, "center")
        last = now.astimezone(SHANGHAI).date().replace(day=1) - timedelta(days=1)
        first = last.replace(day=1)
        if accountability_queries.talks_of_month(session, centre, first):
            return
        scored_by = scoring_versions.rules_at(session, now)
        found = [
            one
            for unit in score_counts.counts(session, Period(first, last), rules, now=now)
            if (one := score(scored_by, unit)) is not None and one.total is not None
        ]
        if not found:
            return
        lowest = min(found, key=lambda one: (one.total or 0, one.unit.code))
        worst = max(lowest.items, key=lambda one: one.lost)
        opened = now - timedelta(days=HELD_DAYS_AGO)
        talk = accountability.summon(
            session,
            centre,
            lowest.unit.code,
            month=first,
            scored_by=scored_by.label,
            reason=REASON.format(
                month=f"{first:%Y-%m}", total=lowest.total, item=worst.item.measure.label
            ),
            now=opened,
        )
        accountability.hold_talk(session, centre, talk.id, rules, minutes=MINUTES, now=opened)
        accountability_leads.hand_over(session, centre, lowest.unit.code, reason=LEAD, now=opened)
