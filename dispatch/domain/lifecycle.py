"""The one table that decides every change of a ticket's status."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.errors import ActionNotAllowed, RoleNotAllowed
from dispatch.domain.vocabulary import Action, Role, Status


@dataclass(frozen=True)
class Step:
    """Where an action leads and who may take it."""

    target: Status
    by: frozenset[Role]


_DISPATCHERS = frozenset({Role.AGENT, Role.DISPATCHER, Role.CENTER})
_REROUTERS = frozenset({Role.DISPATCHER, Role.CENTER})
_UNIT = frozenset({Role.DEPARTMENT})
# Segregation of duties: the unit that handles may not audit, follow up or close.
_AUDITORS = frozenset({Role.CENTER})
_JUDGES = frozenset({Role.FOLLOW_UP, Role.CENTER, Role.SYSTEM})

STEPS: dict[tuple[Status, Action], Step] = {
    (Status.OPEN, Action.DISPATCH): Step(Status.DISPATCHED, _DISPATCHERS),
    (Status.REOPENED, Action.DISPATCH): Step(Status.DISPATCHED, _REROUTERS | {Role.SYSTEM}),
    (Status.DISPATCHED, Action.REASSIGN): Step(Status.DISPATCHED, _REROUTERS),
    (Status.ACKNOWLEDGED, Action.REASSIGN): Step(Status.DISPATCHED, _REROUTERS),
    (Status.IN_PROGRESS, Action.REASSIGN): Step(Status.DISPATCHED, _REROUTERS),
    (Status.DISPATCHED, Action.ACKNOWLEDGE): Step(Status.ACKNOWLEDGED, _UNIT),
    (Status.ACKNOWLEDGED, Action.CONTACT): Step(Status.IN_PROGRESS, _UNIT),
    (Status.IN_PROGRESS, Action.CONTACT): Step(Status.IN_PROGRESS, _UNIT),
    (Status.ACKNOWLEDGED, Action.COMPLETE): Step(Status.COMPLETED, _UNIT),
    (Status.IN_PROGRESS, Action.COMPLETE): Step(Status.COMPLETED, _UNIT),
    (Status.COMPLETED, Action.PASS_AUDIT): Step(Status.FOLLOW_UP, _AUDITORS),
    (Status.COMPLETED, Action.SEND_BACK): Step(Status.IN_PROGRESS, _AUDITORS),
    (Status.FOLLOW_UP, Action.CLOSE): Step(Status.CLOSED, _JUDGES),
    (Status.FOLLOW_UP, Action.REOPEN): Step(Status.REOPENED, _JUDGES),
    (Status.CLOSED, Action.REOPEN): Step(Status.REOPENED, frozenset({Role.CENTER})),
}


def next_status(status: Status, action: Action, role: Role) -> Status:
    """Return where the action leads, or say by name why it may not happen.

    Raises:
        ActionNotAllowed: the action has no place in this status.
        RoleNotAllowed: it has, but not for this role.
    """
    step = STEPS.get((status, action))
    if step is None:
        raise ActionNotAllowed(
            f"工单处于“{status.label}”，不能{action.label}；请查看最新状态后再操作"
        )
    if role not in step.by:
        who = "、".join(sorted(r.label for r in step.by if r is not Role.SYSTEM))
        raise RoleNotAllowed(f"{action.label}只能由{who}操作")
    return step.target


def allowed_actions(status: Status, role: Role) -> tuple[Action, ...]:
    """Return what this role may do now, in the table's order, for the page's buttons."""
    return tuple(a for (s, a), step in STEPS.items() if s is status and role in step.by)
