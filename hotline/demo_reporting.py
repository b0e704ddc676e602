"""Rosters, a joint meeting and an important-matter brief for the demo city.

Everything is done through the services by the demo's own people, as a supervisor and the centre
would in the two weeks around now.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import BriefLevel, Weather
from dispatch.domain.roster import ShiftRow
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    accounts,
    assignment,
    brief_chain,
    briefs,
    catalogue,
    joint_meetings,
    rosters,
)
from dispatch.service.briefs import BriefForm
from dispatch.service.intake import RequestForm, open_ticket

MADE = "demo-reporting"
WEEKS = 2
"""This week and the next have their rosters."""

SHIFTS = (
    ((8, 0), (16, 0), ("agent1", "agent2", "agent3", "agent4")),
    ((9, 0), (17, 0), ("agent5", "agent6")),
    ((16, 0), (0, 0), ("agent7", "agent8")),
    ((0, 0), (8, 0), ("agent9",)),
)
"""Starts, ends and who: those of the day change places by the week, nights are thin."""

RELIEF = ("agent10", "agent11", "agent12")
"""Who stands in where somebody of the day has off, in turns."""

LATER = timedelta(days=4)
ENTERPRISES = (
    (
        "岚川恒升机械有限公司",
        "厂区外供电线路扩容申请两个多月没有答复，新生产线装好了不能开工",
        "线路走廊要占用城管的绿地，供电、住建、城管各等对方先批，请会议议定先后",
        "ZHUJIAN",
    ),
    (
        "东关市场商户联合会",
        "东关早市改造后消防验收与营业执照变更互为前提，八十多家商户无法复业",
        "验收与变更互为前提，请会议议定由哪一家先办、容缺几天",
        "SHICHANG",
    ),
    (
        "岚川绿源食品有限公司",
        "冷链车辆白天不能进老城区，夜间卸货又被投诉噪声，请求给个办法",
        "通行时段与噪声管理互相矛盾，请会议给出固定时段",
        "GONGAN",
    ),
)


def add_reporting(database: Database, rules: Rules, *, now: datetime) -> bool:
    """Make them once; return whether they are new."""
    with database.work() as session:
        if catalogue.checkpoint(session, MADE) is not None:
            return False
        _rosters(session, rules, now)
        _meetings(session, rules, now)
        _brief(session, rules, now)
        catalogue.put_checkpoint(session, MADE, now.isoformat())
    return True


def _rosters(session: Session, rules: Rules, now: datetime) -> None:
    supervisor = accounts.actor_named(session, "supervisor1")
    today = now.astimezone(SHANGHAI).date()
    monday = today - timedelta(days=today.weekday())
    rows = [
        row for week in range(WEEKS) for day in range(7) for row in _day(monday, 7 * week + day)
    ]
    rosters.add_file(session, supervisor, rows, rules, now=now)
    for ahead, weather, words in (
        (1, Weather.RAIN, "气象台预报中雨，预计供暖报修增加"),
        (3, Weather.COLD, "寒潮蓝色预警"),
    ):
        day = today + timedelta(days=ahead)
        rosters.note_day(session, supervisor, day, weather=weather.value, note=words, now=now)


def _day(monday: date, number: int) -> list[ShiftRow]:
    day = monday + timedelta(days=number)
    # Everybody of the nine has two days in nine off; somebody of the relief takes the place.
    everyone = [who for _, _, several in SHIFTS for who in several]
    off = {everyone[(2 * number) % len(everyone)], everyone[(2 * number + 1) % len(everyone)]}
    relief = iter(RELIEF[number % 3 :] + RELIEF[: number % 3])
    rows: list[ShiftRow] = []
    for starts, ends, several in SHIFTS:
        begins = datetime.combine(day, time(*starts), SHANGHAI)
        until = datetime.combine(day, time(*ends), SHANGHAI)
        until += timedelta(days=until <= begins)
        for planned in several:
            who = next(relief) if planned in off else planned
            rows.append(ShiftRow(len(rows) + 1, who, begins, until))
    return rows


def _meetings(session: Session, rules: Rules, now: datetime) -> None:
    """One case concluded at a meeting that was held, one on next week's agenda, one that waits."""
    centre = accounts.actor_named(session, "center")
    cases = [_case(session, rules, number, now) for number in range(len(ENTERPRISES))]
    held = joint_meetings.call_meeting(
        session,
        centre,
        title="营商环境问题第一次联席会议",
        held_at=now - timedelta(hours=2),
        place="市政务服务中心三楼会议室",
        units=["ZHUJIAN", "CHENGGUAN", "FAGAI"],
        cases=cases[:1],
        now=now - timedelta(days=1),
    )
    joint_meetings.hold(
        session,
        centre,
        held.id,
        minutes="住建、城管、发改与企业到会。线路走廊占绿由城管先行备案，住建同步办理，供电随后施工。",
        now=now,
    )
    joint_meetings.conclude(
        session,
        centre,
        cases[0],
        conclusion="市住建局牵头，走廊占绿备案与施工许可并联办理，十日内通电。",
        unit=ENTERPRISES[0][3],
        due_at=now + timedelta(days=10),
        now=now,
    )
    joint_meetings.call_meeting(
        session,
        centre,
        title="营商环境问题第二次联席会议",
        held_at=now + LATER,
        place="市政务服务中心三楼会议室",
        units=["SHICHANG", "ZHUJIAN"],
        cases=cases[1:2],
        now=now,
    )


def _case(session: Session, rules: Rules, number: int, now: datetime) -> int:
    company, words, question, unit = ENTERPRISES[number]
    at = now - timedelta(days=3, hours=number)
    agent = accounts.actor_named(session, "agent1")
    dispatcher = accounts.actor_named(session, "dispatcher1")
    form = RequestForm(
        content=words,
        category="1306",
        kind=RequestKind.ASSISTANCE,
        phone=f"1290003000{number}",
        enterprise_name=company,
        business_environment=True,
    )
    ticket = open_ticket(session, agent, form, now=at).number
    assignment.dispatch(session, dispatcher, ticket, unit, rules, now=at + timedelta(minutes=20))
    case = joint_meetings.raise_case(
        session, dispatcher, ticket, question=question, now=at + timedelta(days=1)
    )
    return case.id


def _brief(session: Session, rules: Rules, now: datetime) -> None:
    """A brief with its leader's instruction, which the unit has received and works on."""
    centre = accounts.actor_named(session, "center")
    form = BriefForm(
        title="河东区换热站故障，和平街一带三个小区供暖中断",
        level=BriefLevel.IMPORTANT,
        place="河东区和平街",
        happened_at=now - timedelta(hours=5),
        facts="今日清晨起，和平街一带三个小区居民集中来电反映暖气不热。换热站循环泵故障，正在抢修。",
        measures="已通知供热公司抢修，热线增设提示语，坐席统一答复口径。",
    )
    number = briefs.draft(session, centre, form, now=now - timedelta(hours=4)).number
    briefs.submit(session, centre, number, now=now - timedelta(hours=4))
    leader: Actor = accounts.actor_named(session, "leader")
    brief_chain.instruct(
        session,
        leader,
        number,
        rules,
        words="请住建局今晚前恢复供暖，对老人和病人家庭逐户送取暖器，结果报我。",
        unit="ZHUJIAN",
        now=now - timedelta(hours=3),
    )
    unit = accounts.actor_named(session, "zhujian")
    brief_chain.receive(session, unit, number, now=now - timedelta(hours=2))
