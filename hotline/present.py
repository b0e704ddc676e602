"""The present of the demo city: a few tickets of today that are fought over.

They are made by the demo's own people through the services, so every desk has something to rule
on, to sign and to answer, and nothing stands there that the rules would have refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ApplicationKind, SupervisionLevel
from dispatch.domain.vocabulary import RequestKind, Urgency
from dispatch.service import (
    accounts,
    applications,
    assignment,
    catalogue,
    handling,
    instructions,
    merging,
    rulings,
    shares,
    supervision,
)
from dispatch.service.applications import ApplicationForm
from dispatch.service.intake import RequestForm, open_ticket
from dispatch.service.rulings import GrantTerms
from hotline.hot_spots import HotSpotWatch

MADE = "demo-present"
LOGINS = (
    "agent1",
    "dispatcher1",
    "dispatcher2",
    "center",
    "supervisor1",
    "leader",
    "chengguan",
    "zhujian",
)
BURST = (
    "建设路与和平街路口自来水管爆裂，水漫到人行道，早高峰骑车都过不去",
    "和平街口地下冒水，路面都淹了，打了半小时电话没人来",
    "建设路公交站旁边水管破了，水流到沿街店铺门口",
)
DRY = (
    "翠湖小区从中午开始停水，没有贴通知，家里老人没法做饭",
    "翠湖小区三栋停水了，物业说不知道原因，请问什么时候来水",
    "我住翠湖小区七栋，水龙头一滴水都没有，自来水公司电话打不通",
    "翠湖小区停水两个小时了，楼下理发店都没法开门",
    "请问翠湖小区为什么突然停水，之前没有任何公告",
    "翠湖小区一期二期都停水，孩子放学回来没水喝",
    "翠湖小区停水，消防栓也没有水，万一着火怎么办",
)


@dataclass(frozen=True)
class _Stage:
    """The session with the people, and a clock that goes on a little with every act."""

    session: Session
    rules: Rules
    people: dict[str, Actor]
    start: datetime

    def at(self, minutes: float) -> datetime:
        """So many minutes after the first act."""
        return self.start + timedelta(minutes=minutes)

    def ticket(
        self,
        text: str,
        category: str,
        minutes: float,
        kind: RequestKind = RequestKind.COMPLAINT,
        urgency: Urgency = Urgency.ROUTINE,
    ) -> str:
        """A request an agent takes down; return its number."""
        form = RequestForm(
            content=text,
            category=category,
            division="990702001",
            kind=kind,
            urgency=urgency,
            phone=f"129{minutes:08.0f}",
        )
        agent = self.people["agent1"]
        return open_ticket(self.session, agent, form, now=self.at(minutes)).number

    def sent(
        self,
        text: str,
        category: str,
        unit: str,
        minutes: float,
        urgency: Urgency = Urgency.ROUTINE,
    ) -> str:
        """A request that a dispatcher has sent to a unit."""
        number = self.ticket(text, category, minutes, urgency=urgency)
        assignment.dispatch(
            self.session,
            self.people["dispatcher1"],
            number,
            unit,
            self.rules,
            now=self.at(minutes + 4),
        )
        return number

    def signed(
        self,
        text: str,
        category: str,
        unit: str,
        minutes: float,
        urgency: Urgency = Urgency.ROUTINE,
    ) -> str:
        """As `sent`, and the unit has spoken with the requester."""
        number = self.sent(text, category, unit, minutes, urgency)
        liaison = self.people[unit.lower()]
        assignment.acknowledge(self.session, liaison, number, now=self.at(minutes + 12))
        handling.contact_requester(
            self.session,
            liaison,
            number,
            note="已电话联系诉求人，约定现场查看",
            now=self.at(minutes + 20),
        )
        return number

    def asks(self, login: str, number: str, minutes: float, form: ApplicationForm) -> int:
        """A unit applies for something; return the application's id."""
        found = applications.apply(
            self.session, self.people[login], number, form, self.rules, now=self.at(minutes)
        )
        return found.id


def add_present(database: Database, rules: Rules, *, now: datetime) -> bool:
    """Make the tickets of today, once; return whether they are new."""
    with database.work() as session:
        if catalogue.checkpoint(session, MADE) is not None:
            return False
        people = {login: accounts.actor_named(session, login) for login in LOGINS}
        stage = _Stage(session, rules, people, now - timedelta(minutes=150))
        _one_event(stage)
        _to_be_ruled(stage)
        _under_supervision(stage)
        _several_units(stage)
        _gathering(stage)
        catalogue.put_checkpoint(session, MADE, now.isoformat())
    # A look by the product itself: what stands on the page of hot spots was found, not written.
    HotSpotWatch(database).look(rules.profile.hot_spot, now)
    return True


def _one_event(stage: _Stage) -> None:
    """One burst pipe and three callers."""
    main, *others = [
        stage.ticket(text, "0306", 2 + 5 * i, kind=RequestKind.ASSISTANCE, urgency=Urgency.URGENT)
        for i, text in enumerate(BURST)
    ]
    dispatcher = stage.people["dispatcher1"]
    for number in others:
        merging.merge(
            stage.session,
            dispatcher,
            number,
            main,
            reason="同一路口、同一时间的同一处爆管",
            now=stage.at(18),
        )
    assignment.dispatch(stage.session, dispatcher, main, "CHENGGUAN", stage.rules, now=stage.at(20))


def _gathering(stage: _Stage) -> None:
    """One estate without water, of which seven people tell within the hour."""
    for number, text in enumerate(DRY):
        stage.ticket(text, "0301", 104 + 6 * number, kind=RequestKind.ASSISTANCE)


def _to_be_ruled(stage: _Stage) -> None:
    """A return and an extension wait for a ruling; one extension was granted."""
    wrong = stage.sent(
        "小区电梯三天两头停运，老人上下楼困难，物业一直说在等配件", "0201", "CHENGGUAN", 25
    )
    stage.asks(
        "chengguan",
        wrong,
        44,
        ApplicationForm(
            kind=ApplicationKind.RETURN,
            reason_code="not_our_duty",
            reason="电梯使用管理由物业服务企业负责，物业管理的监督属住建部门",
            basis="《物业管理条例》第五条；派单目录“物业服务与收费”",
            suggested="ZHUJIAN",
        ),
    )
    longer = stage.signed("夜市摊位油烟直排，窗户不敢开，要求整治", "0101", "CHENGGUAN", 30)
    stage.asks(
        "chengguan",
        longer,
        60,
        ApplicationForm(
            kind=ApplicationKind.EXTENSION,
            reason_code="field_work",
            reason="油烟需请检测机构夜间采样，结果要四个工作日",
            limit="3 working_day",
        ),
    )
    granted = stage.signed("沿街广告牌松动，刮风时摇晃，怕砸到行人", "0101", "CHENGGUAN", 35)
    asked = stage.asks(
        "chengguan",
        granted,
        62,
        ApplicationForm(
            kind=ApplicationKind.EXTENSION,
            reason_code="complex",
            reason="产权单位已注销，正在查找权属",
            limit="2 working_day",
        ),
    )
    rulings.grant(
        stage.session,
        stage.people["dispatcher2"],
        granted,
        asked,
        stage.rules,
        GrantTerms(ruling="同意，先设围挡并告知诉求人"),
        now=stage.at(80),
    )


def _under_supervision(stage: _Stage) -> None:
    """An order to answer, and a leader's instruction."""
    number = stage.signed(
        "老旧小区外墙砖脱落砸坏车辆，反映多次没有修", "0201", "ZHUJIAN", 40, urgency=Urgency.URGENT
    )
    supervision.issue(
        stage.session,
        stage.people["supervisor1"],
        number,
        stage.rules,
        level=SupervisionLevel.DAILY,
        demand="立即设置警戒，三个工作日内说明修缮责任和时间",
        now=stage.at(90),
    )
    instructions.give(
        stage.session,
        stage.people["leader"],
        number,
        stage.rules,
        words="涉及人身安全，请住建局今天到现场，本周五前报我。",
        now=stage.at(100),
    )


def _several_units(stage: _Stage) -> None:
    """A leading unit, one that helps and one under it."""
    number = stage.signed("施工工地深夜浇筑，噪声扰民，还有渣土车带泥上路", "0207", "CHENGGUAN", 50)
    shares.add_supporting(
        stage.session,
        stage.people["dispatcher1"],
        number,
        "ZHUJIAN",
        stage.rules,
        opinion="请协助核查夜间施工许可",
        now=stage.at(84),
    )
    shares.sub_dispatch(
        stage.session,
        stage.people["chengguan"],
        number,
        "CHENGGUAN-ZHIFA",
        stage.rules,
        opinion="今晚到现场检查并取证",
        now=stage.at(96),
    )
