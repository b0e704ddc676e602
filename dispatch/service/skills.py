"""Skills of agents: who may serve which queue, who is rung later, which queue has nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.call_rules import QueueRule, row_of
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.events import SkillsChanged
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState, Membership, Seat
from dispatch.domain.rules import Rules
from dispatch.domain.seating import memberships, serves
from dispatch.domain.vocabulary import Role
from dispatch.models.people import SeatRow, Staff
from dispatch.models.telephone import StaffSkill
from dispatch.service.access import require_role
from dispatch.service.seat_wishes import seat_for, skills_by_staff

MOST_PENALTY = 9


@dataclass(frozen=True, kw_only=True)
class AgentSkills:
    """One person who may take calls: skill to penalty, and the queues that come of it."""

    staff_id: int
    extension: str
    name: str
    skills: Mapping[str, int]
    queues: tuple[Membership, ...]
    signed_in: bool


@dataclass(frozen=True, kw_only=True)
class QueueCover:
    """One queue with those who may serve it, and those of them who are signed in."""

    rule: QueueRule
    needs: tuple[str, ...]
    agents: tuple[str, ...]
    signed_in: int

    @property
    def warning(self) -> str:
        """What is missing, or nothing."""
        if not self.agents:
            return "没有话务员具备所需技能"
        return "" if self.signed_in else "现在没有人签入"


@dataclass(frozen=True)
class SkillGrid:
    """All agents by all skills, and what it means for the queues."""

    agents: tuple[AgentSkills, ...]
    queues: tuple[QueueCover, ...]


def grid(session: Session, rules: Rules) -> SkillGrid:
    """Every active agent with an extension, by extension, and every queue of the policy."""
    wished = {row.staff_id: row.state for row in session.scalars(select(SeatRow))}
    skills = skills_by_staff(session)
    agents = tuple(
        AgentSkills(
            staff_id=staff.id,
            extension=staff.extension or "",
            name=staff.name,
            skills=skills.get(staff.id, {}),
            queues=memberships(rules, skills.get(staff.id, {})),
            signed_in=wished.get(staff.id, AgentState.SIGNED_OUT) != AgentState.SIGNED_OUT,
        )
        for staff in session.scalars(
            select(Staff)
            .where(Staff.role == Role.AGENT.value)
            .where(Staff.extension.is_not(None), Staff.active.is_(True))
            .order_by(Staff.extension)
        )
    )
    labels = {row.code: row.label for row in rules.profile.calls.skills}
    return SkillGrid(agents, tuple(_cover(q, agents, labels) for q in rules.profile.calls.queues))


def set_skills(
    session: Session,
    actor: Actor,
    staff_id: int,
    chosen: Mapping[str, int],
    rules: Rules,
    *,
    now: datetime,
) -> Seat | None:
    """Give a person exactly these skills; return his seat to assert, if he has one.

    A skill the policy no longer knows stays as it is: nobody could have chosen it.

    Raises:
        RoleNotAllowed: the actor neither supervises nor administers.
        NotFound: no active agent with an extension has this id.
        InvalidInput: no such skill in the policy, or a penalty beyond 0 to 9.
    """
    require_role(actor, Role.SUPERVISOR, Role.ADMIN)
    staff = session.get(Staff, staff_id)
    ours = staff is not None and staff.role == Role.AGENT.value and staff.active
    if staff is None or staff.extension is None or not ours:
        raise NotFound("没有这位话务员，或账号没有分机号")
    known = rules.profile.calls.skills
    for code, penalty in chosen.items():
        row_of(known, code, "技能")
        if not 0 <= penalty <= MOST_PENALTY:
            raise InvalidInput(f"次序应在 0 到 {MOST_PENALTY} 之间", field=f"skill_{code}")
    had = skills_by_staff(session).get(staff_id, {})
    codes = {row.code for row in known}
    if {code: penalty for code, penalty in had.items() if code in codes} == dict(chosen):
        return None
    replaced = (StaffSkill.staff_id == staff_id) & StaffSkill.skill.in_(codes)
    session.execute(delete(StaffSkill).where(replaced))
    session.add_all(StaffSkill(staff_id=staff_id, skill=c, penalty=p) for c, p in chosen.items())
    words = "、".join(f"{row.label}({chosen[row.code]})" for row in known if row.code in chosen)
    record(session, actor, SkillsChanged(at=now, extension=staff.extension, skills=words))
    seat = session.get(SeatRow, staff_id)
    return seat_for(session, seat, rules) if seat is not None else None


def _cover(
    queue: QueueRule, agents: tuple[AgentSkills, ...], labels: Mapping[str, str]
) -> QueueCover:
    serving = [agent for agent in agents if serves(queue, agent.skills)]
    return QueueCover(
        rule=queue,
        needs=tuple(labels.get(code, code) for code in queue.skills),
        agents=tuple(agent.name for agent in serving),
        signed_in=sum(agent.signed_in for agent in serving),
    )
