"""The trade's words: enums with a stable value and the Chinese label people read."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """A string enum whose members carry a Chinese label."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class Role(Labelled):
    """Who acts. Units of the handling side have exactly one role: DEPARTMENT."""

    AGENT = "agent", "话务员"
    DISPATCHER = "dispatcher", "派单员"
    FOLLOW_UP = "follow_up", "回访员"
    SUPERVISOR = "supervisor", "班长督办"
    CENTER = "center", "热线中心"
    DEPARTMENT = "department", "承办单位"
    LEADER = "leader", "领导"
    ADMIN = "admin", "系统管理员"
    DISCIPLINE = "discipline", "纪检监察"
    SYSTEM = "system", "系统"


class Status(Labelled):
    """Where a ticket stands; `is_open` and `is_final` classify, so code never lists states."""

    OPEN = "open", "待派单"
    DISPATCHED = "dispatched", "待签收"
    ACKNOWLEDGED = "acknowledged", "已签收"
    IN_PROGRESS = "in_progress", "办理中"
    APPROVAL = "approval", "待单位审批"
    COMPLETED = "completed", "待审核"
    FOLLOW_UP = "follow_up", "待回访"
    REVIEW = "review", "待复核"
    REOPENED = "reopened", "待重办"
    MERGED = "merged", "已并单"
    ANSWERED = "answered", "当场答复"
    CLOSED = "closed", "已结案"
    TERMINATED = "terminated", "已终止"

    @property
    def is_final(self) -> bool:
        """Nothing more is expected of anybody."""
        return self in {Status.ANSWERED, Status.CLOSED, Status.TERMINATED}

    @property
    def is_open(self) -> bool:
        """Somebody still owes an action."""
        return not self.is_final

    @property
    def with_department(self) -> bool:
        """The handling clock runs: the next action is the unit's."""
        return self in {
            Status.DISPATCHED,
            Status.ACKNOWLEDGED,
            Status.IN_PROGRESS,
            Status.APPROVAL,
        }


class Action(Labelled):
    """What may be done to a ticket; lifecycle.STEPS says when and by whom."""

    DISPATCH = "dispatch", "派单"
    REASSIGN = "reassign", "改派"
    ACKNOWLEDGE = "acknowledge", "签收"
    CONTACT = "contact", "联系诉求人"
    COMPLETE = "complete", "办结"
    PASS_AUDIT = "pass_audit", "审核通过"
    SEND_BACK = "send_back", "退回补正"
    CLOSE = "close", "结案"
    REVIEW = "review", "提请复核"
    REOPEN = "reopen", "退回重办"
    TAKE_BACK = "take_back", "撤回回访登记"
    URGE = "urge", "催办"
    SUBMIT_REPLY = "submit_reply", "送单位审批"
    APPROVE_REPLY = "approve_reply", "同意答复"
    REJECT_REPLY = "reject_reply", "退回修改"
    REPORT_PROGRESS = "report_progress", "反馈进展"
    ADD_SUPPORTING = "add_supporting", "增加协办"
    SUB_DISPATCH = "sub_dispatch", "下派"
    APPLY_RETURN = "apply_return", "申请退单"
    APPLY_EXTENSION = "apply_extension", "申请延期"
    APPLY_HOLD = "apply_hold", "申请挂起"
    APPLY_COMMITMENT = "apply_commitment", "申请承诺办理"
    APPLY_TERMINATION = "apply_termination", "申请终止办理"
    WITHDRAW_APPLICATION = "withdraw_application", "撤回申请"
    GRANT_RETURN = "grant_return", "同意退单"
    GRANT_EXTENSION = "grant_extension", "同意延期"
    GRANT_HOLD = "grant_hold", "同意挂起"
    GRANT_COMMITMENT = "grant_commitment", "同意承诺办理"
    GRANT_TERMINATION = "grant_termination", "同意终止办理"
    DENY_APPLICATION = "deny_application", "驳回申请"
    RESUME = "resume", "恢复计时"
    MERGE = "merge", "并单"
    UNMERGE = "unmerge", "撤销并单"
    ANSWER_MERGED = "answer_merged", "答复并单诉求人"
    END_MERGED = "end_merged", "随主单终止"
    SPLIT = "split", "拆单"
    LINK = "link", "关联"
    AMEND = "amend", "修改登记内容"
    ATTACH = "attach", "添加附件"
    DETACH = "detach", "移除附件"
    AVOID = "avoid", "设为回避单位"
    LIFT_AVOIDANCE = "lift_avoidance", "解除回避"
    SUPERVISE = "supervise", "督办"
    INSTRUCT = "instruct", "批示"


class RequestKind(Labelled):
    """诉求类型; official English order."""

    INQUIRY = "inquiry", "咨询"
    ASSISTANCE = "assistance", "求助"
    COMPLAINT = "complaint", "投诉"
    REPORT = "report", "举报"
    SUGGESTION = "suggestion", "建议"
    PRAISE = "praise", "表扬"


class Urgency(Labelled):
    """紧急程度."""

    ROUTINE = "routine", "一般"
    URGENT = "urgent", "紧急"
    EMERGENCY = "emergency", "特急"


class Channel(Labelled):
    """How the request reached the hotline."""

    PHONE = "phone", "电话"
    WEB = "web", "网站"
    WECHAT = "wechat", "微信"
    APP = "app", "手机应用"
    LETTER = "letter", "来信"
    UPPER = "upper", "上级平台"
    MEDIA = "media", "媒体"


class Disposition(Labelled):
    """How a contact ended for the caller; every inbound contact ends with exactly one."""

    ANSWERED_ON_CALL = "answered_on_call", "当场答复"
    TICKET = "ticket", "生成工单"
    URGED = "urged", "催办"
    MERGED = "merged", "并单"
    TRANSFERRED_OUT = "transferred_out", "转接专线"
    TOLD_ROUTE = "told_route", "告知法定途径"
    DECLINED = "declined", "解释不予受理"
    INFORMED = "informed", "告知办理情况"
    SILENT = "silent", "无声"
    HARASSMENT = "harassment", "骚扰"
    HUNG_UP = "hung_up", "中途挂断"


class Part(Labelled):
    """A department's part in a ticket."""

    LEAD = "lead", "主办"
    SUPPORTING = "supporting", "协办"
    SUB = "sub", "下派"


class Verdict(Labelled):
    """解决情况: the requester's word, not the department's."""

    RESOLVED = "resolved", "已解决"
    UNRESOLVED = "unresolved", "未解决"


class Rating(Labelled):
    """好差评: the five national grades, best first."""

    VERY_SATISFIED = "very_satisfied", "非常满意"
    SATISFIED = "satisfied", "满意"
    BASICALLY_SATISFIED = "basically_satisfied", "基本满意"
    DISSATISFIED = "dissatisfied", "不满意"
    VERY_DISSATISFIED = "very_dissatisfied", "非常不满意"

    @classmethod
    def from_digit(cls, digit: str | None) -> Rating | None:
        """The grade behind key 1 (best) to 5 (worst); None for anything else."""
        return {str(i): grade for i, grade in enumerate(cls, start=1)}.get(digit or "")


class FollowUpState(Labelled):
    """Where one follow-up attempt stands."""

    PENDING = "pending", "待回访"
    CALLING = "calling", "呼叫中"
    SENT = "sent", "已发链接"
    DONE = "done", "已回访"
    UNREACHED = "unreached", "未接通"


class FollowUpMethod(Labelled):
    """How the requester was asked."""

    VOICE = "voice", "语音自动回访"
    PERSON = "person", "人工回访"
    LINK = "link", "短信链接"
    VISIT = "visit", "上门走访"
    OUTSIDE = "outside", "第三方调查"


class DepartmentKind(Labelled):
    """Sort of unit; classes for fair comparison build on it."""

    BUREAU = "bureau", "市直部门"
    DISTRICT = "district", "县区"
    TOWNSHIP = "township", "镇街"
    ENTERPRISE = "enterprise", "公共服务企业"
    BRANCH = "branch", "下属单位"


class LineState(Labelled):
    """国办发〔2020〕53号: the ways a number was merged into 12345."""

    MAIN = "main", "主号码"
    CANCELLED_MERGED = "cancelled_merged", "撤销并入"
    MERGED = "merged", "整体并入"
    TRANSITIONAL = "transitional", "过渡保留"
    PARALLEL = "parallel", "双号并行"
    SUB_CENTRE = "sub_centre", "设分中心"
