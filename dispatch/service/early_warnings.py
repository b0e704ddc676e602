"""预警 kept: told once a window, growing while it lasts, settled by a person or by itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.early import Sign
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import EarlyWarningChanged
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.reporting_terms import WarningKind, WarningState
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.reporting import EarlyWarning
from dispatch.service import catalogue, notices
from dispatch.service.access import require_role

SETTLERS = (Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER)
LOOKED = "early-warnings"
KEPT = 200
"""Numbers of tickets kept on a warning; all are counted."""

APART = 3
"""More new warnings of one kind in one look are told of together."""

LONGEST = 1_000
TOLD = {
    WarningKind.SURGE: Role.SUPERVISOR,
    WarningKind.ABOUT_TO_MISS: Role.SUPERVISOR,
    WarningKind.WANDERING: Role.DISPATCHER,
    WarningKind.KNOWLEDGE_GAP: Role.CENTER,
}
GONE = {
    WarningKind.SURGE: "已回落：最近一次查找时不再高于以往范围",
    WarningKind.ABOUT_TO_MISS: "压力已解除：按办结速度不再预计超期",
    WarningKind.WANDERING: "已不再流转：有单位承办或已办结",
    WarningKind.KNOWLEDGE_GAP: "已有答案、不予补充，或近期不再有人问",
}


def keep(
    session: Session, kinds: Collection[WarningKind], found: Sequence[Sign], *, now: datetime
) -> int:
    """Write what a look for some kinds found; return how many warnings were told anew.

    An open one is brought up to date; one that was settled or called false is silent for the
    rest of its window; an open one that is not found any more settles itself.
    """
    # The row of the last look serializes the looks of several processes.
    catalogue.put_checkpoint(session, LOOKED, now.isoformat())
    session.flush()
    still_open = {
        (row.kind, row.subject): row
        for row in session.scalars(
            select(EarlyWarning)
            .where(
                EarlyWarning.state == WarningState.OPEN.value,
                EarlyWarning.kind.in_([kind.value for kind in kinds]),
            )
            .execution_options(populate_existing=True)
        )
    }
    fresh: list[Sign] = []
    for sign in found:
        row = still_open.pop((sign.kind.value, sign.subject), None)
        if row is not None:
            _describe(row, sign)
        elif not _was_told(session, sign):
            _open(session, sign, now)
            fresh.append(sign)
    _notify(session, fresh, now)
    for row in still_open.values():
        row.state, row.settled_at = WarningState.SETTLED.value, now
        row.outcome = GONE[WarningKind(row.kind)]
        _moved(session, SYSTEM, row, now)
    return len(fresh)


def settle(
    session: Session,
    actor: Actor,
    warning_id: int,
    *,
    outcome: str,
    false: bool = False,
    now: datetime,
) -> EarlyWarning:
    """处置 with what was done, or 误报 with why; either is final for this window.

    Raises:
        InvalidInput: nothing is written down.
        NotFound: there is none.
        ActionNotAllowed: it is not open any more.
    """
    require_role(actor, *SETTLERS)
    words = outcome.strip()
    if not words:
        missing = "请写明为什么是误报" if false else "请写明采取了什么措施、结果如何"
        raise InvalidInput(missing, field="outcome")
    if len(words) > LONGEST:
        raise InvalidInput(f"最多 {LONGEST} 个字，请删减后提交", field="outcome")
    row = session.get(EarlyWarning, warning_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("没有找到这条预警")
    if row.state != WarningState.OPEN.value:
        raise ActionNotAllowed(f"这条预警“{WarningState(row.state).label}”，不必再处置")
    state = WarningState.FALSE if false else WarningState.SETTLED
    row.state, row.outcome = state.value, words
    row.settled_at, row.settled_by_id = now, actor.staff_id
    _moved(session, actor, row, now)
    return row


def _was_told(session: Session, sign: Sign) -> bool:
    told = select(EarlyWarning.id).where(
        EarlyWarning.kind == sign.kind.value,
        EarlyWarning.subject == sign.subject[:120],
        EarlyWarning.since == sign.since,
    )
    return session.scalar(told) is not None


def _open(session: Session, sign: Sign, now: datetime) -> None:
    row = EarlyWarning(
        kind=sign.kind.value,
        subject=sign.subject[:120],
        since=sign.since,
        found_at=now,
        state=WarningState.OPEN.value,
    )
    _describe(row, sign)
    session.add(row)
    _moved(session, SYSTEM, row, now)


def _notify(session: Session, fresh: Sequence[Sign], now: datetime) -> None:
    """Tell the role of each kind; many of one kind in one look are one notice."""
    notice = NoticeKind.EARLY_WARNING
    for kind, role in TOLD.items():
        mine = [sign for sign in fresh if sign.kind is kind]
        said = [sign.words for sign in mine]
        if len(mine) > APART:
            said = [f"新增 {len(mine)} 条，如：{mine[0].words}"]
        for words in said:
            text = f"{kind.label}：{words}请在“预警”中查看。"
            notices.tell(session, notice, text, role=role, now=now)
    for sign in fresh:
        if sign.kind is WarningKind.ABOUT_TO_MISS and sign.department_id is not None:
            own = f"{sign.words}请优先办理即将到期的工单。"
            notices.tell(session, notice, own, department_id=sign.department_id, now=now)


def _describe(row: EarlyWarning, sign: Sign) -> None:
    row.level, row.words, row.count = sign.level, sign.words, sign.count
    row.expected, row.category_id = sign.expected, sign.category_id
    row.division, row.department_id = sign.division, sign.department_id
    row.tickets = list(sign.tickets[:KEPT])


def _moved(session: Session, actor: Actor, row: EarlyWarning, now: datetime) -> None:
    session.flush()
    record(session, actor, EarlyWarningChanged(at=now, warning_id=row.id, state=row.state))
