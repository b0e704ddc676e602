"""The town of the storms: three tiers of units, everybody who may act, and two policies."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import DepartmentKind, RequestKind, Role
from dispatch.models.people import Department, Staff

UNITS: dict[str, tuple[str, str | None]] = {
    "CG": ("bureau", None),
    "ZJ": ("bureau", None),
    "GL": ("district", None),
    "JD": ("township", "GL"),
    "SQ": ("branch", "JD"),
    "SH": ("bureau", None),
}
"""Code → class and the unit above."""

PEOPLE: dict[str, tuple[Role, bool]] = {
    "agent": (Role.AGENT, False),
    "first dispatcher": (Role.DISPATCHER, False),
    "second dispatcher": (Role.DISPATCHER, False),
    "caller": (Role.FOLLOW_UP, False),
    "supervisor": (Role.SUPERVISOR, False),
    "auditor": (Role.CENTER, False),
    "director": (Role.CENTER, True),
    "mayor": (Role.LEADER, False),
}
"""The centre's people, and whether each is in charge."""


@dataclass(frozen=True)
class StormTown:
    """Who may act; `units` are the liaisons by code, `heads` those in charge of the units."""

    centre: dict[str, Actor]
    units: dict[str, Actor]
    heads: dict[str, Actor]
    codes: dict[int, str]

    @property
    def everybody(self) -> list[Actor]:
        """All actors in a fixed order."""
        return [*self.centre.values(), *self.units.values(), *self.heads.values()]

    def of(self, role: Role, department_id: int | None = None) -> list[Actor]:
        """The actors of a role; of the unit role only that unit's when it is named."""
        return [
            actor
            for actor in self.everybody
            if actor.role is role
            and (department_id is None or actor.department_id == department_id)
        ]


def found_town(database: Database) -> StormTown:
    """Write units and staff; return them as actors."""
    ids: dict[str, int] = {}
    with database.work() as s:
        for code, (kind, above) in UNITS.items():
            unit = Department(
                code=code,
                name=f"{code}单位",
                short_name=code,
                tier=2 if above is None else 3,
                kind=kind,
                parent_id=ids[above] if above else None,
            )
            s.add(unit)
            s.flush()
            ids[code] = unit.id
        wanted: list[tuple[str, Role, str | None, bool]]
        wanted = [(name, role, None, head) for name, (role, head) in PEOPLE.items()]
        wanted += [(f"{code} clerk", Role.DEPARTMENT, code, False) for code in UNITS]
        wanted += [(f"{code} head", Role.DEPARTMENT, code, True) for code in UNITS]
        actors: dict[str, Actor] = {}
        for name, role, of, head in wanted:
            staff = Staff(
                login=name.replace(" ", "."),
                name=name,
                role=role.value,
                department_id=ids[of] if of else None,
                password_hash="-",
                approver=head,
            )
            s.add(staff)
            s.flush()
            actors[name] = Actor(
                name=name,
                role=role,
                staff_id=staff.id,
                department_id=staff.department_id,
                approver=head,
            )
    return StormTown(
        centre={name: actors[name] for name in PEOPLE},
        units={code: actors[f"{code} clerk"] for code in UNITS},
        heads={code: actors[f"{code} head"] for code in UNITS},
        codes={id_: code for code, id_ in ids.items()},
    )


def plain_rules() -> Rules:
    """The default policy."""
    return Rules(load_profile("default"), load_calendar())


def strict_rules() -> Rules:
    """A policy with everything switched on: approval, commitments, further extensions."""
    profile = load_profile("default")
    profile = replace(
        profile,
        name="strict",
        approval=replace(
            profile.approval,
            kinds=frozenset({RequestKind.REPORT}),
            unit_classes=frozenset({DepartmentKind.TOWNSHIP}),
        ),
        extension=replace(profile.extension, max_times=2, commitment_max_months=6),
        hold=replace(profile.hold, max_times=2),
        redo=replace(profile.redo, max_times=1),
    )
    return Rules(profile, load_calendar())
