"""The conditions of the figures of tickets and of units' shares of them."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import and_, func, or_, true

from analytics.conditions import Build, Condition, Definition, Worked, closed, has, under_way
from analytics.periods import Period
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ApplicationKind, ApplicationState, AssignmentEnd
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.handling import Application
from dispatch.models.tickets import Assignment, Ticket


def _acknowledged(period: Period, _rules: Rules, now: datetime) -> Definition:
    # A share taken away before its time to sign was over, by a merge say, owes no signature.
    over = and_(
        Assignment.acknowledge_by <= now,
        or_(Assignment.ended_at.is_(None), Assignment.ended_at >= Assignment.acknowledge_by),
    )
    due = and_(
        Assignment.acknowledge_by.is_not(None),
        or_(period.known(Assignment.acknowledged_at), over),
    )
    in_time = and_(
        period.known(Assignment.acknowledged_at),
        Assignment.acknowledged_at <= Assignment.acknowledge_by,
    )
    return Definition(and_(period.holds(Assignment.dispatched_at), due), in_time)


def _response(period: Period, _rules: Rules, now: datetime) -> Definition:
    assessable = or_(period.known(Ticket.first_contacted_at), Ticket.due_at <= now)
    in_time = and_(
        period.known(Ticket.first_contacted_at),
        or_(Ticket.due_at.is_(None), Ticket.first_contacted_at <= Ticket.due_at),
    )
    return Definition(and_(period.holds(Ticket.dispatched_at), assessable), in_time)


def _on_time(period: Period, _rules: Rules, now: datetime) -> Definition:
    # What was completed early is judged too; what is not due yet and open is not.
    judged = or_(period.known(Ticket.completed_at), Ticket.due_at <= now)
    in_time = and_(period.known(Ticket.completed_at), Ticket.completed_at <= Ticket.due_at)
    return Definition(and_(period.holds(Ticket.due_at), judged), in_time)


def _overdue(period: Period, _rules: Rules, now: datetime) -> Definition:
    at = min(period.end, now)
    return Definition(under_way(at), func.coalesce(Ticket.due_at <= at, False))


def _completion(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(period.holds(Ticket.dispatched_at), closed(period))


def _business(period: Period, _rules: Rules, _now: datetime) -> Definition:
    judged = and_(Ticket.business_environment.is_(True), period.holds(Ticket.created_at))
    return Definition(judged, closed(period))


def _returned(period: Period, *more: Condition) -> Condition:
    """The unit asked for a return, as far as was known in the period."""
    return has(
        Application,
        Application.kind == ApplicationKind.RETURN.value,
        period.known(Application.asked_at),
        *more,
    )


def _granted(period: Period) -> Condition:
    return _returned(
        period,
        Application.state == ApplicationState.GRANTED.value,
        period.known(Application.ruled_at),
    )


def _reassigned(period: Period) -> Condition:
    return has(
        Assignment,
        Assignment.ended_how == AssignmentEnd.REASSIGNED.value,
        period.known(Assignment.ended_at),
    )


def _return_asked(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(period.holds(Ticket.dispatched_at), _returned(period))


def _return_upheld(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(period.holds(Ticket.dispatched_at), _granted(period))


def _accurate(period: Period, _rules: Rules, _now: datetime) -> Definition:
    wrong = or_(_granted(period), _reassigned(period))
    return Definition(period.holds(Ticket.dispatched_at), ~wrong)


def _replied(period: Period, _rules: Rules, _now: datetime) -> Definition:
    # History files carry no replies: of their tickets nothing is known.
    judged = and_(period.holds(Ticket.dispatched_at), closed(period), Ticket.imported.is_(False))
    return Definition(judged, Ticket.public_reply != "")


def _redo(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(period.holds(Ticket.closed_at), Ticket.round > 1)


def _named(period: Period, _rules: Rules, _now: datetime) -> Definition:
    named = and_(Ticket.anonymous.is_(False), Ticket.requester_name != "")
    return Definition(period.holds(Ticket.created_at), named)


def _complete_record(period: Period, _rules: Rules, _now: datetime) -> Definition:
    complete = and_(
        Ticket.category_id.is_not(None),
        or_(Ticket.division.is_not(None), Ticket.place != ""),
        Ticket.content != "",
        or_(Ticket.anonymous.is_(True), Ticket.phone.is_not(None)),
    )
    return Definition(period.holds(Ticket.created_at), complete)


def _working_time(period: Period, rules: Rules, _now: datetime) -> Definition:
    calendar = datetime.combine(rules.calendar.first_day, time(), SHANGHAI)
    judged = and_(
        period.holds(Ticket.closed_at),
        Ticket.dispatched_at >= calendar,
        Ticket.dispatched_at <= Ticket.closed_at,
    )
    return Definition(judged, true(), worked=Worked(Ticket.dispatched_at, Ticket.closed_at))


DEFINITIONS: dict[str, Build] = {
    "dispatch_accuracy_rate": _accurate,
    "return_asked_rate": _return_asked,
    "return_upheld_rate": _return_upheld,
    "acknowledged_on_time_rate": _acknowledged,
    "response_rate": _response,
    "on_time_rate": _on_time,
    "overdue_rate": _overdue,
    "completion_rate": _completion,
    "replied_rate": _replied,
    "redo_rate": _redo,
    "named_rate": _named,
    "complete_record_rate": _complete_record,
    "business_environment_completion_rate": _business,
    "mean_working_time": _working_time,
}
"""By the figure's code."""
