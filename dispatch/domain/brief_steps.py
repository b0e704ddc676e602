"""要情: who may do what to a brief, and where it leads; one table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dispatch.domain.lifecycle import lawful_step
from dispatch.domain.reporting_terms import BriefAct, BriefState
from dispatch.domain.vocabulary import Role

DRAFTERS = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER})
"""Who writes briefs down; they also take charge of an instruction that names no unit."""

_SENDERS = frozenset({Role.SUPERVISOR, Role.CENTER})
_LEADERS = frozenset({Role.LEADER})
_ACTING = DRAFTERS | {Role.DEPARTMENT}

State, Act = BriefState, BriefAct

BRIEF_STEPS: Mapping[tuple[BriefState, BriefAct], tuple[BriefState, frozenset[Role]]] = (
    MappingProxyType(
        {
            (State.DRAFT, Act.EDIT): (State.DRAFT, DRAFTERS),
            (State.DRAFT, Act.SUBMIT): (State.SUBMITTED, _SENDERS),
            (State.DRAFT, Act.CLOSE): (State.CLOSED, _SENDERS),
            (State.SUBMITTED, Act.INSTRUCT): (State.INSTRUCTED, _LEADERS),
            (State.SUBMITTED, Act.CLOSE): (State.CLOSED, _LEADERS),
            (State.INSTRUCTED, Act.INSTRUCT): (State.INSTRUCTED, _LEADERS),
            (State.INSTRUCTED, Act.RECEIVE): (State.RECEIVED, _ACTING),
            (State.INSTRUCTED, Act.CLOSE): (State.CLOSED, _LEADERS),
            (State.RECEIVED, Act.INSTRUCT): (State.INSTRUCTED, _LEADERS),
            (State.RECEIVED, Act.FEEDBACK): (State.ANSWERED, _ACTING),
            (State.RECEIVED, Act.CLOSE): (State.CLOSED, _LEADERS),
            (State.ANSWERED, Act.INSTRUCT): (State.INSTRUCTED, _LEADERS),
            (State.ANSWERED, Act.CLOSE): (State.CLOSED, _LEADERS),
        }
    )
)


def next_brief(state: BriefState, act: BriefAct, role: Role) -> BriefState:
    """Return where the act leads a brief.

    Raises:
        ActionNotAllowed: the act has no place in this state.
        RoleNotAllowed: it has, but not for this role.
    """
    return lawful_step(BRIEF_STEPS, state, act, role, what="这份要情")


def acts_for(state: BriefState, role: Role) -> frozenset[BriefAct]:
    """What a role may do to a brief in this state."""
    return frozenset(
        act for (at, act), (_, by) in BRIEF_STEPS.items() if at is state and role in by
    )
