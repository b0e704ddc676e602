"""The trade's golden tests of clocks, by their numbers, on real tickets and through real sweeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.counting import limit_due
from dispatch.domain.limits import Limit, LimitUnit
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ApplicationKind
from dispatch.domain.vocabulary import RequestKind, Role, Urgency
from dispatch.domain.worktime import SHANGHAI, local
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service import applications, approval, assignment, handling, intake, rulings, sweep
from dispatch.service.applications import ApplicationForm
from dispatch.service.assignment import LimitTerms
from dispatch.service.rulings import GrantTerms

REPLY = "经查，已依据《山东省市容管理办法》责令商户撤摊并清洗路面。"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class Case:
    """One ticket under one profile; every step is one transaction."""

    def __init__(self, database: Database, profile: str) -> None:
        self.database = database
        self.rules = Rules(load_profile(profile), load_calendar())
        self.number = ""
        with database.work() as s:
            unit = Department(code="CG", name="城管局", short_name="城管局", tier=2, kind="bureau")
            s.add(unit)
            s.flush()
            self.unit = self._person(s, "cg", Role.DEPARTMENT, unit.id)
            self.dispatcher = self._person(s, "li", Role.DISPATCHER, None)
            self.centre = self._person(s, "zhong", Role.CENTER, None)

    @staticmethod
    def _person(session: Session, login: str, role: Role, unit: int | None) -> Actor:
        row = Staff(login=login, name=login, role=role.value, department_id=unit, password_hash="x")
        session.add(row)
        session.flush()
        return Actor(name=login, role=role, staff_id=row.id, department_id=unit)

    def sent(
        self,
        when: str,
        *,
        urgency: Urgency = Urgency.ROUTINE,
        terms: LimitTerms = assignment.AS_IT_IS,
    ) -> Ticket:
        """Dispatch and sign at this moment; the ticket as it stands then."""
        form = intake.RequestForm(
            content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, urgency=urgency
        )
        with self.database.work() as s:
            self.number = intake.open_ticket(s, self.dispatcher, form, now=at(when)).number
            assignment.dispatch(
                s, self.dispatcher, self.number, "CG", self.rules, terms=terms, now=at(when)
            )
            assignment.acknowledge(s, self.unit, self.number, now=at(when))
        return self.ticket

    @property
    def ticket(self) -> Ticket:
        with self.database.read() as s:
            return s.scalars(select(Ticket).where(Ticket.number == self.number)).one()

    @property
    def due(self) -> datetime:
        """When the work is due, on the city's clock."""
        due = self.ticket.due_at
        assert due is not None
        return local(due)

    def swept(self, when: str) -> sweep.Swept:
        with self.database.work() as s:
            return sweep.sweep(s, self.rules, now=at(when))

    def told(self, fact: str) -> int:
        """How often the history says so."""
        with self.database.read() as s:
            return len(s.scalars(select(TicketEvent).where(TicketEvent.kind == fact)).all())

    def reply(self, when: str) -> None:
        with self.database.work() as s:
            handling.contact_requester(s, self.unit, self.number, note="已联系", now=at(when))
            handling.complete(
                s, self.unit, self.number, self.rules, public_reply=REPLY, now=at(when)
            )

    def extension(self, asked: str, granted: str, limit: str) -> None:
        form = ApplicationForm(
            kind=ApplicationKind.EXTENSION,
            reason_code="complex",
            reason="须多部门核实",
            limit=limit,
        )
        with self.database.work() as s:
            made = applications.apply(s, self.unit, self.number, form, self.rules, now=at(asked)).id
        with self.database.work() as s:
            rulings.grant(
                s, self.centre, self.number, made, self.rules, GrantTerms(), now=at(granted)
            )


Cases = Callable[[str], Case]


@pytest.fixture
def case(database: Database) -> Cases:
    """Make the case of a profile."""
    return lambda profile: Case(database, profile)


def test_golden_02_working_days_over_a_make_up_sunday_and_an_eight_day_holiday(
    case: Cases,
) -> None:
    jinan = case("jinan_2018")
    ticket = jinan.sent("2025-09-26 10:00")  # Friday
    assert jinan.due == at("2025-10-10 17:30")
    assert ticket.promised_at == ticket.due_at
    counted = [
        limit_due(Limit(n, LimitUnit.WORKING_DAY), jinan.rules.calendar, at("2025-09-26 10:00"))
        for n in range(1, 6)
    ]
    assert [f"{day:%m-%d}" for day in counted] == ["09-28", "09-29", "09-30", "10-09", "10-10"]
    assert jinan.swept("2025-10-10 17:29").breached == 0
    assert jinan.swept("2025-10-10 17:30").breached == 1
    assert jinan.swept("2025-10-10 17:31").breached == 0


def test_golden_03_24_hours_from_friday_half_past_ten_end_on_saturday_half_past_ten(
    case: Cases,
) -> None:
    anhui = case("anhui_2025")
    anhui.sent("2025-09-19 22:30", urgency=Urgency.URGENT)
    assert anhui.due == at("2025-09-20 22:30")  # a Saturday night, and no holiday moves it
    anhui.sent("2025-10-01 22:30", urgency=Urgency.URGENT)
    assert anhui.due == at("2025-10-02 22:30")


def test_golden_04_a_natural_day_limit_that_ends_on_a_holiday_moves_to_the_next_working_day(
    case: Cases,
) -> None:
    beijing = case("beijing_2021")  # the limit is printed on the ticket
    for sent, stated, due in (
        ("2025-09-30 15:00", "3 natural_day", "2025-10-09 17:30"),  # 10-03 is a holiday
        ("2025-09-26 15:00", "2 natural_day", "2025-09-28 17:30"),  # a worked Sunday is no day off
        ("2025-09-18 15:00", "2 natural_day", "2025-09-22 17:30"),  # Saturday to Monday
        ("2026-02-12 15:00", "7 natural_day", "2026-02-24 17:30"),  # 02-19, Spring Festival
    ):
        beijing.sent(sent, terms=LimitTerms(stated=stated))
        assert beijing.due == at(due), sent


SHANDONG = "shandong_prov_complaint_2017"


def test_golden_05_yellow_once_with_one_working_day_left_and_red_once_on_the_first_after(
    case: Cases,
) -> None:
    shandong = case(SHANDONG)
    shandong.sent("2025-09-09 10:00")
    assert shandong.due == at("2025-09-29 17:30")  # fifteen working days, 09-28 among them
    assert shandong.swept("2025-09-28 17:29").warned == 0
    assert shandong.swept("2025-09-28 17:30").warned == 1  # the worked Sunday
    calendar = shandong.rules.calendar
    left = calendar.working_time_between(at("2025-09-28 17:30"), shandong.due)
    assert left == calendar.working_day_length
    moment = at("2025-09-28 18:00")
    while moment < at("2025-09-30 08:30"):
        assert shandong.swept(f"{moment:%Y-%m-%d %H:%M}").carded == 0
        moment += timedelta(hours=6)
    assert shandong.swept("2025-09-30 08:29").carded == 0
    assert shandong.swept("2025-09-30 08:30").carded == 1
    for later in ("2025-09-30 08:31", "2025-10-09 08:30", "2025-10-10 08:30"):
        assert shandong.swept(later).carded == 0
    assert (shandong.told("DeadlineNear"), shandong.told("RedCard")) == (1, 1)


def test_golden_05_a_reply_in_between_prevents_the_red_card(case: Cases) -> None:
    shandong = case(SHANDONG)
    shandong.sent("2025-09-09 10:00")
    assert shandong.swept("2025-09-28 17:30").warned == 1
    shandong.reply("2025-09-29 16:00")
    for later in ("2025-09-29 17:30", "2025-09-30 08:30", "2025-10-20 09:00"):
        assert shandong.swept(later).total == 0
    assert shandong.told("RedCard") == 0


def test_golden_05_an_approved_extension_in_between_prevents_the_red_card(case: Cases) -> None:
    shandong = case(SHANDONG)
    shandong.sent("2025-09-09 10:00")
    assert shandong.swept("2025-09-28 17:30").warned == 1
    shandong.extension("2025-09-28 17:00", "2025-09-29 10:00", "7 working_day")
    assert shandong.due == at("2025-10-15 17:30")  # 09-30, 10-09, 10, 11 (worked), 13, 14, 15
    for later in ("2025-09-29 17:30", "2025-09-30 08:30", "2025-10-14 17:00"):
        assert shandong.swept(later).total == 0
    assert shandong.told("RedCard") == 0
    assert shandong.swept("2025-10-14 17:30").warned == 1  # the new due time has its own card
    assert shandong.swept("2025-10-16 08:30").carded == 1


LAW = LimitTerms(statutory="15 working_day", statutory_basis="《行政许可法》第四十二条")


def test_golden_08_a_longer_statutory_limit_prevails_and_an_interim_reply_is_due_first(
    case: Cases,
) -> None:
    jinan = case("jinan_2018")
    ticket = jinan.sent("2025-09-26 10:00", terms=LAW)
    assert jinan.due == at("2025-10-23 17:30")
    assert ticket.interim_by == at("2025-10-10 17:30")  # five working days
    assert "先向诉求人反馈进展并告知法定时限" in ticket.clock_rule
    assert jinan.swept("2025-10-10 17:29").total == 0
    silent = jinan.swept("2025-10-10 17:30")
    assert (silent.interim, silent.breached) == (1, 0)  # nobody told the resident
    assert jinan.swept("2025-10-22 17:00").total == 0
    assert jinan.ticket.breached_at is None
    assert jinan.swept("2025-10-23 17:30").breached == 1


def test_golden_08_an_interim_reply_in_time_leaves_nothing_to_mark_before_the_lawful_date(
    case: Cases,
) -> None:
    jinan = case("jinan_2018")
    jinan.sent("2025-09-26 10:00", terms=LAW)
    with jinan.database.work() as s:
        approval.report_progress(
            s, jinan.unit, jinan.number, note="正在勘查，法定时限 15 日", now=at("2025-10-09 09:00")
        )
    assert jinan.swept("2025-10-22 17:00").total == 0
    assert jinan.told("DeadlineBreached") == 0
