"""The one table of what may be done to a knowledge entry, where that leads, and by whom.

The unit writes and vouches (济南条例 34, 潍坊条例 31); the centre publishes. The duties of a
知识管理员 are those of the centre: it has no role of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dispatch.domain.errors import ActionNotAllowed, RoleNotAllowed
from dispatch.domain.knowledge_terms import KnowledgeAct, KnowledgeLevel, KnowledgeStatus
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role

CENTRE = frozenset({Role.AGENT, Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER})
"""The centre's own people, who may read every level."""

WRITERS = (Role.DEPARTMENT, Role.CENTER)


@dataclass(frozen=True)
class Step:
    """Where an act leads; `by` are roles, `leader` asks for the unit's person in charge."""

    target: KnowledgeStatus
    by: tuple[Role, ...]
    leader: bool = False


_DRAFT, _APPROVED = KnowledgeStatus.DRAFT, KnowledgeStatus.APPROVED
_PUBLISHED, _WITHDRAWN = KnowledgeStatus.PUBLISHED, KnowledgeStatus.WITHDRAWN

KNOWLEDGE_STEPS: Mapping[tuple[KnowledgeStatus, KnowledgeAct], Step] = MappingProxyType(
    {
        **{(status, KnowledgeAct.EDIT): Step(_DRAFT, WRITERS) for status in KnowledgeStatus},
        (_DRAFT, KnowledgeAct.APPROVE): Step(_APPROVED, (Role.DEPARTMENT,), leader=True),
        (_APPROVED, KnowledgeAct.SEND_BACK): Step(_DRAFT, (Role.CENTER,)),
        (_APPROVED, KnowledgeAct.PUBLISH): Step(_PUBLISHED, (Role.CENTER,)),
        (_PUBLISHED, KnowledgeAct.WITHDRAW): Step(_WITHDRAWN, (Role.CENTER,)),
        (_DRAFT, KnowledgeAct.WITHDRAW): Step(_WITHDRAWN, (Role.CENTER,)),
        (_APPROVED, KnowledgeAct.WITHDRAW): Step(_WITHDRAWN, (Role.CENTER,)),
    }
)


def next_knowledge_status(
    status: KnowledgeStatus, act: KnowledgeAct, actor: Actor
) -> KnowledgeStatus:
    """Where the act leads.

    Raises:
        ActionNotAllowed: not in this state.
        RoleNotAllowed: not by this person.
    """
    step = KNOWLEDGE_STEPS.get((status, act))
    if step is None:
        raise ActionNotAllowed(f"条目现在是“{status.label}”，不能{act.label}")
    if actor.role not in step.by:
        raise RoleNotAllowed(f"{act.label}由{'、'.join(role.label for role in step.by)}进行")
    if step.leader and not actor.approver:
        raise RoleNotAllowed(f"{act.label}由本单位负责人进行")
    return step.target


def knowledge_acts(status: KnowledgeStatus, actor: Actor) -> tuple[KnowledgeAct, ...]:
    """What this person may do to an entry of his reach in this state."""
    return tuple(
        act
        for (at, act), step in KNOWLEDGE_STEPS.items()
        if at is status and actor.role in step.by and (actor.approver or not step.leader)
    )


def readable_levels(role: Role | None) -> tuple[KnowledgeLevel, ...]:
    """The levels somebody may read; None is the public."""
    if role in CENTRE:
        return tuple(KnowledgeLevel)
    if role is None:
        return (KnowledgeLevel.PUBLIC,)
    return (KnowledgeLevel.PUBLIC, KnowledgeLevel.AGENT)
