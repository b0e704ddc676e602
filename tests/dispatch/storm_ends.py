"""Lawful work that brings any ticket to its end, whatever a storm has left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.calls import SurveyEnded, SurveyResult
from dispatch.domain.errors import AccusedUnit, HotlineError, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpState, RequestKind, Status, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.handling import Application
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.models.ties import AvoidedUnit
from dispatch.service import (
    approval,
    assignment,
    avoidance,
    followup,
    handling,
    reviews,
    rulings,
)
from tests.dispatch.storm_acts import REPLY
from tests.dispatch.storm_town import StormTown

MOST_STEPS = 40


class End:
    """One ticket on its last way; each step is one unit of work by one person."""

    def __init__(
        self, session: Session, town: StormTown, rules: Rules, ticket: Ticket, now: datetime
    ) -> None:
        self.session, self.town, self.rules = session, town, rules
        self.ticket, self.number, self.now = ticket, ticket.number, now

    def step(self) -> None:
        """Do what the ticket's status asks for."""
        _STEPS[Status(self.ticket.status)](self)

    @property
    def liaison(self) -> Actor:
        """The liaison of the unit that has it."""
        assert self.ticket.department_id is not None
        return self.town.units[self.town.codes[self.ticket.department_id]]

    @property
    def head(self) -> Actor:
        """The unit's person in charge."""
        assert self.ticket.department_id is not None
        return self.town.heads[self.town.codes[self.ticket.department_id]]

    def dispatch(self) -> None:
        """To the first unit that may have it; when all must stay away, the centre lifts one."""
        avoided = {code for code in self.town.units if self._avoids(code)}
        free = [code for code in self.town.units if code not in avoided]
        dispatcher = self.town.centre["first dispatcher"]
        if not free:
            self.lift()
            return
        assignment.dispatch(
            self.session,
            dispatcher,
            self.number,
            free[0],
            self.rules,
            designate=True,
            now=self.now,
        )

    def _avoids(self, code: str) -> bool:
        unit = self.session.scalars(select(Department).where(Department.code == code)).one()
        try:
            avoidance.check(self.session, self.ticket, unit)
        except AccusedUnit:
            return True
        return False

    def lift(self) -> None:
        """The centre finds that one unit need not stay away."""
        found = self.session.scalars(
            select(AvoidedUnit.department_id).where(AvoidedUnit.ticket_id == self.ticket.id)
        ).first()
        assert found is not None
        code = self.town.codes[found]
        director = self.town.centre["director"]
        avoidance.lift(self.session, director, self.number, code, reason="查无此事", now=self.now)

    def work(self) -> None:
        """The unit does the next thing; a unit that may not see the ticket loses it."""
        try:
            self._work()
        except NotFound:
            self.take_away()

    def take_away(self) -> None:
        """The dispatcher gives it to a unit that need not stay away."""
        dispatcher = self.town.centre["first dispatcher"]
        free = [
            code
            for code, actor in self.town.units.items()
            if actor.department_id != self.ticket.department_id and not self._avoids(code)
        ]
        if not free:
            self.lift()
            return
        assignment.reassign(
            self.session,
            dispatcher,
            self.number,
            free[0],
            self.rules,
            reason="承办单位须回避",
            designate=True,
            now=self.now,
        )

    def _work(self) -> None:
        status = Status(self.ticket.status)
        if status is Status.DISPATCHED:
            assignment.acknowledge(self.session, self.liaison, self.number, now=self.now)
        elif status is Status.ACKNOWLEDGED:
            handling.contact_requester(
                self.session, self.liaison, self.number, note="已联系", now=self.now
            )
        elif self._needs_approval():
            approval.submit_reply(
                self.session,
                self.liaison,
                self.number,
                self.rules,
                public_reply=REPLY,
                now=self.now,
            )
        else:
            handling.complete(
                self.session,
                self.liaison,
                self.number,
                self.rules,
                public_reply=REPLY,
                now=self.now,
            )

    def _needs_approval(self) -> bool:
        unit = self.session.get_one(Department, self.ticket.department_id)
        return self.rules.profile.approval.needed(RequestKind(self.ticket.kind), unit.kind)

    def approve(self) -> None:
        """The unit's head signs the reply, or the centre gives the ticket to another unit."""
        try:
            approval.approve_reply(self.session, self.head, self.number, self.rules, now=self.now)
        except HotlineError:
            self.take_away()

    def audit(self) -> None:
        """The centre rules on what is still asked, then passes the reply."""
        pending = self.session.scalars(
            select(Application.id).where(
                Application.ticket_id == self.ticket.id, Application.state == "pending"
            )
        ).first()
        auditor = self.town.centre["auditor"]
        if pending is not None:
            rulings.deny(
                self.session,
                self.town.centre["director"],
                self.number,
                pending,
                ruling="已办结",
                now=self.now,
            )
            return
        handling.pass_audit(self.session, auditor, self.number, self.rules, now=self.now)

    def ask(self) -> None:
        """The requester is content."""
        calling = self.session.scalars(
            select(FollowUp.id).where(
                FollowUp.ticket_id == self.ticket.id,
                FollowUp.state == FollowUpState.CALLING.value,
            )
        ).first()
        if calling is not None:
            ended = SurveyEnded(follow_up_id=calling, result=SurveyResult.NO_ANSWER, at=self.now)
            followup.record_survey_end(self.session, ended, self.rules, now=self.now)
            return
        followup.record_by_person(
            self.session,
            self.town.centre["caller"],
            self.number,
            self.rules,
            reached=True,
            solved=Verdict.RESOLVED,
            rating=None,
            now=self.now,
        )

    def review(self) -> None:
        """The centre lets the result stand."""
        reviews.decide(
            self.session,
            self.town.centre["director"],
            self.number,
            redo=False,
            words="已按职责办理",
            now=self.now,
        )

    def main(self) -> None:
        """What it waits for is brought a step further."""
        main = self.session.get_one(Ticket, self.ticket.merged_into_id)
        End(self.session, self.town, self.rules, main, self.now).step()


_STEPS: dict[Status, Callable[[End], None]] = {
    Status.OPEN: End.dispatch,
    Status.REOPENED: End.dispatch,
    Status.DISPATCHED: End.work,
    Status.ACKNOWLEDGED: End.work,
    Status.IN_PROGRESS: End.work,
    Status.APPROVAL: End.approve,
    Status.COMPLETED: End.audit,
    Status.FOLLOW_UP: End.ask,
    Status.REVIEW: End.review,
    Status.MERGED: End.main,
}


def bring_to_an_end(
    database: Database,
    town: StormTown,
    rules: Rules,
    number: str,
    clock: Callable[[], datetime],
) -> Iterator[Status]:
    """Take step after step, one transaction each, until nothing more is expected of anybody."""
    for _ in range(MOST_STEPS):
        with database.work() as s:
            ticket = s.scalars(select(Ticket).where(Ticket.number == number)).one()
            status = Status(ticket.status)
            if status.is_final:
                return
            End(s, town, rules, ticket, clock()).step()
        yield status
    raise AssertionError(f"{number} never ends")
