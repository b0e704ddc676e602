"""What people may try in a storm: every act of the services, with arguments drawn by number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.conduct import reasons_for
from dispatch.domain.errors import NotFound
from dispatch.domain.lifecycle import APPLY, GRANT
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import (
    ApplicationKind,
    AvoidReason,
    ReasonUse,
    SupervisionLevel,
)
from dispatch.domain.vocabulary import Action, Part, Rating, Verdict
from dispatch.models.handling import Application
from dispatch.models.oversight import Instruction, Supervision
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import (
    applications,
    approval,
    assignment,
    avoidance,
    followup,
    followup_ends,
    handling,
    instructions,
    merging,
    rulings,
    shares,
    supervision,
    supervision_answers,
    ties,
    urging,
)
from dispatch.service.applications import ApplicationForm
from dispatch.service.rulings import GrantTerms
from tests.dispatch.storm_town import UNITS

REPLY = "已责令商户撤摊并清洗路面，依据《城市管理条例》第十二条处理完毕。"
CODES = (*UNITS, "GL", "JD")
"""Drawn from; who has units below it more often."""

BELOW = {above: code for code, (_, above) in UNITS.items() if above is not None}


@dataclass(frozen=True)
class Try:
    """One attempt: who, on which ticket, when; `pick` chooses among the arguments."""

    session: Session
    actor: Actor
    number: str
    other: str
    rules: Rules
    pick: int
    expected: int | None
    now: datetime

    @property
    def code(self) -> str:
        """Some unit's code."""
        return CODES[self.pick % len(CODES)]

    def ticket_id(self) -> int:
        """The ticket's id."""
        return self.session.scalars(select(Ticket.id).where(Ticket.number == self.number)).one()


def _dispatch(t: Try) -> None:
    second = t.pick // len(CODES)
    assignment.dispatch(
        t.session,
        t.actor,
        t.number,
        t.code,
        t.rules,
        designate=t.pick % 5 == 0,
        supporting=(CODES[second % len(CODES)],) if second % 3 == 0 else (),
        expected=t.expected,
        now=t.now,
    )


def _reassign(t: Try) -> None:
    assignment.reassign(
        t.session,
        t.actor,
        t.number,
        t.code,
        t.rules,
        reason="责任单位有误",
        designate=t.pick % 2 == 0,
        expected=t.expected,
        now=t.now,
    )


def _acknowledge(t: Try) -> None:
    assignment.acknowledge(t.session, t.actor, t.number, expected=t.expected, now=t.now)


def _contact(t: Try) -> None:
    handling.contact_requester(
        t.session, t.actor, t.number, note="已电话联系", expected=t.expected, now=t.now
    )


def _complete(t: Try) -> None:
    handling.complete(
        t.session,
        t.actor,
        t.number,
        t.rules,
        public_reply=REPLY if t.pick % 7 else "好",
        expected=t.expected,
        now=t.now,
    )


def _submit_reply(t: Try) -> None:
    approval.submit_reply(
        t.session, t.actor, t.number, t.rules, public_reply=REPLY, expected=t.expected, now=t.now
    )


def _approve_reply(t: Try) -> None:
    approval.approve_reply(t.session, t.actor, t.number, t.rules, expected=t.expected, now=t.now)


def _reject_reply(t: Try) -> None:
    approval.reject_reply(
        t.session, t.actor, t.number, reason="事实不清", expected=t.expected, now=t.now
    )


def _report_progress(t: Try) -> None:
    approval.report_progress(
        t.session, t.actor, t.number, note="正在检测", expected=t.expected, now=t.now
    )


def _pass_audit(t: Try) -> None:
    handling.pass_audit(t.session, t.actor, t.number, t.rules, expected=t.expected, now=t.now)


def _send_back(t: Try) -> None:
    handling.send_back(
        t.session,
        t.actor,
        t.number,
        t.rules,
        reason_code="not_answering",
        expected=t.expected,
        now=t.now,
    )


def _judge(t: Try) -> None:
    reached = t.pick % 4 != 0
    followup.record_by_person(
        t.session,
        t.actor,
        t.number,
        t.rules,
        reached=reached,
        solved=list(Verdict)[t.pick % 2] if reached else None,
        rating=list(Rating)[t.pick % len(Rating)] if t.pick % 3 else None,
        expected=t.expected,
        now=t.now,
    )


def _say_unhappy(t: Try) -> None:
    """What brings a ticket to its review: the table's step is taken by an answer."""
    followup.record_by_person(
        t.session,
        t.actor,
        t.number,
        t.rules,
        reached=True,
        solved=Verdict.UNRESOLVED,
        rating=None,
        expected=t.expected,
        now=t.now,
    )


def _reopen(t: Try) -> None:
    followup_ends.reopen(
        t.session, t.actor, t.number, reason="答复与事实不符", expected=t.expected, now=t.now
    )


def _urge(t: Try) -> None:
    urging.urge(
        t.session,
        t.actor,
        t.number,
        contact_id=None,
        note="请尽快",
        expected=t.expected,
        now=t.now,
    )


def _apply(kind: ApplicationKind) -> Callable[[Try], None]:
    def apply(t: Try) -> None:
        reasons = reasons_for(t.rules.profile.reasons, ReasonUse(kind.value))
        dated = kind in {ApplicationKind.HOLD, ApplicationKind.COMMITMENT}
        until = t.now + timedelta(days=1 + t.pick % 40) if dated else None
        form = ApplicationForm(
            kind=kind,
            reason_code=reasons[t.pick % len(reasons)].code,
            reason="具体情况",
            basis="三定方案第三条",
            suggested=t.code if kind is ApplicationKind.RETURN else None,
            until=until,
            limit=f"{1 + t.pick % 3} working_day" if kind is ApplicationKind.EXTENSION else None,
        )
        applications.apply(
            t.session, t.actor, t.number, form, t.rules, expected=t.expected, now=t.now
        )

    return apply


def _last_application(t: Try) -> int:
    """The newest application of the ticket, whatever became of it."""
    found = t.session.scalar(
        select(Application.id)
        .where(Application.ticket_id == t.ticket_id())
        .order_by(Application.id.desc())
        .limit(1)
    )
    return found or 0


def _withdraw(t: Try) -> None:
    applications.withdraw(
        t.session, t.actor, t.number, _last_application(t), expected=t.expected, now=t.now
    )


def _grant(t: Try) -> None:
    terms = GrantTerms(ruling="同意" if t.pick % 5 else "", release_merged=t.pick % 2 == 0)
    rulings.grant(
        t.session,
        t.actor,
        t.number,
        _last_application(t),
        t.rules,
        terms,
        expected=t.expected,
        now=t.now,
    )


def _deny(t: Try) -> None:
    rulings.deny(
        t.session,
        t.actor,
        t.number,
        _last_application(t),
        ruling="理由不成立",
        designate=t.pick % 2 == 0,
        expected=t.expected,
        now=t.now,
    )


def _resume(t: Try) -> None:
    rulings.resume(t.session, t.actor, t.number, t.rules, expected=t.expected, now=t.now)


def _merge(t: Try) -> None:
    merging.merge(
        t.session, t.actor, t.number, t.other, reason="同一事件", expected=t.expected, now=t.now
    )


def _unmerge(t: Try) -> None:
    merging.unmerge(
        t.session, t.actor, t.number, reason="不是同一事件", expected=t.expected, now=t.now
    )


def _split(t: Try) -> None:
    ties.split(
        t.session,
        t.actor,
        t.number,
        content="另一件事：路灯不亮",
        reason="两件事",
        expected=t.expected,
        now=t.now,
    )


def _instruct(t: Try) -> None:
    instructions.give(
        t.session, t.actor, t.number, t.rules, words="请查明", expected=t.expected, now=t.now
    )


def _instruction(t: Try) -> int:
    """The newest instruction on the ticket."""
    found = t.session.scalar(
        select(Instruction.id)
        .where(Instruction.ticket_id == t.ticket_id())
        .order_by(Instruction.id.desc())
        .limit(1)
    )
    return found or 0


def _receive(t: Try) -> None:
    instructions.receive(t.session, t.actor, _instruction(t), expected=t.expected, now=t.now)


def _report(t: Try) -> None:
    instructions.report(
        t.session, t.actor, _instruction(t), feedback="已查明", expected=t.expected, now=t.now
    )


def _give_back(t: Try) -> None:
    instructions.give_back(
        t.session, t.actor, _instruction(t), words="再查", expected=t.expected, now=t.now
    )


def _close_instruction(t: Try) -> None:
    instructions.close(t.session, t.actor, _instruction(t), expected=t.expected, now=t.now)


def _avoid(t: Try) -> None:
    avoidance.avoid(
        t.session,
        t.actor,
        t.number,
        t.code,
        AvoidReason.REPORTED,
        expected=t.expected,
        now=t.now,
    )


def _lift_avoidance(t: Try) -> None:
    avoidance.lift(
        t.session, t.actor, t.number, t.code, reason="查无此事", expected=t.expected, now=t.now
    )


def _add_supporting(t: Try) -> None:
    shares.add_supporting(
        t.session, t.actor, t.number, t.code, t.rules, expected=t.expected, now=t.now
    )


def _sub_dispatch(t: Try) -> None:
    own = t.session.scalar(select(Department.code).where(Department.id == t.actor.department_id))
    shares.sub_dispatch(
        t.session,
        t.actor,
        t.number,
        BELOW.get(own or "", t.code) if t.pick % 4 else t.code,
        t.rules,
        opinion="请现场核查",
        expected=t.expected,
        now=t.now,
    )


def _share_id(t: Try) -> int:
    """One of the ticket's shares that do not lead."""
    ids = t.session.scalars(
        select(Assignment.id)
        .where(Assignment.ticket_id == t.ticket_id(), Assignment.part != Part.LEAD.value)
        .order_by(Assignment.id.desc())
    ).all()
    return ids[t.pick % len(ids)] if ids else 0


def _sign_share(t: Try) -> None:
    shares.sign_share(t.session, t.actor, t.number, expected=t.expected, now=t.now)


def _reply_share(t: Try) -> None:
    shares.reply_share(
        t.session, t.actor, t.number, reply="已现场核查", expected=t.expected, now=t.now
    )


def _reject_share(t: Try) -> None:
    shares.reject_share(
        t.session,
        t.actor,
        t.number,
        _share_id(t),
        reason="请补充",
        expected=t.expected,
        now=t.now,
    )


def _withdraw_share(t: Try) -> None:
    shares.withdraw_share(
        t.session,
        t.actor,
        t.number,
        _share_id(t),
        reason="不再需要",
        expected=t.expected,
        now=t.now,
    )


def _score_share(t: Try) -> None:
    shares.score_share(
        t.session,
        t.actor,
        t.number,
        _share_id(t),
        score=t.pick % 120,
        expected=t.expected,
        now=t.now,
    )


def _supervise(t: Try) -> None:
    supervision.issue(
        t.session,
        t.actor,
        t.number,
        t.rules,
        level=list(SupervisionLevel)[t.pick % len(SupervisionLevel)],
        demand="请说明情况",
        expected=t.expected,
        now=t.now,
    )


def _order(t: Try) -> str:
    """The newest supervision order of the ticket."""
    found = t.session.scalar(
        select(Supervision.number)
        .where(Supervision.ticket_id == t.ticket_id())
        .order_by(Supervision.id.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("没有督办")
    return found


def _answer_order(t: Try) -> None:
    supervision_answers.answer(
        t.session, t.actor, _order(t), words="已落实", expected=t.expected, now=t.now
    )


def _accept_order(t: Try) -> None:
    supervision_answers.accept(t.session, t.actor, _order(t), expected=t.expected, now=t.now)


def _send_back_order(t: Try) -> None:
    supervision_answers.send_back(
        t.session, t.actor, _order(t), t.rules, reason="请补充", expected=t.expected, now=t.now
    )


def _cancel_order(t: Try) -> None:
    supervision_answers.cancel(
        t.session, t.actor, _order(t), reason="不必", expected=t.expected, now=t.now
    )


BY_TABLE: dict[Action, Callable[[Try], None]] = {
    Action.DISPATCH: _dispatch,
    Action.REASSIGN: _reassign,
    Action.ACKNOWLEDGE: _acknowledge,
    Action.CONTACT: _contact,
    Action.COMPLETE: _complete,
    Action.SUBMIT_REPLY: _submit_reply,
    Action.APPROVE_REPLY: _approve_reply,
    Action.REJECT_REPLY: _reject_reply,
    Action.REPORT_PROGRESS: _report_progress,
    Action.PASS_AUDIT: _pass_audit,
    Action.SEND_BACK: _send_back,
    Action.CLOSE: _judge,
    Action.REVIEW: _say_unhappy,
    Action.REOPEN: _reopen,
    Action.URGE: _urge,
    **{action: _apply(kind) for kind, action in APPLY.items()},
    Action.WITHDRAW_APPLICATION: _withdraw,
    **dict.fromkeys(GRANT.values(), _grant),
    Action.DENY_APPLICATION: _deny,
    Action.RESUME: _resume,
    Action.MERGE: _merge,
    Action.UNMERGE: _unmerge,
    Action.SPLIT: _split,
    Action.INSTRUCT: _instruct,
    Action.AVOID: _avoid,
    Action.LIFT_AVOIDANCE: _lift_avoidance,
    Action.ADD_SUPPORTING: _add_supporting,
    Action.SUB_DISPATCH: _sub_dispatch,
    Action.SUPERVISE: _supervise,
}
"""Acts that the ticket's own table rules on."""

ON_SHARES: tuple[Callable[[Try], None], ...] = (
    _sign_share,
    _sign_share,
    _reply_share,
    _reply_share,
    _reject_share,
    _withdraw_share,
    _score_share,
    _sub_dispatch,
)
"""Acts on the shares of units that help."""

ON_ORDERS: tuple[Callable[[Try], None], ...] = (
    _answer_order,
    _answer_order,
    _accept_order,
    _send_back_order,
    _cancel_order,
    _receive,
    _report,
    _give_back,
    _close_instruction,
)
"""Acts on supervision orders and leaders' instructions."""
