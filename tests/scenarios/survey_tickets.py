"""Tickets whose requesters are to be asked, and a policy by which they may be at any hour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.people import Department
from dispatch.service import assignment, handling, intake
from tests.fixtures_hotline import HotlineUnderTest

CENTRE = Actor(name="中心", role=Role.CENTER)
REPLY = "经现场核实，已责令商户撤出并清洗路面。"
POLICY = """
name = "any_hour"
label = "任何时间都可回访"
inherits = "default"
evidence = "P"
source = "测试"
[follow_up]
polite_hours = ["00:00-23:59"]
[survey]
comment_s = 0
detect_machine = false
"""


def call_at_any_hour(hotline: HotlineUnderTest) -> None:
    """Load the policy: two questions by voice, at this hour."""
    policy = hotline.folder / "any_hour.toml"
    policy.write_text(POLICY, encoding="utf-8")
    hotline.command("policy", "load", str(policy), "--note", "测试")


def make_due(
    database: Database, rules: Rules, unit_code: str, numbers: Iterable[str], now: datetime
) -> None:
    """For each of these people a ticket whose answer of the unit has passed its audit."""
    with database.work() as session:
        found = select(Department.id).where(Department.code == unit_code)
        unit = Actor(name="单位", role=Role.DEPARTMENT, department_id=session.scalars(found).one())
        for number in numbers:
            form = intake.RequestForm(
                content="夜市口占道烧烤，油烟很大",
                kind=RequestKind.COMPLAINT,
                phone=number,
                new_facts="新的摊位",
            )
            made = intake.open_ticket(session, CENTRE, form, now=now).number
            assignment.dispatch(session, CENTRE, made, unit_code, rules, now=now)
            assignment.acknowledge(session, unit, made, now=now)
            handling.contact_requester(session, unit, made, note="已电话联系", now=now)
            handling.complete(session, unit, made, rules, public_reply=REPLY, now=now)
            handling.pass_audit(session, CENTRE, made, rules, now=now)
