"""Which tabs each role's desk has, what belongs in them and what comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dispatch.domain.vocabulary import Role, Status

WITH_UNIT = frozenset(status for status in Status if status.with_department)


class Order(StrEnum):
    """What decides the order of a list."""

    WAITING = "waiting"
    SIGNING = "signing"
    DEADLINE = "deadline"
    CALLBACK = "callback"
    NEWEST = "newest"
    HELPING = "helping"
    REVIEW = "review"


class Only(StrEnum):
    """What a tab keeps of the tickets of its statuses; desk_filters says it to the database."""

    SURE = "sure"
    UNSURE = "unsure"
    WANDERING = "wandering"
    RETURNED = "returned"
    NOT_RETURNED = "not_returned"
    HELPING = "helping"


@dataclass(frozen=True)
class Tab:
    """One list of a desk; `late` keeps only what is near its deadline or over it.

    `alarm` shows the count in red, whatever it counts; `approver` is for who is in charge.
    """

    key: str
    label: str
    statuses: frozenset[Status]
    order: Order
    late: bool = False
    counted: bool = True
    only: Only | None = None
    alarm: bool = False
    approver: bool = False


TODO = Tab("todo", "待派单", frozenset({Status.OPEN, Status.REOPENED}), Order.WAITING)
SURE = Tab("sure", "拿得准", frozenset({Status.OPEN}), Order.WAITING, only=Only.SURE)
UNSURE = Tab("todo", "拿不准", TODO.statuses, Order.WAITING, only=Only.UNSURE)
"""What the dispatchers' own press does not settle; the centre's 待派单 holds both."""
WANDERING = Tab(
    "wandering",
    "流转无主",
    WITH_UNIT | TODO.statuses,
    Order.DEADLINE,
    only=Only.WANDERING,
    alarm=True,
)
SIGN = Tab("sign", "待签收", frozenset({Status.DISPATCHED}), Order.SIGNING)
WORK = Tab(
    "work", "办理中", WITH_UNIT - {Status.DISPATCHED}, Order.DEADLINE, only=Only.NOT_RETURNED
)
RETURNED = Tab(
    "returned",
    "待补正",
    frozenset({Status.ACKNOWLEDGED, Status.IN_PROGRESS}),
    Order.DEADLINE,
    only=Only.RETURNED,
)
HELPING = Tab(
    "helping",
    "协办",
    WITH_UNIT | {Status.COMPLETED},
    Order.HELPING,
    only=Only.HELPING,
)
APPROVAL = Tab("approval", "待审批", frozenset({Status.APPROVAL}), Order.DEADLINE, approver=True)
RUNNING = Tab("running", "在办", WITH_UNIT, Order.DEADLINE)
AUDIT = Tab("audit", "待审核", frozenset({Status.COMPLETED}), Order.DEADLINE)
LATE = Tab("late", "临期超期", WITH_UNIT, Order.DEADLINE, late=True)
FOLLOW = Tab("follow", "待回访", frozenset({Status.FOLLOW_UP}), Order.CALLBACK)
REVIEW = Tab("review", "待复核", frozenset({Status.REVIEW}), Order.REVIEW, alarm=True)
"""Unhappy answers that the centre looks at before the unit must do it again."""
HANDLED = Tab(
    "done",
    "已办结",
    frozenset({Status.FOLLOW_UP, Status.REVIEW, Status.REOPENED, Status.CLOSED}),
    Order.NEWEST,
    counted=False,
)
CLOSED = Tab(
    "done", "已结案", frozenset({Status.CLOSED, Status.ANSWERED}), Order.NEWEST, counted=False
)
RULINGS = Tab("applications", "有争议", frozenset(), Order.DEADLINE, counted=False)
"""Applications, not tickets: what waits for a ruling of this role."""
ASKED = Tab("applications", "退单延期", frozenset(), Order.DEADLINE, counted=False)
"""Applications of the reader's own unit."""

TABS: Mapping[Role, tuple[Tab, ...]] = {
    Role.DEPARTMENT: (SIGN, WORK, RETURNED, APPROVAL, ASKED, HELPING, AUDIT, HANDLED),
    Role.DISPATCHER: (SURE, UNSURE, RULINGS, WANDERING, RUNNING, LATE, CLOSED),
    Role.CENTER: (TODO, SURE, RULINGS, RUNNING, AUDIT, FOLLOW, REVIEW, LATE, WANDERING, CLOSED),
    Role.FOLLOW_UP: (FOLLOW, CLOSED),
    Role.SUPERVISOR: (LATE, RUNNING, TODO, FOLLOW, REVIEW, CLOSED),
}


def tabs_for(role: Role, *, approver: bool = False) -> tuple[Tab, ...]:
    """The tabs of a role's desk; none for a role without a desk."""
    return tuple(tab for tab in TABS.get(role, ()) if approver or not tab.approver)
