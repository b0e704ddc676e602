"""The words of judgement: reviews, appeals, exclusions, media items, quality, accountability."""

from __future__ import annotations

from dispatch.domain.vocabulary import Labelled


class Measure(Labelled):
    """What a unit is judged by, ticket by ticket; an exclusion takes a ticket out of one."""

    SATISFACTION = "satisfaction", "满意率"
    RESOLUTION = "resolution", "解决率"
    ON_TIME = "on_time", "按时办结率"
    ACKNOWLEDGED = "acknowledged", "按时签收率"
    RESPONSE = "response", "响应率"


class Denominator(Labelled):
    """Of whom a rate is taken: everybody due an answer, who was reached, or who answered."""

    ASKED = "asked", "应回访"
    REACHED = "reached", "已接通"
    ANSWERED = "answered", "已评价"


class MessageState(Labelled):
    """Where a text message stands."""

    WAITING = "waiting", "待发送"
    SENT = "sent", "已发送"
    FAILED = "failed", "发送失败"
    WITHDRAWN = "withdrawn", "已撤回"


class MessagePurpose(Labelled):
    """Why a text message is sent."""

    SURVEY = "survey", "评价邀请"


class ReviewState(Labelled):
    """Where the centre's review of an unhappy answer stands."""

    PENDING = "pending", "待复核"
    REDO = "redo", "退回重办"
    UPHELD = "upheld", "维持办理结果"


class AppealState(Labelled):
    """Where a unit's appeal stands; two people decide it one after the other."""

    PENDING = "pending", "待初审"
    FIRST_GRANTED = "first_granted", "待复审"
    GRANTED = "granted", "已剔除"
    DENIED = "denied", "不予剔除"
    WITHDRAWN = "withdrawn", "已撤回"

    @property
    def is_open(self) -> bool:
        """Somebody of the centre still owes a decision."""
        return self in {AppealState.PENDING, AppealState.FIRST_GRANTED}


class MediaState(Labelled):
    """Where a media item stands."""

    REGISTERED = "registered", "待核对"
    MATCHED = "matched", "已对应工单"
    SUPERVISED = "supervised", "督办中"
    CLOSED = "closed", "已办结"


class CheckSubject(Labelled):
    """What a quality check listens to or reads."""

    CALL = "call", "通话"
    REPLY = "reply", "答复"


class CheckState(Labelled):
    """Where a quality check stands."""

    FIRST = "first", "待评分"
    SECOND = "second", "待双盲复评"
    DONE = "done", "已完成"
    DISPUTED = "disputed", "待裁定"


class AccountabilityKind(Labelled):
    """What comes of a low rank or of a fault (国办函〔2025〕66号 问责)."""

    TALK = "talk", "约谈"
    LEAD = "lead", "问责线索"


class AccountabilityState(Labelled):
    """Where a talk or a lead stands."""

    OPEN = "open", "待约谈"
    RECTIFYING = "rectifying", "整改中"
    REPORTED = "reported", "待认定"
    DONE = "done", "已办结"
    HANDED_OVER = "handed_over", "已移送"
    RETURNED = "returned", "不予受理"


class Cause(Labelled):
    """What scores deduct for, case by case, beside the rates."""

    RED_CARD = "red_card", "红牌"
    ORDER_LATE = "order_late", "督办逾期未答复"
    GAMING = "gaming", "弄虚作假属实"


class GamingKind(Labelled):
    """A way to a good figure that is not good work."""

    NO_CONTACT = "no_contact", "未联系诉求人即办结"
    OWN_PHONE = "own_phone", "本单位电话作出的评价"
    PASTED_REPLY = "pasted_reply", "答复照搬其他工单"
    LATE_RETURN = "late_return", "临近到期才退单"
    ONLY_PLEASED = "only_pleased", "只回访满意的诉求人"


class FindingState(Labelled):
    """Where a finding of gaming stands."""

    OPEN = "open", "待核实"
    CONFIRMED = "confirmed", "属实"
    DISMISSED = "dismissed", "不属实"
