"""联席会议: cases of enterprises that one unit alone cannot settle, from raising to being done.

A case waits until a meeting lists it; the meeting is held with its minutes; each case then gets a
conclusion with a unit and a day; the unit or the centre says when it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import JointCaseChanged
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import CaseState, MeetingState
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Department
from dispatch.models.reporting import JointCase, JointMeeting
from dispatch.service import notices
from dispatch.service.access import require_role, ticket_for

RAISING = (Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER)
CONVENING = (Role.SUPERVISOR, Role.CENTER)
UNDER_WAY = (CaseState.RAISED, CaseState.LISTED, CaseState.CONCLUDED)
LONGEST, TITLE = 4_000, 120
MOST_CASES, MOST_UNITS = 50, 30


def raise_case(
    session: Session, actor: Actor, number: str, *, question: str, now: datetime
) -> JointCase:
    """提请上会: bring an enterprise's request before the next meeting.

    Raises:
        NotFound: there is no such ticket, or the actor may not see it.
        InvalidInput: no question, or the ticket is not one of the business environment.
        ActionNotAllowed: it waits for a meeting or its conclusion already.
    """
    require_role(actor, *RAISING)
    if not number:
        raise InvalidInput("请填写工单编号", field="ticket")
    ticket = ticket_for(session, actor, number, for_update=True)
    if not ticket.business_environment:
        words = "这张工单没有标为营商环境；请先在工单的“更正信息”里勾选营商环境"
        raise InvalidInput(words, field="ticket")
    words = _words(question, "question", "请写明需要联席会议议定什么")
    states = [state.value for state in UNDER_WAY]
    open_one = select(JointCase.id).where(
        JointCase.ticket_id == ticket.id, JointCase.state.in_(states)
    )
    if session.scalar(open_one.limit(1)) is not None:
        raise ActionNotAllowed(f"工单 {number} 已经提请上会，请在原来的议题上继续")
    case = JointCase(
        ticket_id=ticket.id,
        question=words,
        state=CaseState.RAISED.value,
        raised_at=now,
        raised_by_id=actor.staff_id,
    )
    session.add(case)
    session.flush()
    _told(session, actor, case, words, now)
    return case


def withdraw_case(session: Session, actor: Actor, case_id: int, *, now: datetime) -> JointCase:
    """撤回 a case that has no conclusion yet; on an agenda it leaves it.

    Raises:
        ActionNotAllowed: it has its conclusion, or was withdrawn already.
    """
    require_role(actor, *RAISING)
    case = _case(session, case_id, CaseState.RAISED, CaseState.LISTED)
    case.state, case.meeting_id, case.settled_at = CaseState.WITHDRAWN.value, None, now
    _told(session, actor, case, "", now)
    return case


def call_meeting(
    session: Session,
    actor: Actor,
    *,
    title: str,
    held_at: datetime | None,
    place: str,
    units: Sequence[str],
    cases: Sequence[int],
    now: datetime,
) -> JointMeeting:
    """召集: a meeting of these units (codes) about these cases; each unit is told.

    Raises:
        InvalidInput: no title, no moment, no case, or an unknown unit.
        ActionNotAllowed: one of the cases does not wait for a meeting.
    """
    require_role(actor, *CONVENING)
    if held_at is None:
        raise InvalidInput("请填写开会时间", field="held_at")
    if not cases or len(cases) > MOST_CASES:
        raise InvalidInput(f"请选择 1 至 {MOST_CASES} 个议题", field="cases")
    invited = _units(session, units)
    meeting = JointMeeting(
        title=_words(title, "title", "请写会议名称", TITLE),
        held_at=held_at,
        place=place.strip()[:TITLE],
        units=[unit.code for unit in invited],
        state=MeetingState.CALLED.value,
        called_at=now,
        called_by_id=actor.staff_id,
    )
    session.add(meeting)
    session.flush()
    for case_id in dict.fromkeys(cases):
        case = _case(session, case_id, CaseState.RAISED)
        case.meeting_id, case.state = meeting.id, CaseState.LISTED.value
        _told(session, actor, case, meeting.title, now)
    for unit in invited:
        words = f"请参加联席会议“{meeting.title}”，地点：{meeting.place or '另行通知'}。"
        notices.tell(session, NoticeKind.JOINT_MEETING, words, department_id=unit.id, now=now)
    return meeting


def hold(
    session: Session, actor: Actor, meeting_id: int, *, minutes: str, now: datetime
) -> JointMeeting:
    """记录纪要: the meeting was held; its cases may now get their conclusions.

    Raises:
        InvalidInput: no minutes.
        ActionNotAllowed: it is not a meeting that was called.
    """
    require_role(actor, *CONVENING)
    meeting = _meeting(session, meeting_id, MeetingState.CALLED)
    if meeting.held_at is not None and meeting.held_at > now:
        raise ActionNotAllowed("会议还没有到开会时间；如已提前召开，请取消后按实际时间重新召集")
    meeting.minutes = _words(minutes, "minutes", "请写会议纪要")
    meeting.state = MeetingState.HELD.value
    return meeting


def cancel(
    session: Session, actor: Actor, meeting_id: int, *, why: str, now: datetime
) -> JointMeeting:
    """取消: the cases wait for another meeting; the units are told.

    Raises:
        InvalidInput: no reason.
        ActionNotAllowed: it was held or cancelled already.
    """
    require_role(actor, *CONVENING)
    meeting = _meeting(session, meeting_id, MeetingState.CALLED)
    meeting.minutes = _words(why, "minutes", "请写明取消的原因")
    meeting.state = MeetingState.CANCELLED.value
    for case in session.scalars(select(JointCase).where(JointCase.meeting_id == meeting.id)):
        case.meeting_id, case.state = None, CaseState.RAISED.value
        _told(session, actor, case, meeting.minutes, now)
    for unit in _units(session, meeting.units):
        words = f"联席会议“{meeting.title}”已取消：{meeting.minutes}"
        notices.tell(session, NoticeKind.JOINT_MEETING, words, department_id=unit.id, now=now)
    return meeting


def conclude(
    session: Session,
    actor: Actor,
    case_id: int,
    *,
    conclusion: str,
    unit: str,
    due_at: datetime | None,
    now: datetime,
) -> JointCase:
    """形成结论: what was agreed, which unit does it, and until when; the unit is told.

    Raises:
        InvalidInput: no conclusion, no unit, no day, or a day that is over.
        ActionNotAllowed: its meeting was not held yet, or it has its conclusion.
    """
    require_role(actor, *CONVENING)
    case = _case(session, case_id, CaseState.LISTED)
    meeting = session.get(JointMeeting, case.meeting_id)
    if meeting is None or meeting.state != MeetingState.HELD.value:
        raise ActionNotAllowed("会议还没有召开；请先记录会议纪要")
    words = _words(conclusion, "conclusion", "请写明会议结论")
    if not unit:
        raise InvalidInput("请选择由哪个单位落实", field="unit")
    (doer,) = _units(session, [unit])
    if due_at is None or due_at <= now:
        raise InvalidInput("请填写落实期限，且在今天之后", field="due")
    case.conclusion, case.department_id, case.due_at = words, doer.id, due_at
    case.state = CaseState.CONCLUDED.value
    _told(session, actor, case, words, now)
    notices.tell(
        session,
        NoticeKind.JOINT_MEETING,
        f"联席会议议定由你单位落实：{words}",
        ticket_id=case.ticket_id,
        department_id=doer.id,
        now=now,
    )
    return case


def finish(session: Session, actor: Actor, case_id: int, *, now: datetime) -> JointCase:
    """落实: the unit of the conclusion, or the centre, says that it was done.

    Raises:
        NotFound: a unit asks for another's case.
        ActionNotAllowed: it has no conclusion, or is done already.
    """
    require_role(actor, *CONVENING, Role.DEPARTMENT)
    if actor.role is Role.DEPARTMENT:
        row = session.get(JointCase, case_id)
        if row is None or row.department_id is None or row.department_id != actor.department_id:
            raise NotFound("没有找到这个议题，或您无权查看")
    case = _case(session, case_id, CaseState.CONCLUDED)
    case.state, case.settled_at = CaseState.DONE.value, now
    _told(session, actor, case, "", now)
    return case


def _case(session: Session, case_id: int, *states: CaseState) -> JointCase:
    """The case, locked and in one of these states."""
    case = session.scalar(
        select(JointCase)
        .where(JointCase.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if case is None:
        raise NotFound("没有找到这个议题")
    if case.state not in {state.value for state in states}:
        raise ActionNotAllowed(f"这个议题{CaseState(case.state).label}，不能再这样操作")
    return case


def _meeting(session: Session, meeting_id: int, state: MeetingState) -> JointMeeting:
    meeting = session.scalar(
        select(JointMeeting)
        .where(JointMeeting.id == meeting_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if meeting is None:
        raise NotFound("没有找到这次会议")
    if meeting.state != state.value:
        raise ActionNotAllowed(f"这次会议{MeetingState(meeting.state).label}，不能再这样操作")
    return meeting


def _units(session: Session, codes: Sequence[str]) -> list[Department]:
    wanted = list(dict.fromkeys(code for code in codes if code))
    if len(wanted) > MOST_UNITS:
        raise InvalidInput(f"参会单位不超过 {MOST_UNITS} 个", field="units")
    found = {
        unit.code: unit
        for unit in session.scalars(select(Department).where(Department.code.in_(wanted)))
    }
    for code in wanted:
        if code not in found:
            raise InvalidInput(f"没有代码为“{code}”的单位", field="units")
    return [found[code] for code in wanted]


def _words(typed: str, field: str, missing: str, longest: int = LONGEST) -> str:
    words = typed.replace("\0", "").strip()
    if not words:
        raise InvalidInput(missing, field=field)
    if len(words) > longest:
        raise InvalidInput(f"这一项有 {len(words)} 个字，请不超过 {longest} 字", field=field)
    return words


def _told(session: Session, actor: Actor, case: JointCase, words: str, now: datetime) -> None:
    fact = JointCaseChanged(
        at=now, ticket_id=case.ticket_id, case_id=case.id, state=case.state, words=words
    )
    record(session, actor, fact)
