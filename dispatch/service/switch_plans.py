"""The switch plan of a moment, and how each node took it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, select

from dispatch.db import Session
from dispatch.domain.call_terms import LineStanding, TrunkKind, TrunkSecurity
from dispatch.domain.errors import SealBroken
from dispatch.domain.opening import is_open
from dispatch.domain.people import Actor
from dispatch.domain.ports import Seal
from dispatch.domain.rules import Rules
from dispatch.domain.switch_plan import PlannedLine, PlannedTrunk, SwitchPlan
from dispatch.domain.vocabulary import LineState
from dispatch.domain.worktime import local
from dispatch.models.catalog import Line
from dispatch.models.people import Staff
from dispatch.models.telephone import SwitchChange, Trunk
from dispatch.service.line_forms import USUAL_QUEUE
from dispatch.service.lines import standing


@dataclass(frozen=True, kw_only=True)
class Application:
    """The newest application of the plan to a node; `problem` "" means that it took."""

    node: str
    digest: str
    at: datetime
    by: str
    problem: str


def plan_of(
    session: Session, rules: Rules, seal: Seal, *, node: str = "", now: datetime
) -> SwitchPlan:
    """What the telephone system of this node is to do at this moment.

    A line that does not hold yet, or no longer, is answered all the same, by the usual queue
    and under a name that says so: the number may still be printed somewhere.

    Raises:
        SealBroken: a trunk's password cannot be opened; the message names the trunk.
    """
    profile = rules.profile
    trunks = _trunks(session, seal, node)
    emergency = any(trunk.kind is TrunkKind.EMERGENCY for trunk in trunks)
    return SwitchPlan(
        queues=profile.calls.queues,
        lines=_lines(session, rules, now),
        trunks=trunks,
        menu=profile.calls.menu if profile.menus.enabled else (),
        menu_tries=profile.menus.tries,
        open=is_open(profile.opening, rules.calendar, now),
        closed_to=profile.opening.closed_to,
        area_code=profile.dialling.area_code,
        emergency=profile.calls.emergency if emergency else (),
        rate_after_s=profile.agent_rating.least_talk_s if profile.agent_rating.ask else None,
        languages=profile.survey.languages,
    )


def record_application(
    session: Session,
    node: str,
    digest: str,
    *,
    problem: str = "",
    by: Actor | None = None,
    now: datetime,
) -> SwitchChange:
    """Write down that a plan was applied to a node, or why it could not be.

    A failure that repeats by itself is one row with the moment of the newest attempt.
    """
    last = session.scalars(_newest(node)).first()
    again = problem and by is None and last is not None
    if again and last is not None and (last.digest, last.problem) == (digest, problem):
        last.at = now
        return last
    row = SwitchChange(
        node=node,
        digest=digest,
        at=now,
        by_id=by.staff_id if by else None,
        problem=problem,
    )
    session.add(row)
    session.flush()
    return row


def last_application(session: Session, node: str) -> Application | None:
    """How the node took the newest plan; None when it never got one."""
    row = session.scalars(_newest(node)).first()
    if row is None:
        return None
    by = session.get(Staff, row.by_id) if row.by_id is not None else None
    return Application(
        node=row.node,
        digest=row.digest,
        at=row.at,
        by=by.name if by else "",
        problem=row.problem,
    )


def applications(session: Session, nodes: Sequence[str]) -> list[Application]:
    """The newest application of each node that ever got one."""
    found = (last_application(session, node) for node in nodes)
    return [one for one in found if one is not None]


def _newest(node: str) -> Select[SwitchChange]:
    query = select(SwitchChange).where(SwitchChange.node == node)
    return query.order_by(SwitchChange.id.desc()).limit(1)


def _lines(session: Session, rules: Rules, now: datetime) -> tuple[PlannedLine, ...]:
    queues = {queue.code for queue in rules.profile.calls.queues}
    today = local(now).date()
    return tuple(
        _line(row, standing(row, today), queues)
        for row in session.scalars(select(Line).order_by(Line.number))
    )


def _line(row: Line, now_is: LineStanding, queues: set[str]) -> PlannedLine:
    if now_is is not LineStanding.IN_FORCE and row.state != LineState.MAIN.value:
        return PlannedLine(
            number=row.number, name=f"{row.name}（{now_is.label}）", queue=USUAL_QUEUE
        )
    return PlannedLine(
        number=row.number,
        name=row.name,
        queue=row.queue if row.queue in queues else USUAL_QUEUE,
        greeting=row.greeting,
        language=row.language,
    )


def _trunks(session: Session, seal: Seal, node: str) -> tuple[PlannedTrunk, ...]:
    rows = session.scalars(
        select(Trunk).where(Trunk.active.is_(True), Trunk.node.in_(("", node))).order_by(Trunk.code)
    )
    return tuple(_trunk(row, seal) for row in rows)


def _trunk(row: Trunk, seal: Seal) -> PlannedTrunk:
    try:
        password = seal.unseal_text(row.secret) if row.secret else ""
    except SealBroken as broken:
        raise SealBroken(f"中继“{row.label}”：{broken}") from broken
    return PlannedTrunk(
        code=row.code,
        kind=TrunkKind(row.kind),
        host=row.host,
        port=row.port,
        security=TrunkSecurity(row.security),
        peers=tuple(peer.strip() for peer in row.peers.split(",") if peer.strip()),
        register=row.register,
        username=row.username,
        password=password,
        caller_id=row.caller_id,
        revision=row.set_at.astimezone(UTC).isoformat(),
    )
