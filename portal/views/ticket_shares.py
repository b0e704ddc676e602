"""Buttons of several units: supporting, lower tiers, the unit's own approval, avoidance."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.errors import InvalidInput
from dispatch.domain.terms import AvoidReason
from dispatch.domain.vocabulary import Role
from dispatch.service import approval, avoidance, shares
from dispatch.service.queries_search import unit_code
from portal.views.ticket_press import Button, Press


def _add_supporting(press: Press) -> None:
    shares.add_supporting(
        press.session,
        press.actor,
        press.number,
        unit_code(press.session, press.text("department")),
        press.ctx.rules,
        opinion=press.text("opinion"),
        limit=press.text("limit"),
        expected=press.expected,
        now=press.now,
    )


def _sub_dispatch(press: Press) -> None:
    shares.sub_dispatch(
        press.session,
        press.actor,
        press.number,
        unit_code(press.session, press.text("department")),
        press.ctx.rules,
        opinion=press.text("opinion"),
        expected=press.expected,
        now=press.now,
    )


def _sign(press: Press) -> None:
    shares.sign_share(
        press.session, press.actor, press.number, expected=press.expected, now=press.now
    )


def _reply(press: Press) -> None:
    shares.reply_share(
        press.session,
        press.actor,
        press.number,
        reply=press.text("reply"),
        internal_note=press.text("internal_note"),
        expected=press.expected,
        now=press.now,
    )


def _reject(press: Press) -> None:
    shares.reject_share(
        press.session,
        press.actor,
        press.number,
        _whole(press, "share"),
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _withdraw(press: Press) -> None:
    shares.withdraw_share(
        press.session,
        press.actor,
        press.number,
        _whole(press, "share"),
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _score(press: Press) -> None:
    shares.score_share(
        press.session,
        press.actor,
        press.number,
        _whole(press, "share"),
        score=_whole(press, "score"),
        expected=press.expected,
        now=press.now,
    )


def _submit(press: Press) -> None:
    approval.submit_reply(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        public_reply=press.text("public_reply"),
        internal_note=press.text("internal_note"),
        expected=press.expected,
        now=press.now,
    )


def _approve(press: Press) -> None:
    approval.approve_reply(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        expected=press.expected,
        now=press.now,
    )


def _return_reply(press: Press) -> None:
    approval.reject_reply(
        press.session,
        press.actor,
        press.number,
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _progress(press: Press) -> None:
    approval.report_progress(
        press.session,
        press.actor,
        press.number,
        note=press.text("note"),
        expected=press.expected,
        now=press.now,
    )


def _avoid(press: Press) -> None:
    try:
        why = AvoidReason(press.text("why"))
    except ValueError:
        raise InvalidInput("请选择回避的原因", field="why") from None
    avoidance.avoid(
        press.session,
        press.actor,
        press.number,
        unit_code(press.session, press.text("department")),
        why,
        note=press.text("note"),
        expected=press.expected,
        now=press.now,
    )


def _lift(press: Press) -> None:
    avoidance.lift(
        press.session,
        press.actor,
        press.number,
        unit_code(press.session, press.text("department")),
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _whole(press: Press, name: str) -> int:
    typed = press.text(name).strip()
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
        raise InvalidInput("请填写整数", field=name)
    return int(typed)


_UNIT = frozenset({Role.DEPARTMENT})
_CENTER = frozenset({Role.CENTER})
_ROUTERS = frozenset({Role.DISPATCHER, Role.CENTER})

BUTTONS: Mapping[str, Button] = {
    "add-supporting": Button("增加协办", _ROUTERS, _add_supporting, "已增加协办单位"),
    "sub-dispatch": Button("下派", _UNIT, _sub_dispatch, "已下派，下级单位的时限从现在起算"),
    "sign-share": Button("签收协办", _UNIT, _sign, "已签收，请按时限答复主办单位"),
    "reply-share": Button("答复协办", _UNIT, _reply, "已答复，主办单位会汇总"),
    "reject-share": Button("退回协办答复", _UNIT | _CENTER, _reject, "已退回，原时限继续计算"),
    "withdraw-share": Button("收回协办", _UNIT | _ROUTERS, _withdraw, "已收回"),
    "score-share": Button("办理评分", _CENTER, _score, "已评分"),
    "submit-reply": Button("送单位审批", _UNIT, _submit, "已送本单位负责人审批，时限照常计算"),
    "approve-reply": Button("同意答复", _UNIT, _approve, "已同意，工单办结，等待热线中心审核"),
    "reject-reply": Button("退回修改", _UNIT, _return_reply, "已退回经办人修改"),
    "report-progress": Button("反馈进展", _UNIT, _progress, "已记下进展，诉求人查询时可以看到"),
    "avoid": Button(
        "设为回避单位",
        _ROUTERS | {Role.AGENT},
        _avoid,
        "已设为回避单位，它和上下级单位都看不到这张工单",
    ),
    "lift-avoidance": Button("解除回避", _CENTER, _lift, "已解除回避"),
}
"""By the last part of the address."""
