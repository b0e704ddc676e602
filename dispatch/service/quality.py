"""质检评分: one person's sheet, or two unknown to each other, and a third where they differ.

Nobody scores a call of his own, nobody scores twice, and nobody who scored rules. Until both
sheets of a double check are in, no reader is told that there is a first one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound, OwnRequest
from dispatch.domain.events import QualityChecked
from dispatch.domain.judging_terms import CheckState
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.contacts import Contact
from dispatch.models.judging import QualityCheck, QualityScore
from dispatch.service.access import require_role

SCORERS = (Role.SUPERVISOR, Role.CENTER)
"""Who scores: the centre's people who take no calls from the queue."""

LONGEST_NOTE = 2000
OPEN = (CheckState.FIRST.value, CheckState.SECOND.value)


def score(
    session: Session,
    actor: Actor,
    check_id: int,
    points: Mapping[str, str],
    rules: Rules,
    *,
    note: str = "",
    now: datetime,
) -> QualityCheck:
    """Hand in one's sheet: points as typed by the lines' codes; whole numbers, each within its
    line's most.

    Raises:
        InvalidInput: a line is empty or out of its range; the field is the line's code.
        OwnRequest: it is the actor's own call, or the actor has scored it.
    """
    check = _check_in(session, actor, check_id, OPEN)
    if actor.staff_id is None or _is_own(session, actor, check):
        raise OwnRequest("自己接的电话不能自己评分，请换一位同事")
    before = _scores(session, check)
    if any(one.staff_id == actor.staff_id for one in before):
        raise OwnRequest("您已经评过这一件；复评由另一位同事进行")
    given = {line["code"]: _points(line, points) for line in check.sheet}
    mine = QualityScore(
        check_id=check.id,
        staff_id=actor.staff_id,
        points=given,
        total=sum(given.values()),
        note=note.strip()[:LONGEST_NOTE],
        at=now,
    )
    session.add(mine)
    session.flush()
    totals = [one.total for one in (*before, mine)]
    if check.twice and len(totals) < 2:
        check.state = CheckState.SECOND.value
    elif max(totals) - min(totals) > rules.profile.quality.apart_points:
        check.state = CheckState.DISPUTED.value
    else:
        _finish(check, mean_of(totals), now)
    _tell(session, actor, check, now)
    return check


def rule(
    session: Session,
    actor: Actor,
    check_id: int,
    *,
    final: str,
    ruling: str,
    now: datetime,
) -> QualityCheck:
    """裁定 by a third person who has read both sheets; `final` is typed, 0 to the sheet's sum.

    Raises:
        InvalidInput: the points or the reason do not do.
        OwnRequest: the actor scored it, or it is the actor's own call.
    """
    check = _check_in(session, actor, check_id, (CheckState.DISPUTED.value,))
    if not may_rule(session, actor, check):
        raise OwnRequest("评过分的人和被质检的人都不能裁定，请第三位同事裁定")
    most = sum(line["points"] for line in check.sheet)
    if not _whole(final) or not 0 <= int(final) <= most:
        raise InvalidInput(f"请填写 0 至 {most} 的整数", field="final")
    if not ruling.strip():
        raise InvalidInput("请写明裁定的理由：两份评分哪里不同，以哪一份为准", field="ruling")
    check.ruled_by_id, check.ruling = actor.staff_id, ruling.strip()[:LONGEST_NOTE]
    _finish(check, int(final), now)
    _tell(session, actor, check, now)
    return check


def may_rule(session: Session, actor: Actor, check: QualityCheck) -> bool:
    """Whether the person may rule: a scorer by role, and neither of the two, nor the agent."""
    if actor.role not in SCORERS or actor.staff_id is None or _is_own(session, actor, check):
        return False
    return all(one.staff_id != actor.staff_id for one in _scores(session, check))


def mean_of(totals: Sequence[int]) -> int:
    """The mean of one sheet or two, half a point in favour of who is checked."""
    return -(-sum(totals) // len(totals))


def _check_in(session: Session, actor: Actor, check_id: int, states: Sequence[str]) -> QualityCheck:
    require_role(actor, *SCORERS)
    check = session.get(QualityCheck, check_id, with_for_update=True, populate_existing=True)
    if check is None:
        raise NotFound("没有找到这件质检")
    if check.state not in states:
        now_in = "已完成" if check.state == CheckState.DONE.value else "待裁定"
        if check.state in OPEN:
            now_in = "待评分"
        raise ActionNotAllowed(f"这件质检现在是“{now_in}”，不能再做这一步")
    return check


def _is_own(session: Session, actor: Actor, check: QualityCheck) -> bool:
    if check.contact_id is None:
        return False
    return session.get_one(Contact, check.contact_id).agent_id == actor.staff_id


def _scores(session: Session, check: QualityCheck) -> Sequence[QualityScore]:
    query = select(QualityScore).where(QualityScore.check_id == check.id)
    return session.scalars(query.order_by(QualityScore.id)).all()


def _points(line: Mapping[str, object], typed: Mapping[str, str]) -> int:
    code, most = str(line["code"]), int(str(line["points"]))
    said = typed.get(code, "").strip()
    if not _whole(said) or not 0 <= int(said) <= most:
        raise InvalidInput(f"“{line['label']}”请填写 0 至 {most} 的整数", field=code)
    return int(said)


def _whole(typed: str) -> bool:
    said = typed.strip()
    return said.isascii() and said.isdecimal() and len(said) <= 4


def _finish(check: QualityCheck, final: int, now: datetime) -> None:
    check.final, check.done_at, check.state = final, now, CheckState.DONE.value


def _tell(session: Session, actor: Actor, check: QualityCheck, now: datetime) -> None:
    # FIRST and SECOND look the same to everybody: who hears of a first sheet is no longer blind.
    state = CheckState.FIRST.value if check.state in OPEN else check.state
    record(session, actor, QualityChecked(at=now, check_id=check.id, state=state))
