"""A few appeals in the demo city: one waits, one is half decided, two were granted, one denied.

They are about tickets of the city's own past, and are asked and decided by its people through
the services, within the window of each.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from analytics.periods import Period
from analytics.rows import Part, TicketRow, rows
from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.judging_terms import Measure
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import accounts, appeals, catalogue
from dispatch.service.appeal_standing import chance
from dispatch.service.appeals import AppealForm

MADE = "demo-appeals"
UNIT, LOGIN = "CHENGGUAN", "chengguan"
LOOK_BACK = timedelta(days=30)
HOUR = timedelta(hours=1)
WORDS = (
    ("untrue", "反映的摊点当日并未营业，两次到场均未发现占道", "11 份现场记录和周边 6 户证言"),
    ("unreasonable", "要求拆除邻居取得许可的雨棚，已经听证认定不合理", "社区听证会纪要，双方到场"),
    ("outside_duty", "所涉路段属于高速公路管理单位，本单位无执法权", "三定方案第四条、路权界定图"),
    ("untrue", "诉求人称无人到场，执法记录仪显示当日到场两次", "执法记录仪编号和时间"),
    ("outside_duty", "设施由产权单位自行管护，不在本单位职责范围", "产权登记和移交清单"),
)
DECISIONS: tuple[tuple[bool, ...], ...] = ((), (True,), (True, True), (True, True), (False,))
"""What each was given, the newest appeal first."""

DECIDERS = ("center", "center2")


def add_appeals(database: Database, rules: Rules, *, now: datetime) -> bool:
    """Make them once; return whether they are new."""
    with database.work() as session:
        if catalogue.checkpoint(session, MADE) is not None:
            return False
        found = _unhappy(session, rules, now)
        for number, words, decisions in zip(found, WORDS, DECISIONS, strict=False):
            _one(session, rules, number, now, words, decisions)
        catalogue.put_checkpoint(session, MADE, now.isoformat())
    return True


def _unhappy(session: Session, rules: Rules, now: datetime) -> list[str]:
    """The latest tickets of the unit that their requesters were not satisfied with."""
    today = now.astimezone(SHANGHAI).date()
    period = Period(today - LOOK_BACK, today)
    found = rows(
        session,
        SYSTEM,
        "satisfaction_rate",
        period,
        rules,
        part=Part.MISSED,
        unit=UNIT,
        limit=len(DECISIONS),
        now=now,
    )
    return [row.number for row in found if isinstance(row, TicketRow)]


def _one(
    session: Session,
    rules: Rules,
    number: str,
    now: datetime,
    words: tuple[str, str, str],
    decisions: tuple[bool, ...],
) -> None:
    reason, statement, basis = words
    form = AppealForm(measure=Measure.SATISFACTION, reason=reason, statement=statement, basis=basis)
    unit = accounts.actor_named(session, LOGIN)
    may = chance(session, unit, number, rules, now=now)
    if may is None or may.until is None:
        return
    at = min(may.until, now - HOUR) - HOUR
    made = appeals.ask(session, unit, number, form, rules, now=at)
    for by, grant in zip(DECIDERS, decisions, strict=False):
        said = "已核对单位提供的证据，情况属实" if grant else "证据不能说明诉求不实，照常计入"
        appeals.decide(
            session,
            accounts.actor_named(session, by),
            made.id,
            grant=grant,
            words=said,
            rules=rules,
            now=at + HOUR,
        )
