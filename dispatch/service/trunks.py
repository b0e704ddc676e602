"""Trunks: the ways out to carriers and to the emergency services, set by an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.call_terms import TrunkKind, TrunkSecurity
from dispatch.domain.errors import EmergencyNotSet, InvalidInput, NotFound
from dispatch.domain.events import TrunkChanged
from dispatch.domain.people import Actor
from dispatch.domain.ports import Seal
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Staff
from dispatch.models.telephone import Trunk
from dispatch.service.access import require_role
from dispatch.service.trunk_forms import TrunkForm, check, peers_of


@dataclass(frozen=True, kw_only=True)
class TrunkView:
    """A trunk as it may be shown: no secret, only whether there is one."""

    code: str
    label: str
    kind: TrunkKind
    host: str
    port: int
    security: TrunkSecurity
    peers: str
    register: bool
    username: str
    has_secret: bool
    caller_id: str
    node: str
    active: bool
    set_by: str
    set_at: datetime


def listed(session: Session, reader: Actor) -> list[TrunkView]:
    """Every trunk ever set, those in use first."""
    require_role(reader, Role.ADMIN)
    rows = session.execute(
        select(Trunk, Staff.name)
        .outerjoin(Staff, Staff.id == Trunk.set_by_id)
        .order_by(Trunk.active.desc(), Trunk.kind, Trunk.code)
    )
    return [_view(row, name or "") for row, name in rows]


def save(
    session: Session,
    actor: Actor,
    form: TrunkForm,
    seal: Seal,
    *,
    nodes: tuple[str, ...] = (),
    now: datetime,
) -> Trunk:
    """Set a trunk, or change the one of this code; it is in use from the next plan on.

    `nodes` are the telephone systems there are; a trunk of "" belongs to all of them.

    Raises:
        InvalidInput: a value that cannot be, or an emergency trunk without the confirmation.
    """
    require_role(actor, Role.ADMIN)
    check(form, nodes)
    code = form.code.strip()
    row = session.get(Trunk, code, with_for_update=True)
    secret = seal.seal_text(form.password) if form.password else (row.secret if row else "")
    if form.register and not secret:
        raise InvalidInput("向运营商注册需要密码", field="password")
    if row is None:
        row = Trunk(code=code)
        session.add(row)
    row.label, row.kind = form.label.strip(), form.kind
    row.host, row.port, row.security = form.host.strip(), form.port, form.security
    row.peers = ",".join(peers_of(form.peers))
    row.register, row.username, row.secret = form.register, form.username.strip(), secret
    row.caller_id, row.node, row.active = form.caller_id.strip(), form.node, True
    row.set_by_id, row.set_at = actor.staff_id, now
    session.flush()
    record(session, actor, TrunkChanged(at=now, code=code, active=True))
    return row


def set_active(session: Session, actor: Actor, code: str, active: bool, *, now: datetime) -> None:
    """Take a trunk out of use, or back; what was set stays.

    Raises:
        NotFound: there is no such trunk.
    """
    require_role(actor, Role.ADMIN)
    row = session.get(Trunk, code, with_for_update=True)
    if row is None:
        raise NotFound(f"没有代码为 {code} 的中继")
    if row.active == active:
        return
    row.active, row.set_by_id, row.set_at = active, actor.staff_id, now
    session.flush()
    record(session, actor, TrunkChanged(at=now, code=code, active=active))


def emergency(session: Session, node: str = "") -> Trunk:
    """The way to the emergency services, of this node or of any.

    Raises:
        EmergencyNotSet: no administrator has set one: nothing is dialled.
    """
    found = _of_kind(session, TrunkKind.EMERGENCY, node)
    if found is None:
        raise EmergencyNotSet
    return found


def carrier(session: Session, node: str = "") -> Trunk | None:
    """The way out to the carrier; None: the one of the installation's own settings."""
    return _of_kind(session, TrunkKind.CARRIER, node)


def one(session: Session, reader: Actor, code: str) -> TrunkView:
    """One trunk.

    Raises:
        NotFound: there is no such trunk.
    """
    found = next((view for view in listed(session, reader) if view.code == code), None)
    if found is None:
        raise NotFound(f"没有代码为 {code} 的中继")
    return found


def _of_kind(session: Session, kind: TrunkKind, node: str) -> Trunk | None:
    # The node's own before the one that every node has.
    query = select(Trunk).where(Trunk.kind == kind.value, Trunk.active.is_(True))
    if node:
        query = query.where(Trunk.node.in_(("", node)))
    return session.scalars(query.order_by(Trunk.node.desc(), Trunk.code).limit(1)).first()


def _view(row: Trunk, set_by: str) -> TrunkView:
    return TrunkView(
        code=row.code,
        label=row.label,
        kind=TrunkKind(row.kind),
        host=row.host,
        port=row.port,
        security=TrunkSecurity(row.security),
        peers=row.peers,
        register=row.register,
        username=row.username,
        has_secret=bool(row.secret),
        caller_id=row.caller_id,
        node=row.node,
        active=row.active,
        set_by=set_by,
        set_at=row.set_at,
    )
