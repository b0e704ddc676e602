"""Who is acting."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.vocabulary import Role


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The signed-in person, or the system itself when `staff_id` is None.

    `approver` marks the person in charge (负责人): of a unit, who signs its replies off; of the
    centre, who rules on what needs the higher approver.
    """

    name: str
    role: Role
    staff_id: int | None = None
    department_id: int | None = None
    extension: str | None = None
    approver: bool = False


SYSTEM = Actor(name="系统", role=Role.SYSTEM)
