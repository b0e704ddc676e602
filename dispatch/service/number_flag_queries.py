"""Number flags as people read them: lists, one flag with its evidence, an agent's warning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.call_terms import FlagKind, FlagState, FlagTreatment
from dispatch.domain.calls import CallOutcome, Direction
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Disposition
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.telephone import NumberFlag
from dispatch.service.call_back_numbers import forms_of
from dispatch.service.number_flags import may_decide, may_rule

PAGE = 50
CHOSEN_FROM = timedelta(days=180)
MOST_CALLS = 100


@dataclass(frozen=True, kw_only=True)
class EvidenceCall:
    """One call of the number; `talk_s` seconds, None when nobody answered."""

    contact_id: int
    at: datetime
    talk_s: float | None
    outcome: CallOutcome | None
    disposition: Disposition | None
    note: str
    agent: str | None
    recorded: bool


@dataclass(frozen=True, kw_only=True)
class FlagView:
    """One flag and what its reader may do with it."""

    id: int
    number: str
    kind: FlagKind
    treatment: FlagTreatment
    state: FlagState
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    appeal: str
    appealed_at: datetime | None
    appeal_by: datetime | None
    ruling: str
    evidence: tuple[int, ...]
    may_decide: bool
    may_rule: bool
    mine: bool


@dataclass(frozen=True)
class FlagNote:
    """What an agent is told of a flagged caller who got through to a person."""

    id: int
    kind: FlagKind
    treatment: FlagTreatment
    state: FlagState
    reason: str
    expires_at: datetime


def flags(
    session: Session, reader: Actor, state: FlagState, *, before: int | None = None
) -> tuple[FlagView, ...]:
    """Flags in one state, newest first; running appeals lead, since they have a date."""
    query = _query().where(NumberFlag.state == state.value)
    if before is not None:
        query = query.where(NumberFlag.id < before)
    query = query.order_by(NumberFlag.appeal_by.is_(None), NumberFlag.id.desc()).limit(PAGE)
    return tuple(_view(reader, *row) for row in session.execute(query))


def one_flag(session: Session, reader: Actor, flag_id: int) -> FlagView:
    """One flag.

    Raises:
        NotFound: there is none.
    """
    row = session.execute(_query().where(NumberFlag.id == flag_id)).first()
    if row is None:
        raise NotFound("没有找到这个号码标记")
    return _view(reader, *row)


def flag_counts(session: Session) -> dict[str, int]:
    """How many flags each state has."""
    found = session.execute(select(NumberFlag.state, func.count()).group_by(NumberFlag.state))
    counted = {row[0]: row[1] for row in found}
    return {state.value: counted.get(state.value, 0) for state in FlagState}


def calls_of(session: Session, number: str, *, now: datetime) -> tuple[EvidenceCall, ...]:
    """The number's own calls of the last half year, newest first, to choose evidence from."""
    return _calls(
        session,
        select(Contact.id)
        .where(Contact.caller.in_(forms_of(number)), Contact.started_at > now - CHOSEN_FROM)
        .where(Contact.direction == Direction.INBOUND.value)
        .order_by(Contact.started_at.desc())
        .limit(MOST_CALLS),
    )


def evidence_of(session: Session, flag: FlagView) -> tuple[EvidenceCall, ...]:
    """The calls a flag rests on, newest first."""
    return _calls(session, select(Contact.id).where(Contact.id.in_(flag.evidence)))


def warning_for(session: Session, number: str | None) -> FlagNote | None:
    """The flag in force on a caller's number, with its reason."""
    if not number:
        return None
    flag = session.scalar(
        select(NumberFlag).where(
            NumberFlag.number.in_(forms_of(number)), NumberFlag.state == FlagState.ACTIVE.value
        )
    )
    if flag is None:
        return None
    return FlagNote(
        flag.id,
        FlagKind(flag.kind),
        FlagTreatment(flag.treatment),
        FlagState(flag.state),
        flag.reason,
        flag.expires_at,
    )


def _calls(session: Session, wanted: Select[int]) -> tuple[EvidenceCall, ...]:
    found = session.execute(
        select(Contact, Staff.name)
        .outerjoin(Staff, Staff.id == Contact.agent_id)
        .where(Contact.id.in_(wanted))
        .order_by(Contact.started_at.desc())
    )
    return tuple(
        EvidenceCall(
            contact_id=contact.id,
            at=contact.started_at,
            talk_s=contact.talk_s,
            outcome=CallOutcome(contact.outcome) if contact.outcome else None,
            disposition=Disposition(contact.disposition) if contact.disposition else None,
            note=contact.disposition_note or "",
            agent=agent,
            recorded=bool(contact.recording),
        )
        for contact, agent in found
    )


def _query() -> Select[NumberFlag, str, str, str]:
    proposer, decider, ender = aliased(Staff), aliased(Staff), aliased(Staff)
    return (
        select(NumberFlag, proposer.name, decider.name, ender.name)
        .join(proposer, proposer.id == NumberFlag.proposed_by_id)
        .outerjoin(decider, decider.id == NumberFlag.decided_by_id)
        .outerjoin(ender, ender.id == NumberFlag.ended_by_id)
    )


def _view(
    reader: Actor, flag: NumberFlag, proposer: str, decider: str | None, ender: str | None
) -> FlagView:
    state = FlagState(flag.state)
    return FlagView(
        id=flag.id,
        number=flag.number,
        kind=FlagKind(flag.kind),
        treatment=FlagTreatment(flag.treatment),
        state=state,
        reason=flag.reason,
        proposed_by=proposer,
        proposed_at=flag.proposed_at,
        decided_by=decider,
        decided_at=flag.decided_at,
        expires_at=flag.expires_at,
        ended_at=flag.ended_at,
        ended_by=ender,
        appeal=flag.appeal,
        appealed_at=flag.appealed_at,
        appeal_by=flag.appeal_by,
        ruling=flag.ruling,
        evidence=tuple(flag.evidence),
        may_decide=state is FlagState.PROPOSED and may_decide(reader, flag),
        may_rule=flag.appeal_by is not None and may_rule(reader, flag),
        mine=flag.proposed_by_id == reader.staff_id,
    )
