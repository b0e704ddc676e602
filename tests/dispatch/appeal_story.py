"""A closed ticket that its requester was not satisfied with, and who may decide about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.judging_terms import Measure
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating, Role, Status, Verdict
from dispatch.models.people import Department, Staff
from dispatch.service import appeals, history
from dispatch.service.appeals import AppealForm
from dispatch.service.history import PastTicket

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # Tuesday 10:00 in the city
CLOSED = NOW - timedelta(days=1)
STAFF = {
    "zhong": (Role.CENTER, None),
    "zhuren": (Role.CENTER, None),
    "wei": (Role.CENTER, None),
    "hui": (Role.FOLLOW_UP, None),
    "cg": (Role.DEPARTMENT, "CG"),
    "zj": (Role.DEPARTMENT, "ZJ"),
}
FORM = AppealForm(
    measure=Measure.SATISFACTION,
    reason="unreasonable",
    statement="诉求人要求拆除邻居的合法房屋，单位已三次上门说明",
    basis="11 月 20 日听证会纪要，社区、律师和双方到场",
)


def founded(database: Database) -> dict[str, Actor]:
    """Two units and the people of STAFF, by their logins."""
    made: dict[str, Actor] = {}
    with database.work() as s:
        for code, name in (("CG", "城管局"), ("ZJ", "住建局")):
            s.add(Department(code=code, name=name, short_name=name, tier=2, kind="bureau"))
        s.flush()
        units = {d.code: d.id for d in s.scalars(select(Department))}
        for login, (role, unit) in STAFF.items():
            where = units[unit] if unit else None
            row = Staff(
                login=login, name=login, role=role.value, department_id=where, password_hash="x"
            )
            s.add(row)
            s.flush()
            made[login] = Actor(name=login, role=role, staff_id=row.id, department_id=where)
    return made


def past(number: str, **change: object) -> PastTicket:
    """A ticket of 城管局, closed yesterday, unsolved and not satisfied, otherwise in time."""
    values: dict[str, object] = {
        "number": number,
        "title": "要求拆除邻居房屋",
        "created_at": CLOSED - timedelta(days=3),
        "dispatched_at": CLOSED - timedelta(days=3),
        "acknowledge_by": CLOSED - timedelta(days=2),
        "acknowledged_at": CLOSED - timedelta(days=3),
        "first_contacted_at": CLOSED - timedelta(days=2),
        "due_at": CLOSED + timedelta(days=2),
        "completed_at": CLOSED - timedelta(hours=2),
        "audited_at": CLOSED - timedelta(hours=1),
        "closed_at": CLOSED,
        "department": "城管局",
        "status": Status.CLOSED,
        "solved": Verdict.UNRESOLVED,
        "rating": Rating.DISSATISFIED,
        **change,
    }
    return PastTicket(**values)  # type: ignore[arg-type]


def put(database: Database, *tickets: PastTicket) -> None:
    """Write them."""
    with database.work() as s:
        history.add_tickets(s, tickets)


def ask(
    database: Database,
    actor: Actor,
    rules: Rules,
    number: str = "t1",
    form: AppealForm = FORM,
    *,
    now: datetime = NOW,
) -> int:
    """Appeal; return the appeal's id."""
    with database.work() as s:
        return appeals.ask(s, actor, number, form, rules, now=now).id


def decide(
    database: Database,
    actor: Actor,
    rules: Rules,
    appeal_id: int,
    *,
    grant: bool = True,
    words: str = "已核对听证纪要",
    now: datetime = NOW,
) -> str:
    """Decide; return the state the appeal is in then."""
    with database.work() as s:
        return appeals.decide(
            s, actor, appeal_id, grant=grant, words=words, rules=rules, now=now
        ).state


def left_out(database: Database, people: dict[str, Actor], rules: Rules, number: str = "t1") -> int:
    """Appeal and have both agree; return the appeal's id."""
    made = ask(database, people["cg"], rules, number)
    decide(database, people["zhong"], rules, made)
    decide(database, people["zhuren"], rules, made)
    return made
