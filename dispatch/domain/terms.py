"""More of the trade's words: applications, supervision, ties between tickets, attachments."""

from __future__ import annotations

from dispatch.domain.vocabulary import Labelled


class ApplicationKind(Labelled):
    """What a unit may ask the centre for (申请)."""

    RETURN = "return", "退单"
    EXTENSION = "extension", "延期"
    HOLD = "hold", "挂起"
    COMMITMENT = "commitment", "承诺办理"
    TERMINATION = "termination", "终止办理"


class ApplicationState(Labelled):
    """Where an application stands."""

    PENDING = "pending", "待裁定"
    GRANTED = "granted", "已同意"
    DENIED = "denied", "已驳回"
    WITHDRAWN = "withdrawn", "已撤回"


class ReasonUse(Labelled):
    """What a reason of the city's catalogue is a reason for."""

    DECLINE = "decline", "不予受理"
    ROUTE = "route", "告知法定途径"
    RETURN = "return", "退单"
    EXTENSION = "extension", "延期"
    HOLD = "hold", "挂起"
    COMMITMENT = "commitment", "承诺办理"
    TERMINATION = "termination", "终止办理"
    SEND_BACK = "send_back", "退回补正"
    SUPERVISION = "supervision", "督办"
    AVOIDANCE = "avoidance", "回避"
    EXCLUSION = "exclusion", "考核剔除"


class ClockChangeKind(Labelled):
    """Why a due time moved; the old one is always kept."""

    EXTENSION = "extension", "延期"
    HOLD = "hold", "挂起"
    RESUME = "resume", "恢复计时"
    COMMITMENT = "commitment", "承诺办理"
    CALENDAR = "calendar", "工作日历变更"
    POLICY = "policy", "规则变更"


class AssignmentEnd(Labelled):
    """How a unit's share of a ticket ended."""

    AUDITED = "audited", "审核通过"
    RETURNED = "returned", "退单"
    REASSIGNED = "reassigned", "改派"
    MERGED = "merged", "并单"
    TERMINATED = "terminated", "终止"
    WITHDRAWN = "withdrawn", "收回"


class ShareState(Labelled):
    """Where a unit's share of a ticket stands."""

    PENDING = "pending", "待签收"
    SIGNED = "signed", "办理中"
    REPLIED = "replied", "已答复"
    ENDED = "ended", "已结束"


class ShareAct(Labelled):
    """What may be done to a supporting or lower unit's share; lifecycle.SHARE_STEPS says when."""

    SIGN = "sign", "签收协办"
    REPLY = "reply", "答复协办"
    REJECT = "reject", "退回协办答复"
    PASS_DOWN = "pass_down", "再次下派"
    WITHDRAW = "withdraw", "收回协办"
    SCORE = "score", "协办评分"


class LinkKind(Labelled):
    """How two tickets belong together."""

    RELATED = "related", "关联"
    REPEAT = "repeat", "重复反映"
    SPLIT = "split", "拆单"
    FOLLOWS = "follows", "续办"


class AvoidReason(Labelled):
    """Why a unit may neither receive nor read a ticket (回避)."""

    REPORTED = "reported", "被反映单位"
    INTERESTED = "interested", "利害关系"


class RequesterKind(Labelled):
    """主体类型."""

    PERSON = "person", "个人"
    ENTERPRISE = "enterprise", "企业"
    ORGANISATION = "organisation", "其他组织"


class Gender(Labelled):
    """性别, as the caller gives it; nothing when not asked."""

    FEMALE = "female", "女"
    MALE = "male", "男"


class AttachmentKind(Labelled):
    """What a file is, told from its content."""

    PICTURE = "picture", "图片"
    SOUND = "sound", "音频"
    VIDEO = "video", "视频"
    DOCUMENT = "document", "文档"


class AttachmentPart(Labelled):
    """What a file belongs to."""

    REQUEST = "request", "诉求材料"
    EVIDENCE = "evidence", "联系证据"
    REPLY = "reply", "办理结果"
    BASIS = "basis", "申请依据"
    APPEAL = "appeal", "申诉证据"
    SURVEY = "survey", "评价附图"


class EmergencyLine(Labelled):
    """Lines a caller in danger is passed on to at once (北京条例 11)."""

    POLICE = "110", "公安 110"
    FIRE = "119", "消防 119"
    MEDICAL = "120", "急救 120"
    TRAFFIC = "122", "交警 122"


class SupervisionLevel(Labelled):
    """督办级别, mildest first (潍坊条例 26)."""

    DAILY = "daily", "日常督办"
    LISTED = "listed", "挂牌督办"
    SUMMONS = "summons", "约谈督办"


class SupervisionTrigger(Labelled):
    """What called for a supervision order."""

    OVERDUE = "overdue", "超期未办结"
    RETURNED = "returned", "多次退单"
    UNSATISFIED = "unsatisfied", "重办后仍不满意"
    WANDERING = "wandering", "流转无主"
    MANY_CALLERS = "many_callers", "多人集中反映"
    KNOWLEDGE_STALE = "knowledge_stale", "知识未及时更新"
    INSTRUCTION = "instruction", "领导批示"
    MEDIA = "media", "媒体反映"
    MANUAL = "manual", "人工发起"


class SupervisionState(Labelled):
    """Where a supervision order stands."""

    ISSUED = "issued", "待答复"
    ANSWERED = "answered", "待认定"
    CLOSED = "closed", "已办结"
    ESCALATED = "escalated", "已升级"
    CANCELLED = "cancelled", "已撤销"

    @property
    def is_open(self) -> bool:
        """Somebody still owes an answer or a ruling."""
        return self in {SupervisionState.ISSUED, SupervisionState.ANSWERED}


class SupervisionAct(Labelled):
    """What may be done to a supervision order; lifecycle.SUPERVISION_STEPS says when, by whom."""

    ANSWER = "answer", "答复督办"
    ACCEPT = "accept", "认定督办答复"
    SEND_BACK = "send_back", "退回督办答复"
    ESCALATE = "escalate", "升级督办"
    CANCEL = "cancel", "撤销督办"


class InstructionState(Labelled):
    """Where a leader's instruction stands."""

    GIVEN = "given", "待签收"
    RECEIVED = "received", "落实中"
    REPORTED = "reported", "已反馈"
    CLOSED = "closed", "已办结"

    @property
    def is_open(self) -> bool:
        """The leader still waits for something."""
        return self is not InstructionState.CLOSED


class InstructionAct(Labelled):
    """What may be done to an instruction; lifecycle.INSTRUCTION_STEPS says when and by whom."""

    RECEIVE = "receive", "签收批示"
    REPORT = "report", "反馈批示"
    GIVE_BACK = "give_back", "退回批示反馈"
    CLOSE = "close", "办结批示"


class NoticeKind(Labelled):
    """What a unit or a person is told of."""

    SIGN = "sign", "签收提醒"
    YELLOW = "yellow", "黄牌预警"
    RED = "red", "红牌警示"
    INTERIM = "interim", "反馈进展提醒"
    URGE = "urge", "催办通知"
    SUPERVISION = "supervision", "督办通知"
    INSTRUCTION = "instruction", "领导批示"
    APPLIED = "applied", "新的申请"
    RULING = "ruling", "申请结果"
    RECLOCKED = "reclocked", "时限变更"
    COPY = "copy", "抄送"
    SEAT = "seat", "坐席提醒"
    HOT_SPOT = "hot_spot", "热点预警"
    APPEAL = "appeal", "考核申诉"
    REPORT = "report", "报表印发"
    ACCOUNTABILITY = "accountability", "约谈整改"
    EARLY_WARNING = "early_warning", "早期预警"
    BRIEF = "brief", "要情"
    JOINT_MEETING = "joint_meeting", "联席会议"
    KNOWLEDGE = "knowledge", "知识库"


class PolicyPart(Labelled):
    """What a loaded policy version holds."""

    PROFILE = "profile", "规则方案"
    CALENDAR = "calendar", "工作日历"
