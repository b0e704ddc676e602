"""Media items, scored checks and findings of gaming for the demo city, so that no page is empty.

Everything is done through the services by the demo's own people; the findings are what the look
itself finds in two tickets of last week that were handled as one should not.
"""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import SupervisionLevel
from dispatch.domain.vocabulary import RequestKind
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    accounts,
    assignment,
    catalogue,
    gaming,
    handling,
    media,
    quality,
    quality_lot,
    quality_queries,
)
from dispatch.service.intake import RequestForm, open_ticket
from dispatch.service.media import MediaForm

MADE = "demo-three-views"
WEEK = timedelta(weeks=1)
SCORERS = ("supervisor1", "center", "supervisor2")
LEFT_TO_SCORE = 12
"""Checks of the last week that wait, so that the desk has something to do."""

DIVISION = "990702001"
PASTED = (
    "经现场核查，和平街路口供水管道接口老化渗漏，抢修班已开挖更换接口并恢复路面，今后每周巡查一次，"
    "责任人为供水科周工，如再发现渗漏请拨打值班电话。"
)
ITEMS = (
    (
        "和平街路口渗水半个月，路面塌了一块",
        "岚川晚报",
        "和平街与建设路口人行道持续渗水，地砖下陷，行人绕行。记者多次走访未见施工。",
        "和平街路口",
    ),
    (
        "早市收摊后垃圾堆到中午",
        "岚川广播电视台《民生直通》",
        "东关早市收摊后烂菜叶和泡沫箱堆在路边，中午才有人清，附近居民说反映过多次。",
        "东关早市",
    ),
    (
        "盲道被共享单车占满",
        "河东在线",
        "火车站广场西侧盲道被共享单车占满，视障市民无法通行。",
        "火车站广场",
    ),
)


def add_three_views(database: Database, rules: Rules, *, now: datetime) -> bool:
    """Make them once; return whether they are new."""
    with database.work() as session:
        if catalogue.checkpoint(session, MADE) is not None:
            return False
        last_week = quality_lot.week_before(now)
        _badly_handled(session, rules, datetime.combine(last_week, time(9), SHANGHAI))
        for week in (last_week - WEEK, last_week):
            quality_lot.draw(session, week, rules, now=now)
        _scored(session, rules, now)
        _in_the_press(session, rules, now)
        session.flush()
        seen = gaming.look(session, last_week, rules, now=now)
        gaming.keep(session, last_week, seen, now=now)
        catalogue.put_checkpoint(session, MADE, now.isoformat())
    return True


def _badly_handled(session: Session, rules: Rules, monday: datetime) -> None:
    """A reply that went to another matter as well, and nobody rang the second requester."""
    people = {
        login: accounts.actor_named(session, login)
        for login in ("agent1", "dispatcher1", "chengguan")
    }
    requests = (
        ("和平街路口人行道一直渗水，走路打滑", "0306", True),
        ("夜市烧烤摊占用盲道，油烟很大", "0101", False),
    )
    for number, (text, category, rung) in enumerate(requests):
        at = monday + timedelta(hours=2 * number)
        form = RequestForm(
            content=text,
            category=category,
            division=DIVISION,
            kind=RequestKind.COMPLAINT,
            phone=f"1290002000{number}",
        )
        made = open_ticket(session, people["agent1"], form, now=at).number
        at += timedelta(minutes=10)
        assignment.dispatch(session, people["dispatcher1"], made, "CHENGGUAN", rules, now=at)
        at += timedelta(minutes=20)
        unit = people["chengguan"]
        assignment.acknowledge(session, unit, made, now=at)
        if rung:
            handling.contact_requester(session, unit, made, note="已电话联系", now=at)
        at += timedelta(hours=1)
        handling.complete(session, unit, made, rules, public_reply=PASTED, now=at)


def _scored(session: Session, rules: Rules, now: datetime) -> None:
    """Most checks with their sheets; the second scorer mostly agrees with the first."""
    dice = random.Random(MADE)
    people = [accounts.actor_named(session, login) for login in SCORERS]
    waiting = quality_queries.counts(session, people[0])["open"]
    for _ in range(max(0, waiting - LEFT_TO_SCORE)):
        check = quality_queries.next_open(session, people[0])
        if check is None:
            return
        level = dice.choice((0.98, 0.92, 0.88, 0.84, 0.74))
        for by in people[:2]:
            _score(session, by, check, level + dice.uniform(-0.03, 0.03), rules, now)
            if not _waits(session, people[1], check):
                break


def _waits(session: Session, by: Actor, check: int) -> bool:
    return quality_queries.check(session, by, check).may_score


def _score(
    session: Session, by: Actor, check: int, share: float, rules: Rules, now: datetime
) -> None:
    lines = quality_queries.check(session, by, check).lines
    points = {
        line["code"]: str(min(line["points"], round(line["points"] * share))) for line in lines
    }
    note = "没有逐项回应诉求" if share < 0.8 else ""
    quality.score(session, by, check, points, rules, note=note, now=now)


def _in_the_press(session: Session, rules: Rules, now: datetime) -> None:
    """One item supervised, one whose ticket was opened for it, one nobody has looked into."""
    centre = accounts.actor_named(session, "center")
    dispatcher = accounts.actor_named(session, "dispatcher1")
    made = []
    for days, (title, outlet, words, place) in enumerate(ITEMS):
        day = now.astimezone(SHANGHAI).date() - timedelta(days=days)
        form = MediaForm(
            title=title, outlet=outlet, published_on=day.isoformat(), words=words, place=place
        )
        made.append(media.register(session, centre, form, now=now).id)
    for item in made[:2]:
        number = media.open_ticket(session, centre, item, now=now)
        assignment.dispatch(session, dispatcher, number, "CHENGGUAN", rules, now=now)
    media.supervise(
        session,
        centre,
        made[0],
        rules,
        level=SupervisionLevel.LISTED,
        demand="两日内完成抢修并恢复路面，书面说明半个月没有处理的原因",
        now=now,
    )
