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


@dataclass(frozen=True)
class Tab:
    """One list of a desk; `late` keeps only what is near its deadline or over it."""

    key: str
    label: str
    statuses: frozenset[Status]
    order: Order
    late: bool = False
    counted: bool = True


TODO = Tab("todo", "待派单", frozenset({Status.OPEN, Status.REOPENED}), Order.WAITING)
SIGN = Tab("sign", "待签收", frozenset({Status.DISPATCHED}), Order.SIGNING)
WORK = Tab("work", "办理中", WITH_UNIT - {Status.DISPATCHED}, Order.DEADLINE)
RUNNING = Tab("running", "在办", WITH_UNIT, Order.DEADLINE)
AUDIT = Tab("audit", "待审核", frozenset({Status.COMPLETED}), Order.DEADLINE)
LATE = Tab("late", "临期超期", WITH_UNIT, Order.DEADLINE, late=True)
FOLLOW = Tab("follow", "待回访", frozenset({Status.FOLLOW_UP}), Order.CALLBACK)
HANDLED = Tab(
    "done",
    "已办结",
    frozenset({Status.FOLLOW_UP, Status.REOPENED, Status.CLOSED}),
    Order.NEWEST,
    counted=False,
)
CLOSED = Tab(
    "done", "已结案", frozenset({Status.CLOSED, Status.ANSWERED}), Order.NEWEST, counted=False
)

TABS: Mapping[Role, tuple[Tab, ...]] = {
    Role.DEPARTMENT: (SIGN, WORK, AUDIT, HANDLED),
    Role.DISPATCHER: (TODO, RUNNING, LATE, CLOSED),
    Role.CENTER: (TODO, RUNNING, AUDIT, FOLLOW, LATE, CLOSED),
    Role.FOLLOW_UP: (FOLLOW, CLOSED),
    Role.SUPERVISOR: (LATE, RUNNING, TODO, FOLLOW, CLOSED),
}


def tabs_for(role: Role) -> tuple[Tab, ...]:
    """The tabs of a role's desk; none for a role without a desk."""
    return TABS.get(role, ())
