"""Follow-up by people for the demo city: some asked yesterday, some waiting, a survey taken in.

Confidential reports that only people may ask about, brought through the services by the demo's
own people; the survey's last row is wrong on purpose, so that its page has something to correct.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.calls import SurveyResult
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpMethod, Rating, RequestKind, Verdict
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    accounts,
    assignment,
    catalogue,
    followup_person,
    handling,
    survey_imports,
)
from dispatch.service.followup_answers import Answers, record_answers
from dispatch.service.intake import RequestForm, open_ticket

MADE = "demo-follow-up-people"
LOGINS = ("agent1", "dispatcher1", "chengguan", "center", "followup1")
DIVISION = "990702001"
MINUTE = timedelta(minutes=1)
REPLY = "经现场核查，情况属实，已依法立案并责令限期改正，逾期未改的依照城市管理条例处罚。"
MATTERS = (
    "有人夜里往河堤边倾倒渣土，车牌用布遮住",
    "沿街饭店把泔水直接倒进雨水井",
    "楼顶加盖彩钢房，白天停工晚上施工",
    "工地凌晨两点还在浇筑，连续三天",
    "门面房私自拆承重墙改大门",
    "小广告公司夜里在居民楼道贴满单子",
)
ANSWERED = (
    Answers(
        reached=True,
        contacted=True,
        reply_true=True,
        solved=Verdict.RESOLVED,
        rating=Rating.VERY_SATISFIED,
        comment="第二天就有人来了，谢谢",
    ),
    Answers(reached=False, result=SurveyResult.BUSY, note="约今天下午再打"),
)
HEADINGS = ("工单编号", "回访时间", "单位是否联系", "答复是否属实", "是否解决", "满意度", "意见")


def add_people(database: Database, rules: Rules, *, now: datetime) -> bool:
    """Make them once; return whether they are new."""
    with database.work() as session:
        if catalogue.checkpoint(session, MADE) is not None:
            return False
        yesterday = now.astimezone(SHANGHAI).date() - timedelta(days=1)
        begun = datetime.combine(yesterday, time(9, 40), SHANGHAI)
        numbers = [
            _audited(session, rules, text, place, begun + MINUTE * place)
            for place, text in enumerate(MATTERS)
        ]
        caller = accounts.actor_named(session, "followup1")
        asked = begun + timedelta(hours=6)
        for place, answers in enumerate(ANSWERED):
            at = asked + MINUTE * 5 * place
            row = followup_person.claim(session, caller, rules, now=at)
            if row is not None:
                record_answers(session, caller, row.id, answers, rules, now=at + MINUTE * 2)
        day = f"{yesterday:%Y-%m-%d} 17:20"
        rows = [
            [numbers[4], day, "是", "是", "已解决", "满意", ""],
            [numbers[5], day, "否", "否", "未解决", "不满意", "没有人联系过我"],
            [numbers[5][:-3] + "999", day, "是", "是", "已解决", "还可以", ""],
        ]
        survey = survey_imports.begin(
            session,
            caller,
            repr(rows).encode(),
            enumerate([list(HEADINGS), *rows], start=1),
            name="第三方调查-城市管理.xlsx",
            method=FollowUpMethod.OUTSIDE,
            asked_by="市统计局社情民意调查中心",
            now=now,
        )
        survey_imports.go_on(session, caller, survey, rules, now=now)
        catalogue.put_checkpoint(session, MADE, now.isoformat())
    return True


def _audited(session: Session, rules: Rules, text: str, place: int, at: datetime) -> str:
    """A confidential report of last week that was handled and, yesterday, audited."""
    agent, dispatcher, unit, centre, _ = (accounts.actor_named(session, login) for login in LOGINS)
    begun = at - timedelta(days=4)
    form = RequestForm(
        content=text,
        category="0209",
        division=DIVISION,
        kind=RequestKind.REPORT,
        phone=f"129000300{place:02}",
        confidential=True,
    )
    number = open_ticket(session, agent, form, now=begun).number
    assignment.dispatch(session, dispatcher, number, "CHENGGUAN", rules, now=begun + MINUTE * 6)
    assignment.acknowledge(session, unit, number, now=begun + MINUTE * 25)
    handling.contact_requester(session, unit, number, note="已电话核实", now=begun + MINUTE * 40)
    handling.complete(session, unit, number, rules, public_reply=REPLY, now=at - MINUTE * 60)
    handling.pass_audit(session, centre, number, rules, now=at)
    return number
