"""登记内容: what only some requests have, filed with the request and completed later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain import particulars as fields
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.events import ParticularsChanged
from dispatch.domain.limits import SourceLevel
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import Gender, RequesterKind
from dispatch.domain.vocabulary import Action, RequestKind, Role, Status
from dispatch.models.catalog import Category
from dispatch.models.tickets import Ticket
from dispatch.models.ties import Particulars
from dispatch.service.access import mask_phone, sees_requester, ticket_for
from dispatch.service.change import begin

_OWN = ("anonymous", "difficult", "source_level", "stated_limit", "statutory_limit")
FILED = (*fields.ROW, *_OWN, "statutory_basis")
"""Fields of a request form that this module reads."""

_OF_REQUESTER = ("enterprise_name", "enterprise_code", "contact_phone", "gender", "language")
_EMPTY: Mapping[str, Any] = {
    "requester_kind": RequesterKind.PERSON.value,
    "occurred_at": None,
    "longitude": None,
    "latitude": None,
    "tags": [],
}


@dataclass(frozen=True, kw_only=True)
class ParticularsView:
    """The fuller fields as one reader may see them; `hidden` when the requester's are left out."""

    requester_kind: RequesterKind
    enterprise_name: str
    enterprise_code: str
    contact_phone: str
    gender: str
    language: str
    reported_party: str
    reported_phone: str
    reported_code: str
    occurred_at: datetime | None
    longitude: float | None
    latitude: float | None
    grid: str
    spot: str
    source_system: str
    external_no: str
    category_as_filed: str
    tags: tuple[str, ...]
    anonymous: bool
    difficult: bool
    source_level: SourceLevel | None
    stated_limit: str
    statutory_limit: str
    statutory_basis: str
    hidden: bool

    @property
    def reported(self) -> bool:
        """Whether somebody is accused."""
        return bool(self.reported_party or self.reported_phone or self.reported_code)


def confidential_for(rules: Rules, kind: RequestKind, said: bool | None) -> bool:
    """Whether a request is confidential: as said, else as the policy has it for its kind."""
    return rules.profile.confidentiality.by_default(kind) if said is None else said


def file(session: Session, ticket: Ticket, said: Mapping[str, Any], *, now: datetime) -> None:
    """Write the fuller fields of a ticket just made; a row only when there is anything to keep.

    Raises:
        InvalidInput: names the field and says what is wrong with it.
    """
    values = fields.read({name: said[name] for name in FILED if said.get(name)}, now=now)
    fields.check_together(values)
    _put(ticket, {name: values[name] for name in values if name not in fields.ROW})
    row = {n: values[n] for n in fields.ROW if n in values and values[n] != _EMPTY.get(n, "")}
    if row.get("requester_kind") == RequesterKind.ENTERPRISE.value:
        ticket.business_environment = True
    filed_as = _path(session, ticket.category_id)
    if row or filed_as:
        session.add(
            Particulars(
                ticket_id=ticket.id,
                **{**_EMPTY, "tags": [], **row},
                category_as_filed=filed_as,
            )
        )
        session.flush()


def complete_particulars(
    session: Session,
    actor: Actor,
    number: str,
    changes: Mapping[str, Any],
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """修改登记内容: complete or correct fields; the history names the fields, not what they say.

    What the requester said stays as it was written down. Limits cannot change once a clock was
    counted from them.

    Raises:
        InvalidInput: an unknown field, a value that cannot be, no reason, or nothing new.
        ActionNotAllowed: a limit of a ticket that was dispatched.
    """
    if unknown := [name for name in changes if name not in fields.READERS]:
        raise InvalidInput(f"没有“{unknown[0][:30]}”这一项登记内容", field=unknown[0])
    if not reason.strip():
        raise InvalidInput("请写明修改的原因，例如“诉求人来电补充”", field="reason")
    ticket, target = begin(session, actor, number, Action.AMEND, expected)
    values = fields.read(changes, now=now)
    row = session.get(Particulars, ticket.id)
    before = _all_of(ticket, row)
    new = {name: value for name, value in values.items() if before[name] != value}
    if not new:
        raise InvalidInput("没有任何一项与现在登记的不同")
    _check_limits(ticket, new)
    fields.check_together(before | new)
    _put(ticket, {name: new[name] for name in new if name not in fields.ROW})
    if mine := {name: new[name] for name in new if name in fields.ROW}:
        if row is None:
            row = Particulars(ticket_id=ticket.id, **{**_EMPTY, "tags": []})
            session.add(row)
        for name, value in mine.items():
            setattr(row, name, value)
    ticket.status = target.value
    named = "、".join(fields.label_of(name) for name in fields.READERS if name in new)
    fact = ParticularsChanged(at=now, ticket_id=ticket.id, fields=named, reason=reason.strip())
    record(session, actor, fact, status=ticket.status)
    session.flush()
    return ticket


def particulars_of(session: Session, reader: Actor, number: str) -> ParticularsView:
    """The fuller fields of a ticket, as far as its reader may see them.

    A unit does not learn who asks for confidentiality, by their enterprise as little as by name.

    Raises:
        NotFound: there is none, or the reader may not see it.
    """
    ticket = ticket_for(session, reader, number)
    row = session.get(Particulars, ticket.id)
    values = _all_of(ticket, row)
    hidden = not sees_requester(reader, confidential=ticket.confidential)
    if hidden:
        values |= dict.fromkeys(_OF_REQUESTER, "")
    if reader.role is Role.LEADER and values["reported_phone"]:
        values["reported_phone"] = mask_phone(values["reported_phone"])
    shown = {name: values[name] for name in FILED}
    for name in ("stated_limit", "statutory_limit"):
        shown[name] = shown[name] or ""
    return ParticularsView(
        **shown
        | {
            "requester_kind": RequesterKind(values["requester_kind"]),
            "gender": Gender(values["gender"]).label if values["gender"] else "",
            "source_level": SourceLevel(ticket.source_level) if ticket.source_level else None,
            "tags": tuple(values["tags"]),
        },
        category_as_filed=row.category_as_filed if row else "",
        hidden=hidden,
    )


def _all_of(ticket: Ticket, row: Particulars | None) -> dict[str, Any]:
    """Every field as it stands, a missing row as an empty one."""
    blank = dict.fromkeys(fields.ROW, "") | dict(_EMPTY)
    mine = {name: getattr(row, name) if row else blank[name] for name in fields.ROW}
    own = {n: getattr(ticket, n) for n in fields.READERS if n not in fields.ROW}
    return {**mine, **own, "phone": ticket.phone or ""}


def _put(ticket: Ticket, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(ticket, name, value or None if name == "phone" else value)
    if ticket.anonymous:
        # 匿名: no unit learns the number the call came from either.
        ticket.confidential = True


def _check_limits(ticket: Ticket, new: Mapping[str, Any]) -> None:
    if ticket.dispatched_at is None or Status(ticket.status) is Status.OPEN:
        return
    for name in fields.READERS:
        if name in new and name in fields.LIMITS:
            raise ActionNotAllowed(
                f"工单已经派出，时限按当时的{fields.label_of(name)}计算，不能再改；"
                "确需更多时间的，请由承办单位申请延期或承诺办理"
            )


def _path(session: Session, category_id: int | None) -> str:
    """The category with those above it, codes and names as they are called today."""
    steps: list[str] = []
    while category_id is not None and len(steps) < 5:
        row = session.execute(
            select(Category.code, Category.name, Category.parent_id).where(
                Category.id == category_id
            )
        ).one()
        steps.insert(0, f"{row[0]} {row[1]}")
        category_id = row[2]
    return " / ".join(steps)[:200]
