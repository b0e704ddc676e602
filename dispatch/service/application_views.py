"""One application with the names behind its ids, as every page shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.conduct import Reason
from dispatch.domain.limits import Limit
from dispatch.domain.terms import ApplicationKind, ApplicationState
from dispatch.domain.vocabulary import Status
from dispatch.models.catalog import Category
from dispatch.models.handling import Application
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket


@dataclass(frozen=True, kw_only=True)
class ApplicationView:
    """One application with the names behind its ids; `limit` as people say it."""

    id: int
    number: str
    title: str
    status: Status
    kind: ApplicationKind
    state: ApplicationState
    category_id: int | None
    category_code: str | None
    division: str | None
    unit: str
    department_id: int
    reason_label: str
    reason: str
    basis: str
    suggested: str | None
    until: datetime | None
    limit: Limit | None
    higher: bool
    asked_by: str | None
    asked_at: datetime
    ruled_by: str | None
    ruled_at: datetime | None
    ruling: str
    granted_until: datetime | None
    old_due_at: datetime | None
    new_due_at: datetime | None
    due_at: datetime | None
    warn_at: datetime | None
    dispatched_at: datetime | None
    clock_rule: str

    @property
    def pending(self) -> bool:
        """Whether it still waits for a ruling."""
        return self.state is ApplicationState.PENDING

    @property
    def moved(self) -> bool:
        """Whether it moved the due time."""
        return self.new_due_at is not None and self.new_due_at != self.old_due_at


def application_rows() -> Select[*tuple[Any, ...]]:
    """Applications with their tickets and the names that `views` needs."""
    suggested, asker, ruler = aliased(Department), aliased(Staff), aliased(Staff)
    return (
        select(
            Application,
            Ticket,
            Department.short_name,
            suggested.short_name,
            asker.name,
            ruler.name,
            Category.code,
        )
        .join(Ticket, Ticket.id == Application.ticket_id)
        .join(Department, Department.id == Application.department_id)
        .outerjoin(Category, Category.id == Ticket.category_id)
        .outerjoin(suggested, suggested.id == Application.suggested_id)
        .outerjoin(asker, asker.id == Application.asked_by_id)
        .outerjoin(ruler, ruler.id == Application.ruled_by_id)
    )


def views(
    session: Session, query: Select[*tuple[Any, ...]], reasons: Iterable[Reason]
) -> tuple[ApplicationView, ...]:
    """The frozen rows of such a query; nothing of the session is left in them."""
    labels = {(reason.use.value, reason.code): reason.label for reason in reasons}
    return tuple(_view(row, labels) for row in session.execute(query))


def _view(row: Any, labels: dict[tuple[str, str], str]) -> ApplicationView:
    application, ticket, unit, suggested, asker, ruler, category = row
    key = (application.kind, application.reason_code)
    return ApplicationView(
        id=application.id,
        number=ticket.number,
        title=ticket.title,
        status=Status(ticket.status),
        kind=ApplicationKind(application.kind),
        state=ApplicationState(application.state),
        category_id=ticket.category_id,
        category_code=category,
        division=ticket.division,
        unit=unit,
        department_id=application.department_id,
        # A city may have dropped the reason since.
        reason_label=labels.get(key, application.reason_code),
        reason=application.reason,
        basis=application.basis,
        suggested=suggested,
        until=application.until,
        limit=Limit.parse(application.limit) if application.limit else None,
        higher=application.higher,
        asked_by=asker,
        asked_at=application.asked_at,
        ruled_by=ruler,
        ruled_at=application.ruled_at,
        ruling=application.ruling,
        granted_until=application.granted_until,
        old_due_at=application.old_due_at,
        new_due_at=application.new_due_at,
        due_at=ticket.due_at,
        warn_at=ticket.warn_at,
        dispatched_at=ticket.dispatched_at,
        clock_rule=ticket.clock_rule,
    )
