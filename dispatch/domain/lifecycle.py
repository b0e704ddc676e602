"""The one table that decides every change of a ticket's status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from dispatch.domain.errors import ActionNotAllowed, RoleNotAllowed
from dispatch.domain.terms import (
    ApplicationKind,
    InstructionAct,
    InstructionState,
    ShareAct,
    ShareState,
    SupervisionAct,
    SupervisionState,
)
from dispatch.domain.vocabulary import Action, Labelled, Role, Status


@dataclass(frozen=True)
class Step:
    """Where an action leads and who may take it; without a target it restores what was before."""

    target: Status | None
    by: frozenset[Role]


_DISPATCHERS = frozenset({Role.AGENT, Role.DISPATCHER, Role.CENTER})
_REROUTERS = frozenset({Role.DISPATCHER, Role.CENTER})
_UNIT = frozenset({Role.DEPARTMENT})
# Segregation of duties: the unit that handles may not audit, follow up or close.
_AUDITORS = frozenset({Role.CENTER})
_JUDGES = frozenset({Role.FOLLOW_UP, Role.CENTER, Role.SYSTEM})
_CALLERS = frozenset({Role.FOLLOW_UP, Role.CENTER})
_URGERS = frozenset({Role.AGENT, Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER})
_SUPERVISORS = frozenset({Role.SUPERVISOR, Role.CENTER, Role.SYSTEM})
_FILERS = _DISPATCHERS | _UNIT | {Role.FOLLOW_UP, Role.SYSTEM}

_WAITING = (Status.OPEN, Status.REOPENED)
_IN_HAND = (Status.DISPATCHED, Status.ACKNOWLEDGED, Status.IN_PROGRESS)
_SIGNED = (Status.ACKNOWLEDGED, Status.IN_PROGRESS)
_WITH_UNIT = (*_IN_HAND, Status.APPROVAL)
_ASKED = (*_WITH_UNIT, Status.COMPLETED)
_ANSWERED = (Status.FOLLOW_UP, Status.REVIEW, Status.CLOSED)
_OPEN = tuple(status for status in Status if status.is_open)

Rows = dict[tuple[Status, Action], Step]
State = TypeVar("State", bound=Labelled)
Act = TypeVar("Act", bound=Labelled)


def _lead(
    statuses: Iterable[Status], action: Action, target: Status | None, by: frozenset[Role]
) -> Rows:
    return {(status, action): Step(target, by) for status in statuses}


def _stay(statuses: Iterable[Status], action: Action, by: frozenset[Role]) -> Rows:
    return {(status, action): Step(status, by) for status in statuses}


STEPS: Rows = {
    (Status.OPEN, Action.DISPATCH): Step(Status.DISPATCHED, _DISPATCHERS | {Role.SYSTEM}),
    (Status.REOPENED, Action.DISPATCH): Step(Status.DISPATCHED, _REROUTERS | {Role.SYSTEM}),
    **_lead(_WITH_UNIT, Action.REASSIGN, Status.DISPATCHED, _REROUTERS),
    (Status.DISPATCHED, Action.ACKNOWLEDGE): Step(Status.ACKNOWLEDGED, _UNIT),
    (Status.ACKNOWLEDGED, Action.CONTACT): Step(Status.IN_PROGRESS, _UNIT),
    (Status.IN_PROGRESS, Action.CONTACT): Step(Status.IN_PROGRESS, _UNIT),
    **_lead(_SIGNED, Action.COMPLETE, Status.COMPLETED, _UNIT),
    **_lead(_SIGNED, Action.SUBMIT_REPLY, Status.APPROVAL, _UNIT),
    (Status.APPROVAL, Action.APPROVE_REPLY): Step(Status.COMPLETED, _UNIT),
    (Status.APPROVAL, Action.REJECT_REPLY): Step(Status.IN_PROGRESS, _UNIT),
    (Status.COMPLETED, Action.PASS_AUDIT): Step(Status.FOLLOW_UP, _AUDITORS),
    (Status.COMPLETED, Action.SEND_BACK): Step(Status.IN_PROGRESS, _AUDITORS),
    (Status.FOLLOW_UP, Action.CLOSE): Step(Status.CLOSED, _JUDGES),
    (Status.FOLLOW_UP, Action.REOPEN): Step(Status.REOPENED, _JUDGES),
    # Unhappy answers are looked at by the centre before the unit must do it again.
    (Status.FOLLOW_UP, Action.REVIEW): Step(Status.REVIEW, _JUDGES),
    (Status.REVIEW, Action.REOPEN): Step(Status.REOPENED, frozenset({Role.CENTER})),
    (Status.REVIEW, Action.CLOSE): Step(Status.CLOSED, frozenset({Role.CENTER})),
    # A follow-up caller pressed the wrong key: within a minute the answer was never given.
    **_lead(_ANSWERED, Action.TAKE_BACK, Status.FOLLOW_UP, _CALLERS),
    (Status.CLOSED, Action.REOPEN): Step(Status.REOPENED, frozenset({Role.CENTER})),
    # Several units, and tiers of units.
    **_stay(_SIGNED, Action.REPORT_PROGRESS, _UNIT),
    **_stay(_IN_HAND, Action.ADD_SUPPORTING, _REROUTERS),
    **_stay(_SIGNED, Action.SUB_DISPATCH, _UNIT),
    # Applications: the ticket stays where it is while one is ruled on, so that asking stops
    # no clock and takes no duty off the unit.
    **_stay(_IN_HAND, Action.APPLY_RETURN, _UNIT),
    **_stay(_SIGNED, Action.APPLY_EXTENSION, _UNIT),
    **_stay(_SIGNED, Action.APPLY_HOLD, _UNIT),
    **_stay(_SIGNED, Action.APPLY_COMMITMENT, _UNIT),
    **_stay(_SIGNED, Action.APPLY_TERMINATION, _UNIT),
    **_stay(_ASKED, Action.WITHDRAW_APPLICATION, _UNIT),
    **_lead(_IN_HAND, Action.GRANT_RETURN, Status.OPEN, _REROUTERS),
    **_stay(_WITH_UNIT, Action.GRANT_EXTENSION, _REROUTERS),
    **_stay(_WITH_UNIT, Action.GRANT_HOLD, _REROUTERS),
    **_stay(_WITH_UNIT, Action.GRANT_COMMITMENT, _AUDITORS),
    **_lead(_IN_HAND, Action.GRANT_TERMINATION, Status.TERMINATED, _AUDITORS),
    **_stay(_ASKED, Action.DENY_APPLICATION, _REROUTERS),
    **_stay(_WITH_UNIT, Action.RESUME, _UNIT | _REROUTERS | {Role.SYSTEM}),
    # One event, many callers: the others wait for the main ticket's answer.
    **_lead((*_WAITING, *_IN_HAND), Action.MERGE, Status.MERGED, _DISPATCHERS),
    (Status.MERGED, Action.UNMERGE): Step(None, _REROUTERS),
    (Status.MERGED, Action.ANSWER_MERGED): Step(Status.FOLLOW_UP, _AUDITORS),
    (Status.MERGED, Action.END_MERGED): Step(Status.TERMINATED, _AUDITORS),
    **_stay((*_WAITING, *_IN_HAND), Action.SPLIT, _DISPATCHERS),
    **_stay(Status, Action.LINK, _DISPATCHERS | {Role.FOLLOW_UP, Role.SUPERVISOR}),
    **_stay(_OPEN, Action.AVOID, _DISPATCHERS),
    **_stay(_OPEN, Action.LIFT_AVOIDANCE, _AUDITORS),
    # What was written down, and the files with it. The request's words themselves never change.
    **_stay(_OPEN, Action.AMEND, _DISPATCHERS),
    **_stay(_OPEN, Action.ATTACH, _FILERS),
    **_stay(_OPEN, Action.DETACH, _DISPATCHERS),
    **_stay(_WITH_UNIT, Action.DETACH, _DISPATCHERS | _UNIT),
    # Pressure from outside moves nobody's ticket by itself.
    **_stay(_OPEN, Action.URGE, _URGERS),
    **_stay((*_OPEN, Status.CLOSED), Action.SUPERVISE, _SUPERVISORS),
    **_stay(Status, Action.INSTRUCT, frozenset({Role.LEADER})),
}

APPLY: dict[ApplicationKind, Action] = {
    ApplicationKind.RETURN: Action.APPLY_RETURN,
    ApplicationKind.EXTENSION: Action.APPLY_EXTENSION,
    ApplicationKind.HOLD: Action.APPLY_HOLD,
    ApplicationKind.COMMITMENT: Action.APPLY_COMMITMENT,
    ApplicationKind.TERMINATION: Action.APPLY_TERMINATION,
}
"""The action by which a unit asks for each kind of thing."""

GRANT: dict[ApplicationKind, Action] = {
    ApplicationKind.RETURN: Action.GRANT_RETURN,
    ApplicationKind.EXTENSION: Action.GRANT_EXTENSION,
    ApplicationKind.HOLD: Action.GRANT_HOLD,
    ApplicationKind.COMMITMENT: Action.GRANT_COMMITMENT,
    ApplicationKind.TERMINATION: Action.GRANT_TERMINATION,
}
"""The action by which the centre agrees to it."""

_ANSWERERS = frozenset({Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER})
_RULERS = frozenset({Role.SUPERVISOR, Role.CENTER})
_CENTRE = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER})
_LEADERS = frozenset({Role.LEADER})

SupervisionRows = dict[
    tuple[SupervisionState, SupervisionAct], tuple[SupervisionState, frozenset[Role]]
]
InstructionRows = dict[
    tuple[InstructionState, InstructionAct], tuple[InstructionState, frozenset[Role]]
]

SUPERVISION_STEPS: SupervisionRows = {
    (SupervisionState.ISSUED, SupervisionAct.ANSWER): (SupervisionState.ANSWERED, _ANSWERERS),
    (SupervisionState.ANSWERED, SupervisionAct.ACCEPT): (SupervisionState.CLOSED, _RULERS),
    (SupervisionState.ANSWERED, SupervisionAct.SEND_BACK): (SupervisionState.ISSUED, _RULERS),
    (SupervisionState.ISSUED, SupervisionAct.ESCALATE): (SupervisionState.ESCALATED, _SUPERVISORS),
    (SupervisionState.ISSUED, SupervisionAct.CANCEL): (SupervisionState.CANCELLED, _RULERS),
    (SupervisionState.ANSWERED, SupervisionAct.CANCEL): (SupervisionState.CANCELLED, _RULERS),
}
"""督办: who may do what to an order. No unit role rules on an answer."""

INSTRUCTION_STEPS: InstructionRows = {
    (InstructionState.GIVEN, InstructionAct.RECEIVE): (InstructionState.RECEIVED, _CENTRE),
    (InstructionState.RECEIVED, InstructionAct.REPORT): (InstructionState.REPORTED, _CENTRE),
    (InstructionState.REPORTED, InstructionAct.GIVE_BACK): (InstructionState.RECEIVED, _LEADERS),
    (InstructionState.GIVEN, InstructionAct.CLOSE): (InstructionState.CLOSED, _LEADERS),
    (InstructionState.RECEIVED, InstructionAct.CLOSE): (InstructionState.CLOSED, _LEADERS),
    (InstructionState.REPORTED, InstructionAct.CLOSE): (InstructionState.CLOSED, _LEADERS),
}
"""批示: who may do what to a leader's instruction."""


_HOLDERS = _UNIT | _REROUTERS

SHARE_STEPS: dict[tuple[ShareState, ShareAct], tuple[ShareState, frozenset[Role]]] = {
    (ShareState.PENDING, ShareAct.SIGN): (ShareState.SIGNED, _UNIT),
    (ShareState.SIGNED, ShareAct.REPLY): (ShareState.REPLIED, _UNIT),
    (ShareState.SIGNED, ShareAct.PASS_DOWN): (ShareState.SIGNED, _UNIT),
    (ShareState.REPLIED, ShareAct.REJECT): (ShareState.SIGNED, _UNIT | _AUDITORS),
    (ShareState.PENDING, ShareAct.WITHDRAW): (ShareState.ENDED, _HOLDERS),
    (ShareState.SIGNED, ShareAct.WITHDRAW): (ShareState.ENDED, _HOLDERS),
    (ShareState.REPLIED, ShareAct.WITHDRAW): (ShareState.ENDED, _HOLDERS),
    # No unit scores another, nor itself.
    (ShareState.REPLIED, ShareAct.SCORE): (ShareState.REPLIED, _AUDITORS),
    (ShareState.ENDED, ShareAct.SCORE): (ShareState.ENDED, _AUDITORS),
}
"""协办、下派: who may do what to a share that does not lead; the ticket stays where it is."""


def next_status(status: Status, action: Action, role: Role) -> Status:
    """Return where the action leads, or say by name why it may not happen.

    An action that restores what was before leads nowhere by itself: the status comes back
    unchanged, and the service puts the remembered one in its place.

    Raises:
        ActionNotAllowed: the action has no place in this status.
        RoleNotAllowed: it has, but not for this role.
    """
    step = STEPS.get((status, action))
    if step is None:
        lawful = "、".join(s.label for s in Status if (s, action) in STEPS)
        raise ActionNotAllowed(
            f"工单处于“{status.label}”，不能{action.label}（只有{lawful}时可以）；"
            "请查看最新状态后再操作"
        )
    if role not in step.by:
        raise RoleNotAllowed(f"{action.label}只能由{_who(step.by)}操作")
    return step.target or status


def next_supervision(state: SupervisionState, act: SupervisionAct, role: Role) -> SupervisionState:
    """Return where the act leads a supervision order.

    Raises:
        ActionNotAllowed: the act has no place in this state.
        RoleNotAllowed: it has, but not for this role.
    """
    return lawful_step(SUPERVISION_STEPS, state, act, role, what="督办")


def next_instruction(state: InstructionState, act: InstructionAct, role: Role) -> InstructionState:
    """Return where the act leads a leader's instruction.

    Raises:
        ActionNotAllowed: the act has no place in this state.
        RoleNotAllowed: it has, but not for this role.
    """
    return lawful_step(INSTRUCTION_STEPS, state, act, role, what="批示")


def next_share(state: ShareState, act: ShareAct, role: Role) -> ShareState:
    """Return where the act leads a supporting or lower unit's share.

    Raises:
        ActionNotAllowed: the act has no place in this state.
        RoleNotAllowed: it has, but not for this role.
    """
    return lawful_step(SHARE_STEPS, state, act, role, what="这一份")


def lawful_step(
    steps: Mapping[tuple[State, Act], tuple[State, frozenset[Role]]],
    state: State,
    act: Act,
    role: Role,
    *,
    what: str,
) -> State:
    """Return where a table of steps leads; `what` is the thing in the sentence of a refusal.

    Raises:
        ActionNotAllowed: the act has no place in this state.
        RoleNotAllowed: it has, but not for this role.
    """
    step = steps.get((state, act))
    if step is None:
        lawful = "、".join(one.label for one in type(state) if (one, act) in steps)
        raise ActionNotAllowed(f"{what}“{state.label}”，不能{act.label}（只有{lawful}时可以）")
    target, by = step
    if role not in by:
        raise RoleNotAllowed(f"{act.label}只能由{_who(by)}操作")
    return target


def _who(roles: Iterable[Role]) -> str:
    return "、".join(sorted(role.label for role in roles if role is not Role.SYSTEM))


def allowed_actions(status: Status, role: Role) -> tuple[Action, ...]:
    """Return what this role may do now, in the table's order, for the page's buttons."""
    return tuple(a for (s, a), step in STEPS.items() if s is status and role in step.by)
