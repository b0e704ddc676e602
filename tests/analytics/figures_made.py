"""Days of a small city as hypothesis makes them: every column that a figure reads, edges first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from analytics.periods import Period
from dispatch.db import Session
from dispatch.domain.call_terms import CallBackKind, CallBackState
from dispatch.domain.calls import CallOutcome
from dispatch.domain.judging_terms import AppealState, Measure
from dispatch.domain.limits import SourceLevel
from dispatch.domain.ports import AgentState
from dispatch.domain.terms import ApplicationKind, ApplicationState, AssignmentEnd
from dispatch.domain.vocabulary import (
    Channel,
    Disposition,
    FollowUpMethod,
    FollowUpState,
    Part,
    Rating,
    RequestKind,
    Status,
    Urgency,
    Verdict,
)
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category, Division
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.handling import Application
from dispatch.models.judging import Appeal, Exclusion
from dispatch.models.people import Department, Staff
from dispatch.models.telephone import AgentInterval, CallBack
from dispatch.models.tickets import Assignment, Ticket

FIRST = date(2026, 9, 28)
"""A Monday before the long holiday of October, with a working Saturday after it."""
SPAN = Period(FIRST, FIRST + timedelta(days=13))
NOW = datetime.combine(SPAN.last + timedelta(days=1), time(10), SHANGHAI)

UNITS = ("CG", "XQ", "ZJ")
CATEGORIES = ("01", "0101", "02")
DIVISIONS = ("1", "11", "12")
LINES = ("12345", "12329")
AGENTS = ("li", "wang")

Made = dict[str, Any]


@dataclass(frozen=True)
class City:
    """What hypothesis made: rows of each table; a ticket is named by its place in the list."""

    tickets: list[Made]
    contacts: list[Made]
    call_backs: list[Made]
    intervals: list[Made]


def _midnight(days: int) -> datetime:
    return datetime.combine(FIRST + timedelta(days=days), time(), SHANGHAI)


def moments() -> st.SearchStrategy[datetime]:
    """Moments from three days before the span till its end; midnights and just before often."""
    edges = st.sampled_from((0, 1, 30_600, 43_200, 50_400, 63_000, 86_399.999999))
    seconds = st.one_of(edges, st.integers(0, 86_399), st.floats(0, 86_399, width=32))
    return st.builds(
        lambda days, s: _midnight(days) + timedelta(seconds=s), st.integers(-3, 13), seconds
    )


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def _values(enum: Any) -> st.SearchStrategy[str]:
    return st.sampled_from([member.value for member in enum])


def _later(made: Made, first: str, second: str) -> None:
    """Two moments in the order in which such things happen."""
    if made.get(first) and made.get(second):
        made[first], made[second] = sorted((made[first], made[second]))


@st.composite
def tickets(draw: Callable[..., Any]) -> Made:
    """One ticket with its shares, applications, attempts and exclusions."""
    made: Made = draw(
        st.fixed_dictionaries(
            {
                "channel": _values(Channel),
                "kind": _values(RequestKind),
                "category": _maybe(st.sampled_from(CATEGORIES)),
                "division": _maybe(st.sampled_from(DIVISIONS)),
                "unit": _maybe(st.sampled_from(UNITS)),
                "agent": _maybe(st.sampled_from(AGENTS)),
                "place": st.sampled_from(("", "人民路")),
                "content": st.sampled_from(("", "停水")),
                "phone": _maybe(st.just("13800000000")),
                "requester_name": st.sampled_from(("", "王某")),
                "anonymous": st.booleans(),
                "reply_wanted": st.booleans(),
                "business_environment": st.booleans(),
                "source_level": _maybe(_values(SourceLevel)),
                "imported": st.booleans(),
                "public_reply": st.sampled_from(("", "已修好")),
                "round": st.integers(1, 2),
                "solved": _maybe(_values(Verdict)),
                "rating": _maybe(_values(Rating)),
                "first_solved": _maybe(_values(Verdict)),
                "first_rating": _maybe(_values(Rating)),
                "created_at": moments(),
                **{
                    name: _maybe(moments())
                    for name in (
                        "dispatched_at",
                        "due_at",
                        "first_contacted_at",
                        "completed_at",
                        "closed_at",
                    )
                },
            }
        )
    )
    _later(made, "dispatched_at", "closed_at")
    made["shares"] = draw(st.lists(_shares(), max_size=2))
    made["attempts"] = draw(st.lists(_attempts(), max_size=2))
    made["applications"] = draw(st.lists(_applications(), max_size=2))
    made["excluded"] = draw(st.lists(_exclusions(), max_size=2, unique_by=lambda e: e["measure"]))
    return made


def _shares() -> st.SearchStrategy[Made]:
    return st.fixed_dictionaries(
        {
            "unit": st.sampled_from(UNITS),
            "dispatched_at": moments(),
            "acknowledge_by": _maybe(moments()),
            "acknowledged_at": _maybe(moments()),
            "ended_at": _maybe(moments()),
            "ended_how": _maybe(_values(AssignmentEnd)),
        }
    )


def _attempts() -> st.SearchStrategy[Made]:
    return st.fixed_dictionaries(
        {
            "called_at": _maybe(moments()),
            "ended_at": _maybe(moments()),
            "reached": st.booleans(),
        }
    )


def _applications() -> st.SearchStrategy[Made]:
    ruled = _values(state for state in ApplicationState if state is not ApplicationState.PENDING)
    return st.fixed_dictionaries(
        {
            "kind": _values(ApplicationKind),
            "state": ruled,
            "asked_at": moments(),
            "ruled_at": moments(),
        }
    )


def _exclusions() -> st.SearchStrategy[Made]:
    return st.fixed_dictionaries({"measure": _values(Measure), "unit": st.sampled_from(UNITS)})


def contacts() -> st.SearchStrategy[Made]:
    """One call, in or out, with or without its times."""
    return st.fixed_dictionaries(
        {
            "direction": st.sampled_from(("inbound", "inbound", "inbound", "outbound")),
            "channel": _values(Channel),
            "line": _maybe(st.sampled_from(LINES)),
            "queue": st.sampled_from((None, "hotline", "enterprise")),
            "agent": _maybe(st.sampled_from(AGENTS)),
            "started_at": moments(),
            "queued_at": _maybe(moments()),
            "answered_at": _maybe(moments()),
            "ended_at": _maybe(moments()),
            "wait_s": _maybe(st.sampled_from((0.0, 4.9995, 14.999, 15.0, 15.001, 62.5))),
            "talk_s": _maybe(st.floats(0, 900, width=32)),
            "outcome": st.sampled_from(
                (None, CallOutcome.ABANDONED_IN_QUEUE.value, *(one.value for one in CallOutcome))
            ),
            "disposition": _maybe(_values(Disposition)),
            "ticket": st.integers(0, 9),
        }
    )


def _call_backs() -> st.SearchStrategy[Made]:
    return st.fixed_dictionaries(
        {
            "state": _values(CallBackState),
            "line": _maybe(st.sampled_from(LINES)),
            "created_at": moments(),
            "took": st.sampled_from((0, 60, 1_800, 1_801, 90_000)),
        }
    )


def _intervals() -> st.SearchStrategy[Made]:
    return st.fixed_dictionaries(
        {
            "agent": st.sampled_from(AGENTS),
            "state": st.sampled_from((AgentState.WRAP_UP.value, AgentState.TALKING.value)),
            "since": moments(),
            "lasted": st.integers(0, 600),
        }
    )


def cities() -> st.SearchStrategy[City]:
    """Small cities: what goes wrong, goes wrong with a few rows."""
    return st.builds(
        City,
        st.lists(tickets(), min_size=2, max_size=8),
        st.lists(contacts(), min_size=4, max_size=12),
        st.lists(_call_backs(), min_size=1, max_size=4),
        st.lists(_intervals(), min_size=1, max_size=4),
    )


def found_city(session: Session) -> None:
    """The units, categories, divisions and people that do not change."""
    top = Department(code="XQ", name="小区", short_name="小区", tier=2, kind="district")
    session.add_all(
        [
            Department(code="CG", name="城管局", short_name="城管局", tier=2, kind="bureau"),
            top,
            Division(code="1", name="市", parent=None, level=1),
            Division(code="11", name="甲区", parent="1", level=2),
            Division(code="12", name="乙区", parent="1", level=2),
            Category(code="02", name="供暖", level=1),
            *(
                Staff(login=login, name=login, role="agent", password_hash="", extension=str(i))
                for i, login in enumerate(AGENTS)
            ),
        ]
    )
    root = Category(code="01", name="城管", level=1)
    session.add(root)
    session.flush()
    session.add(Category(code="0101", name="占道", level=2, parent_id=root.id))
    session.add(
        Department(
            code="ZJ", name="镇街", short_name="镇街", tier=3, kind="township", parent_id=top.id
        )
    )
    session.flush()


def put(session: Session, city: City) -> None:
    """Write a city's rows."""
    units = {d.code: d.id for d in session.query(Department)}
    categories = {c.code: c.id for c in session.query(Category)}
    staff = {s.login: s.id for s in session.query(Staff)}
    ids: list[int] = []
    for i, made in enumerate(city.tickets):
        ids.append(_put_ticket(session, i, made, units, categories, staff))
    for i, call in enumerate(city.contacts):
        values = {k: v for k, v in call.items() if k not in {"agent", "ticket"}}
        session.add(
            Contact(
                call_id=f"c{i}",
                agent_id=staff.get(call["agent"]),
                ticket_id=ids[call["ticket"]] if call["ticket"] < len(ids) else None,
                **values,
            )
        )
    for i, back in enumerate(city.call_backs):
        over = not CallBackState(back["state"]).is_open
        ended = back["created_at"] + timedelta(seconds=back["took"])
        session.add(
            CallBack(
                kind=next(iter(CallBackKind)).value,
                state=back["state"],
                number=f"1390000000{i}",
                line=back["line"],
                queue="hotline",
                last_missed_at=back["created_at"],
                place_at=back["created_at"],
                next_at=back["created_at"],
                expires_at=ended,
                created_at=back["created_at"],
                ended_at=ended if over else None,
            )
        )
    for one in city.intervals:
        session.add(
            AgentInterval(
                staff_id=staff[one["agent"]],
                extension="8001",
                state=one["state"],
                since=one["since"],
                until=one["since"] + timedelta(seconds=one["lasted"]),
            )
        )
    session.flush()


_LISTS = {"unit", "category", "agent", "shares", "attempts", "applications", "excluded"}


def _put_ticket(
    session: Session,
    i: int,
    made: Made,
    units: dict[str, int],
    categories: dict[str, int],
    staff: dict[str, int],
) -> int:
    ticket = Ticket(
        number=f"t{i}",
        query_code="0",
        urgency=Urgency.ROUTINE.value,
        status=(Status.CLOSED if made["closed_at"] else Status.IN_PROGRESS).value,
        title="停水",
        department_id=units.get(made["unit"]),
        category_id=categories.get(made["category"]),
        created_by_id=staff.get(made["agent"]),
        **{name: value for name, value in made.items() if name not in _LISTS},
    )
    session.add(ticket)
    session.flush()
    for share in made["shares"]:
        _put_share(session, ticket, share, units)
    session.flush()
    share_id = session.query(Assignment.id).filter_by(ticket_id=ticket.id).limit(1).scalar()
    for application in made["applications"] if share_id else []:
        session.add(
            Application(
                ticket_id=ticket.id,
                assignment_id=share_id,
                department_id=units["CG"],
                reason="不是本单位的",
                **application,
            )
        )
    for attempt in made["attempts"]:
        session.add(
            FollowUp(
                ticket_id=ticket.id,
                round=1,
                method=FollowUpMethod.PERSON.value,
                state=FollowUpState.DONE.value,
                due_at=made["created_at"],
                **attempt,
            )
        )
    for excluded in made["excluded"]:
        _exclude(session, ticket, excluded["measure"], units[excluded["unit"]], staff["li"])
    return ticket.id


def _put_share(session: Session, ticket: Ticket, share: Made, units: dict[str, int]) -> None:
    values = {name: value for name, value in share.items() if name != "unit"}
    session.add(
        Assignment(
            ticket_id=ticket.id,
            department_id=units[share["unit"]],
            part=Part.LEAD.value,
            round=1,
            **values,
        )
    )


def _exclude(session: Session, ticket: Ticket, measure: str, unit: int, by: int) -> None:
    appeal = Appeal(
        ticket_id=ticket.id,
        department_id=unit,
        measure=measure,
        state=AppealState.GRANTED.value,
        reason="unreasonable",
        statement="不合理",
        asked_by_id=by,
        asked_at=ticket.created_at,
        due_at=ticket.created_at,
    )
    session.add(appeal)
    session.flush()
    session.add(
        Exclusion(
            appeal_id=appeal.id,
            ticket_id=ticket.id,
            department_id=unit,
            measure=measure,
            reason="unreasonable",
            at=ticket.created_at,
        )
    )
