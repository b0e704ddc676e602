"""One ticket and the people around it, for what units ask and the centre rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.standing import Option
from dispatch.domain.terms import ApplicationKind
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.handling import Application
from dispatch.models.oversight import Notice
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import (
    application_queries,
    applications,
    assignment,
    intake,
    rulings,
)
from dispatch.service.applications import ApplicationForm
from dispatch.service.rulings import GrantTerms

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
DAY = timedelta(days=1)
STAFF = {
    "agent": (Role.AGENT, None, False),
    "li": (Role.DISPATCHER, None, False),
    "qian": (Role.DISPATCHER, None, False),
    "zhong": (Role.CENTER, None, False),
    "wei": (Role.CENTER, None, True),
    "cg": (Role.DEPARTMENT, "CG", False),
    "zj": (Role.DEPARTMENT, "ZJ", False),
}
REASONS = {
    ApplicationKind.RETURN: "not_our_duty",
    ApplicationKind.EXTENSION: "complex",
    ApplicationKind.HOLD: "await_requester",
    ApplicationKind.COMMITMENT: "planned",
    ApplicationKind.TERMINATION: "requester_refuses",
}


def founded(database: Database) -> Database:
    """A city of two units with somebody in every chair."""
    with database.work() as s:
        for code, name in (("CG", "城管局"), ("ZJ", "住建局")):
            s.add(Department(code=code, name=name, short_name=name, tier=2, kind="bureau"))
        s.flush()
        units = {d.code: d.id for d in s.scalars(select(Department))}
        for login, (role, unit, approver) in STAFF.items():
            s.add(
                Staff(
                    login=login,
                    name=login,
                    role=role.value,
                    department_id=units[unit] if unit else None,
                    approver=approver,
                    password_hash="x",
                )
            )
    return database


def rules_of(name: str = "default") -> Rules:
    """The rules of a profile."""
    return Rules(load_profile(name), load_calendar())


class Story:
    """One ticket and the people around it; every step is one transaction."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self.database, self.rules, self.now = database, rules, NOW
        with database.read() as s:
            self.cast = {
                p.login: Actor(
                    name=p.name,
                    role=Role(p.role),
                    staff_id=p.id,
                    department_id=p.department_id,
                    approver=p.approver,
                )
                for p in s.scalars(select(Staff))
            }
        with database.work() as s:
            form = intake.RequestForm(
                content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT
            )
            made = intake.open_ticket(s, self.cast["agent"], form, now=NOW)
            self.number, self.code = made.number, made.query_code
        self.dispatch()

    def dispatch(self, unit: str = "CG", by: str = "li", *, designate: bool = False) -> None:
        """Give the ticket to a unit."""
        with self.database.work() as s:
            assignment.dispatch(
                s,
                self.cast[by],
                self.number,
                unit,
                self.rules,
                designate=designate,
                now=self.now,
            )

    def sign(self, by: str = "cg") -> Story:
        """签收."""
        with self.database.work() as s:
            assignment.acknowledge(s, self.cast[by], self.number, now=self.now)
        return self

    def ask(self, kind: ApplicationKind, by: str = "cg", **more: Any) -> int:
        """Put a question to the centre; return its id."""
        form = ApplicationForm(
            kind=kind,
            reason_code=REASONS[kind],
            reason="经核实，情况如下",
            basis="三定方案第三条",
            suggested="ZJ" if by == "cg" else "CG",
        )
        with self.database.work() as s:
            made = applications.apply(
                s,
                self.cast[by],
                self.number,
                replace(form, **more),
                self.rules,
                now=self.now,
            )
            return made.id

    def grant(self, which: int, by: str = "zhong", **terms: Any) -> Application:
        """Agree to it."""
        with self.database.work() as s:
            return rulings.grant(
                s,
                self.cast[by],
                self.number,
                which,
                self.rules,
                GrantTerms(**terms),
                now=self.now,
            )

    def deny(self, which: int, by: str = "zhong", **more: bool) -> Application:
        """Do not agree to it."""
        with self.database.work() as s:
            return rulings.deny(
                s, self.cast[by], self.number, which, ruling="属本单位职责", now=self.now, **more
            )

    @property
    def ticket(self) -> Ticket:
        """The ticket's row."""
        with self.database.read() as s:
            return s.scalars(select(Ticket).where(Ticket.number == self.number)).one()

    @property
    def share(self) -> Assignment:
        """The newest share."""
        with self.database.read() as s:
            found = s.scalars(select(Assignment).order_by(Assignment.id.desc())).first()
        assert found is not None
        return found

    def facts(self) -> list[str]:
        """What happened, oldest first."""
        with self.database.read() as s:
            return list(s.scalars(select(TicketEvent.kind).order_by(TicketEvent.id)))

    def notices(self) -> list[Notice]:
        """What people were told."""
        with self.database.read() as s:
            return list(s.scalars(select(Notice).order_by(Notice.id)))

    def options(self, by: str = "cg") -> dict[ApplicationKind, Option]:
        """The rules box of the unit's page."""
        with self.database.read() as s:
            ticket = s.scalars(select(Ticket).where(Ticket.number == self.number)).one()
            share = s.get_one(Assignment, self.share.id)
            found = application_queries.options(
                s, self.cast[by], ticket, share, self.rules, self.now
            )
        return {option.kind: option for option in found}
