"""The scope's filters as conditions on what a figure counts; what has no meaning is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import and_, false, func, or_, select

from analytics.conditions import Condition
from analytics.figures_terms import Figure, Subject
from analytics.scope import NO, NOTHING, WORDS, YES, Scope
from dispatch.domain.call_terms import LineKind
from dispatch.domain.calls import Direction
from dispatch.domain.errors import NotFound
from dispatch.models.catalog import Category, Division, Line
from dispatch.models.contacts import Contact
from dispatch.models.people import Department, Staff
from dispatch.models.telephone import AgentInterval, CallBack
from dispatch.models.tickets import Assignment, Ticket

Filter = Callable[[str], Any]


def condition(figure: Figure, scope: Scope) -> Condition | None:
    """That a row of what the figure counts lies in the scope; None for everything.

    Raises:
        NotFound: the figure is not told by one of the filters.
    """
    parts: list[Condition] = []
    filters = FILTERS[figure.subject]
    for name, value in scope.chosen.items():
        if (build := filters.get(name)) is None:
            raise NotFound(f"{figure.name}不分{WORDS[name]}统计，请去掉这个条件")
        parts.append(build(value))
    return and_(*parts) if parts else None


def fits(figure: Figure, scope: Scope) -> bool:
    """Whether every filter that is set has a meaning for the figure."""
    return scope.chosen.keys() <= FILTERS[figure.subject].keys()


def _equals(column: Any) -> Filter:
    return lambda value: column.is_(None) if value == NOTHING else column == value


def _words(column: Any) -> Filter:
    """By a word; where nothing is written down, or an empty one, it is nothing."""
    return lambda value: func.coalesce(column, "") == ("" if value == NOTHING else value)


def _unit(column: Any) -> Filter:
    def build(code: str) -> Any:
        if code == NOTHING:
            return column.is_(None)
        return column.in_(select(Department.id).where(Department.code == code))

    return build


def _branch(column: Any) -> Filter:
    def build(code: str) -> Any:
        tree = select(Department.id).where(Department.code == code).cte(recursive=True)
        tree = tree.union(select(Department.id).where(Department.parent_id == tree.c.id))
        return column.in_(select(tree.c.id))

    return build


def _tier(column: Any) -> Filter:
    def build(kind: str) -> Any:
        if kind == NOTHING:
            return column.is_(None)
        return column.in_(select(Department.id).where(Department.kind == kind))

    return build


def _category(code: str) -> Any:
    if code == NOTHING:
        return Ticket.category_id.is_(None)
    tree = select(Category.id).where(Category.code == code).cte(recursive=True)
    tree = tree.union(select(Category.id).where(Category.parent_id == tree.c.id))
    return Ticket.category_id.in_(select(tree.c.id))


def _territory(code: str) -> Any:
    if code == NOTHING:
        return Ticket.division.is_(None)
    tree = select(Division.code).where(Division.code == code).cte(recursive=True)
    tree = tree.union(select(Division.code).where(Division.parent == tree.c.code))
    return Ticket.division.in_(select(tree.c.code))


def _staff(column: Any) -> Filter:
    def build(login: str) -> Any:
        if login == NOTHING:
            return column.is_(None)
        return column.in_(select(Staff.id).where(Staff.login == login))

    return build


def ticket_line() -> Any:
    """The number dialled by the first call about a ticket; NULL for one no call is known of.

    One number for each ticket, so that the numbers add up to the whole.
    """
    return (
        select(Contact.line)
        .where(Contact.ticket_id == Ticket.id, Contact.direction == Direction.INBOUND.value)
        .order_by(Contact.started_at, Contact.id)
        .limit(1)
        .correlate_except(Contact)
        .scalar_subquery()
    )


def _ticket_line(number: str) -> Any:
    if number == NOTHING:
        return ticket_line().is_(None)
    return func.coalesce(ticket_line(), "") == number


def _yes_or_no(condition: Any) -> Filter:
    """By a condition that is never NULL; other words than the two choose nothing."""
    sides = {YES: condition, NO: ~condition}
    return lambda value: sides.get(value, false())


def enterprise_call() -> Any:
    """By the number dialled, or by the queue: who chose it in the menus dialled 12345."""
    enterprise = LineKind.ENTERPRISE.value
    numbers = select(Line.number).where(Line.kind == enterprise)
    found = or_(Contact.line.in_(numbers), Contact.queue == enterprise)
    return func.coalesce(found, False)


def _of_ticket(build: Filter) -> Filter:
    """The same asked of the ticket that a share belongs to."""
    return lambda value: Assignment.ticket_id.in_(select(Ticket.id).where(build(value)))


_BY_TICKET: Mapping[str, Filter] = {
    "category": _category,
    "kind": _equals(Ticket.kind),
    "channel": _equals(Ticket.channel),
    "line": _ticket_line,
    "territory": _territory,
    "agent": _staff(Ticket.created_by_id),
    "business": _yes_or_no(Ticket.business_environment.is_(True)),
    "source": _words(Ticket.source_level),
}

FILTERS: Mapping[Subject, Mapping[str, Filter]] = {
    Subject.CONTACT: {
        "channel": _equals(Contact.channel),
        "line": _equals(Contact.line),
        "agent": _staff(Contact.agent_id),
        "business": _yes_or_no(enterprise_call()),
        "disposition": _words(Contact.disposition),
        "queue": _words(Contact.queue),
    },
    Subject.TICKET: {
        "unit": _unit(Ticket.department_id),
        "branch": _branch(Ticket.department_id),
        "tier": _tier(Ticket.department_id),
        **_BY_TICKET,
    },
    Subject.ASSIGNMENT: {
        "unit": _unit(Assignment.department_id),
        "branch": _branch(Assignment.department_id),
        "tier": _tier(Assignment.department_id),
        **{name: _of_ticket(build) for name, build in _BY_TICKET.items()},
    },
    Subject.CALL_BACK: {"line": _equals(CallBack.line)},
    Subject.INTERVAL: {"agent": _staff(AgentInterval.staff_id)},
}
"""Which filters each subject knows, by name."""
