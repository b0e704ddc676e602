"""What the printed sheets say, from what their reader may see."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.worktime import local
from dispatch.service.oversight_queries import OrderView
from dispatch.service.queries_ticket import Share, TicketView
from portal.printing import Form, Line, Pair

TICKET_SIGNATURES = ("承办人", "单位负责人（签章）", "热线中心审核")
ORDER_SIGNATURES = ("承办人", "单位负责人（签章）")


def ticket_form(view: TicketView, *, city: str, printed_by: str, now: datetime) -> Form:
    """工单: the request, who handles it until when, the reply, and what the requester said."""
    card = view.card
    shares = [share for share in view.shares if share.ended_at is None or share.public_reply]
    reply = "\n".join(_reply(share) for share in view.shares if share.public_reply)
    opinions = "\n".join(f"{s.department}：{s.opinion}" for s in shares if s.opinion)
    return Form(
        office=_office(city),
        title="工 单",
        number=card.number,
        rows=[
            Pair("受理时间", _at(card.created_at), "受理渠道", view.channel.label),
            Pair("诉求类型", card.kind.label, "紧急程度", card.urgency.label),
            Pair("诉求人", view.requester.name or "（未提供）", "联系电话", _phone(view)),
            Pair(
                "事项分类",
                card.category or "未分类",
                "回复要求",
                "需要回复" if view.reply_wanted else "不需要回复",
            ),
            Line("事发地点", f"{view.division_name or ''} {card.place}".strip() or "（未填写）"),
            Line("标　　题", card.title),
            Line("诉求内容", card.content, tall=34),
            *([Line("期望结果", view.expectation)] if view.expectation else []),
            Line("承办单位", "\n".join(_unit(share) for share in shares) or "尚未派单"),
            Pair("派单时间", _first_dispatch(shares), "办理时限", _at(card.due_at)),
            Line("派单意见", opinions or "请依法依规办理，并按期答复诉求人。"),
            Line("时限依据", card.clock_rule or "—"),
            Line("办理情况\n及答复", reply or card.public_reply, tall=40),
            Pair("办结时间", _at(card.completed_at, ""), "工单状态", card.status.label),
            Pair(
                "回访：解决",
                card.solved.label if card.solved else "",
                "回访：评价",
                card.rating.label if card.rating else "",
            ),
        ],
        signatures=TICKET_SIGNATURES,
        printed_by=printed_by,
        printed_at=_stamp(now),
    )


def order_form(
    order: OrderView, view: TicketView, *, city: str, printed_by: str, now: datetime
) -> Form:
    """督办通知书: to whom, about what, what is demanded until when, and room for the answer."""
    card = view.card
    return Form(
        office=_office(city),
        title="督 办 通 知 书",
        number=order.number,
        salutation=f"{order.department}：",
        rows=[
            Pair("督办级别", order.level.label, "督办事由", order.trigger.label),
            Pair("工单编号", card.number, "受理时间", _at(card.created_at)),
            Line("事　　项", card.title),
            Line("诉求内容", card.content, tall=24),
            Pair("承办单位", order.department, "原办理时限", _at(card.due_at)),
            Line("督办要求", order.demand, tall=30),
            Pair("下达时间", _at(order.issued_at), "答复期限", _at(order.due_at)),
            *([Line("升级来源", order.raised_from)] if order.raised_from else []),
            *([Line("抄　　送", "、".join(order.copied_to))] if order.copied_to else []),
            Line("落实情况\n及答复", order.answer, tall=46),
            Line("认定意见", order.ruling, tall=18),
        ],
        signatures=ORDER_SIGNATURES,
        closing=(_office(city), _day(order.issued_at)),
        printed_by=printed_by,
        printed_at=_stamp(now),
    )


def _office(city: str) -> str:
    return f"{city}12345政务服务便民热线"


def _phone(view: TicketView) -> str:
    return "已保密" if view.requester.hidden else view.requester.shown_phone


def _unit(share: Share) -> str:
    signed = f"，{_at(share.acknowledged_at)} 签收" if share.acknowledged_at else "，尚未签收"
    return f"{share.department}（{share.part.label}{signed}）"


def _reply(share: Share) -> str:
    return f"【{share.department} {_at(share.completed_at, '')}】{share.public_reply}"


def _first_dispatch(shares: list[Share]) -> str:
    return _at(shares[0].dispatched_at) if shares else "—"


def _at(at: datetime | None, empty: str = "—") -> str:
    """2026年11月26日 17:30: a sheet of paper must say the year."""
    return f"{_day(at)} {local(at):%H:%M}" if at else empty


def _day(at: datetime) -> str:
    day = local(at)
    return f"{day.year}年{day.month}月{day.day}日"


def _stamp(now: datetime) -> str:
    return f"{local(now):%Y-%m-%d %H:%M}"
