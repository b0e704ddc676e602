"""Facts in the past tense: what happened to a ticket or a contact, frozen.

A fact carries codes and ids, no personal data: pages that hear of it read the ticket with
their own reader's rights.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What every fact has: when, and which ticket or contact."""

    label: ClassVar[str] = ""

    at: datetime
    ticket_id: int | None = None
    contact_id: int | None = None

    @property
    def details(self) -> dict[str, Any]:
        """The fields of the concrete fact, for the history row."""
        common = {"at", "ticket_id", "contact_id"}
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in common}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


@dataclass(frozen=True, kw_only=True)
class CallArrived(Fact):
    """A citizen's call reached the hotline."""

    label: ClassVar[str] = "来电"


@dataclass(frozen=True, kw_only=True)
class CallRinging(Fact):
    """The call rings at an agent."""

    label: ClassVar[str] = "振铃"
    extension: str
    call_id: str


@dataclass(frozen=True, kw_only=True)
class CallAnswered(Fact):
    """An agent answered."""

    label: ClassVar[str] = "接听"
    extension: str
    call_id: str


@dataclass(frozen=True, kw_only=True)
class CallEnded(Fact):
    """The citizen's line is gone."""

    label: ClassVar[str] = "通话结束"
    extension: str | None
    outcome: str | None
    call_id: str


@dataclass(frozen=True, kw_only=True)
class AgentRated(Fact):
    """The caller rated the agent right after the talk; `rating` is a grade."""

    label: ClassVar[str] = "话务员服务评价"
    extension: str
    rating: str


@dataclass(frozen=True, kw_only=True)
class ContactDisposed(Fact):
    """The agent said how the contact ended for the caller."""

    label: ClassVar[str] = "登记结果"
    disposition: str
    note: str = ""
    reason_code: str = ""


@dataclass(frozen=True, kw_only=True)
class SeatChanged(Fact):
    """An agent signed in or out, paused, or became ready."""

    label: ClassVar[str] = "坐席状态"
    extension: str
    state: str


@dataclass(frozen=True, kw_only=True)
class TicketOpened(Fact):
    """A request became a ticket."""

    label: ClassVar[str] = "受理"


@dataclass(frozen=True, kw_only=True)
class TicketAnswered(Fact):
    """The agent settled the request at once."""

    label: ClassVar[str] = "当场答复"


@dataclass(frozen=True, kw_only=True)
class TicketUrged(Fact):
    """The caller, or the centre for him, asked again about an open ticket."""

    label: ClassVar[str] = "催办"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketDispatched(Fact):
    """The ticket went to a department and its clock started."""

    label: ClassVar[str] = "派单"
    department_id: int
    department: str
    due_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketReassigned(Fact):
    """The ticket was taken from one department and given to another."""

    label: ClassVar[str] = "改派"
    department_id: int
    department: str
    due_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketAcknowledged(Fact):
    """The department signed for the ticket."""

    label: ClassVar[str] = "签收"
    department_id: int


@dataclass(frozen=True, kw_only=True)
class RequesterContacted(Fact):
    """The department spoke with the requester."""

    label: ClassVar[str] = "联系诉求人"
    department_id: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketCompleted(Fact):
    """The department says it is done; `noticed` are the reply rules that warned of something."""

    label: ClassVar[str] = "办结"
    department_id: int
    in_time: bool
    noticed: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditPassed(Fact):
    """The centre found the reply in order."""

    label: ClassVar[str] = "审核通过"


@dataclass(frozen=True, kw_only=True)
class SentBack(Fact):
    """The centre asked the department to mend its reply."""

    label: ClassVar[str] = "退回补正"
    department_id: int | None
    reason: str
    reason_code: str = ""


@dataclass(frozen=True, kw_only=True)
class FollowUpAnswered(Fact):
    """The requester answered a question of the follow-up."""

    label: ClassVar[str] = "回访答复"
    follow_up_id: int
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class FollowUpWaived(Fact):
    """Nobody is asked about this ticket; `reason` says why in words."""

    label: ClassVar[str] = "不回访"
    reason: str


@dataclass(frozen=True, kw_only=True)
class FollowUpInvited(Fact):
    """A message with a link was sent to the requester."""

    label: ClassVar[str] = "短信邀请评价"
    follow_up_id: int


@dataclass(frozen=True, kw_only=True)
class FollowUpEnded(Fact):
    """One follow-up attempt ended."""

    label: ClassVar[str] = "回访结束"
    follow_up_id: int
    result: str


@dataclass(frozen=True, kw_only=True)
class FollowUpTakenBack(Fact):
    """A follow-up caller took back at once what was written down by mistake."""

    label: ClassVar[str] = "撤回回访登记"
    follow_up_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class TicketClosed(Fact):
    """The centre closed the ticket."""

    label: ClassVar[str] = "结案"
    solved: str | None
    rating: str | None


@dataclass(frozen=True, kw_only=True)
class ReviewOpened(Fact):
    """An unhappy answer was laid before the centre."""

    label: ClassVar[str] = "提请复核"
    follow_up_id: int
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReviewDecided(Fact):
    """The centre decided on an unhappy answer; `redo` False lets the result stand."""

    label: ClassVar[str] = "复核"
    redo: bool
    reason: str
    in_time: bool


@dataclass(frozen=True, kw_only=True)
class TicketReopened(Fact):
    """The requester is not content, the ticket starts another round."""

    label: ClassVar[str] = "退回重办"
    round: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DeadlineNear(Fact):
    """The yellow warning."""

    label: ClassVar[str] = "临期预警"
    department_id: int
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class DeadlineBreached(Fact):
    """The time is over; `clock` is sign, handle or interim."""

    label: ClassVar[str] = "超期"
    department_id: int
    due_at: datetime
    clock: str


@dataclass(frozen=True, kw_only=True)
class RedCard(Fact):
    """红牌: the red card of a unit whose time is over."""

    label: ClassVar[str] = "红牌"
    department_id: int
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class SignReminded(Fact):
    """签收提醒: the unit was reminded to sign."""

    label: ClassVar[str] = "提醒签收"
    department_id: int
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Applied(Fact):
    """申请: a unit asked for a return, an extension, a hold, a commitment or a termination."""

    label: ClassVar[str] = "提出申请"
    application_id: int
    application: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ApplicationGranted(Fact):
    """The centre agreed to an application."""

    label: ClassVar[str] = "同意申请"
    application_id: int
    application: str
    ruling: str = ""
    old_due_at: datetime | None = None
    new_due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ApplicationDenied(Fact):
    """The centre did not agree to an application."""

    label: ClassVar[str] = "驳回申请"
    application_id: int
    application: str
    ruling: str


@dataclass(frozen=True, kw_only=True)
class ApplicationWithdrawn(Fact):
    """An application was taken back, or lapsed because the ticket went on."""

    label: ClassVar[str] = "撤回申请"
    application_id: int
    application: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ClockMoved(Fact):
    """A due time moved, for the reason that `change` names."""

    label: ClassVar[str] = "时限变更"
    department_id: int
    change: str
    old_due_at: datetime | None
    new_due_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketTerminated(Fact):
    """终止: the centre ended the ticket on the unit's written request, and says why."""

    label: ClassVar[str] = "终止办理"
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReplySubmitted(Fact):
    """The reply went to the unit's own leader."""

    label: ClassVar[str] = "送单位审批"
    department_id: int


@dataclass(frozen=True, kw_only=True)
class ReplyRejected(Fact):
    """The unit's leader wants the reply changed."""

    label: ClassVar[str] = "单位退回修改"
    department_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ProgressReported(Fact):
    """反馈进展: the resident hears how far it is (济南条例 24)."""

    label: ClassVar[str] = "反馈进展"
    department_id: int
    note: str


@dataclass(frozen=True, kw_only=True)
class SupportingAdded(Fact):
    """协办: another unit helps, with its own clock."""

    label: ClassVar[str] = "增加协办"
    department_id: int
    department: str
    due_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SubDispatched(Fact):
    """下派: the unit passed the work down to a unit under it."""

    label: ClassVar[str] = "下派"
    department_id: int
    department: str
    due_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ShareSigned(Fact):
    """A supporting or lower unit signed for its share."""

    label: ClassVar[str] = "协办签收"
    department_id: int
    department: str


@dataclass(frozen=True, kw_only=True)
class ShareReplied(Fact):
    """A supporting or lower unit gave its reply to the unit that leads."""

    label: ClassVar[str] = "协办答复"
    department_id: int
    department: str
    in_time: bool


@dataclass(frozen=True, kw_only=True)
class ShareWithdrawn(Fact):
    """A supporting or lower unit's share was taken back."""

    label: ClassVar[str] = "收回协办"
    department_id: int
    department: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ShareSentBack(Fact):
    """A supporting or lower unit was asked to mend its reply."""

    label: ClassVar[str] = "退回协办答复"
    department_id: int
    department: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ShareScored(Fact):
    """The centre scored what a unit did for the ticket, from 0 to 100."""

    label: ClassVar[str] = "办理评分"
    department_id: int
    department: str
    score: int


@dataclass(frozen=True, kw_only=True)
class UnitAvoided(Fact):
    """回避: a unit may neither receive nor read the ticket."""

    label: ClassVar[str] = "设为回避单位"
    department_id: int
    department: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class AvoidanceLifted(Fact):
    """解除回避: the centre found that the unit need not stand aside."""

    label: ClassVar[str] = "解除回避"
    department_id: int
    department: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TicketMerged(Fact):
    """并单: this ticket waits for the main ticket's answer."""

    label: ClassVar[str] = "并单"
    main: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TicketJoined(Fact):
    """Another ticket was merged into this one."""

    label: ClassVar[str] = "并入"
    child: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TicketUnmerged(Fact):
    """撤销并单: both tickets stand as before."""

    label: ClassVar[str] = "撤销并单"
    other: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MergedAnswered(Fact):
    """The main ticket's answer was given to this caller too."""

    label: ClassVar[str] = "答复并单诉求人"
    main: str


@dataclass(frozen=True, kw_only=True)
class TicketSplit(Fact):
    """拆单: a part of the request became a ticket of its own."""

    label: ClassVar[str] = "拆单"
    other: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TicketsLinked(Fact):
    """关联: two tickets belong together."""

    label: ClassVar[str] = "关联"
    other: str
    link: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketsUnlinked(Fact):
    """The tie between two tickets was taken away."""

    label: ClassVar[str] = "取消关联"
    other: str
    link: str


@dataclass(frozen=True, kw_only=True)
class RequesterInformed(Fact):
    """The caller was told how the ticket stands or ended; nothing new was dispatched."""

    label: ClassVar[str] = "告知办理情况"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class AttachmentAdded(Fact):
    """A file was added."""

    label: ClassVar[str] = "添加附件"
    attachment_id: int
    part: str


@dataclass(frozen=True, kw_only=True)
class AttachmentRemoved(Fact):
    """A file was taken off the page; its row stays."""

    label: ClassVar[str] = "移除附件"
    attachment_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ParticularsChanged(Fact):
    """Fields of the request were completed or corrected; `fields` names them."""

    label: ClassVar[str] = "修改登记内容"
    fields: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class UrgeSent(Fact):
    """催办通知: the unit was told in writing to hurry."""

    label: ClassVar[str] = "催办通知"
    department_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class SupervisionIssued(Fact):
    """督办: an order that must be answered by its own due time."""

    label: ClassVar[str] = "下达督办"
    supervision_id: int
    number: str
    level: str
    trigger: str
    due_at: datetime
    department_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class SupervisionAnswered(Fact):
    """The unit answered a supervision order."""

    label: ClassVar[str] = "督办答复"
    supervision_id: int
    number: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class SupervisionRuled(Fact):
    """The answer to a supervision order was accepted, or sent back; or the order was cancelled."""

    label: ClassVar[str] = "督办认定"
    supervision_id: int
    number: str
    accepted: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SupervisionBreached(Fact):
    """A supervision order was not answered in time."""

    label: ClassVar[str] = "督办超期"
    supervision_id: int
    number: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class InstructionGiven(Fact):
    """批示: a leader wrote what is to be done."""

    label: ClassVar[str] = "领导批示"
    instruction_id: int
    note: str


@dataclass(frozen=True, kw_only=True)
class InstructionReceived(Fact):
    """Somebody took charge of a leader's instruction."""

    label: ClassVar[str] = "签收批示"
    instruction_id: int


@dataclass(frozen=True, kw_only=True)
class InstructionReported(Fact):
    """The leader was told what came of the instruction."""

    label: ClassVar[str] = "反馈批示"
    instruction_id: int
    note: str


@dataclass(frozen=True, kw_only=True)
class InstructionClosed(Fact):
    """The leader is content with what came of the instruction, or gave it up."""

    label: ClassVar[str] = "批示办结"
    instruction_id: int


@dataclass(frozen=True, kw_only=True)
class SeatSeen(Fact):
    """What an agent does by the calls changed: ringing, talking, held, or none of them."""

    label: ClassVar[str] = "坐席通话状态"
    extension: str
    state: str


@dataclass(frozen=True, kw_only=True)
class SkillsChanged(Fact):
    """Somebody changed which skills an agent has."""

    label: ClassVar[str] = "调整坐席技能"
    extension: str
    skills: str


@dataclass(frozen=True, kw_only=True)
class SeatCorrected(Fact):
    """The telephone system had an agent otherwise than we want, and was set right."""

    label: ClassVar[str] = "坐席状态纠正"
    extension: str
    state: str
    found: str


@dataclass(frozen=True, kw_only=True)
class CallBackChanged(Fact):
    """A call-back was opened, placed, or ended; `state` says which."""

    label: ClassVar[str] = "回拨"
    call_back_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class NumberFlagged(Fact):
    """A number flag was proposed, decided, appealed against, lifted, or ran out."""

    label: ClassVar[str] = "号码标记"
    flag_id: int
    state: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class LineChanged(Fact):
    """The register of lines was changed."""

    label: ClassVar[str] = "线路变更"
    number: str
    state: str


@dataclass(frozen=True, kw_only=True)
class TrunkChanged(Fact):
    """A trunk was set or taken out of use."""

    label: ClassVar[str] = "中继变更"
    code: str
    active: bool


@dataclass(frozen=True, kw_only=True)
class EmergencyCalled(Fact):
    """A citizen was brought to an emergency line."""

    label: ClassVar[str] = "紧急转接"
    number: str
    way: str
    extension: str = ""


@dataclass(frozen=True, kw_only=True)
class BroughtIn(Fact):
    """Somebody rung to join a talk has answered, or will not (`state` is a JoinResult)."""

    label: ClassVar[str] = "第三方加入"
    extension: str
    number: str
    way: str
    state: str


@dataclass(frozen=True, kw_only=True)
class DialRefused(Fact):
    """Somebody of ours tried to dial what he may not."""

    label: ClassVar[str] = "拒绝外呼"
    extension: str
    scope: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ListeningBegun(Fact):
    """A supervisor joined a live talk; nobody hears of it but those who watch."""

    label: ClassVar[str] = "班长介入"
    listening_id: int
    mode: str
    extension: str


@dataclass(frozen=True, kw_only=True)
class TalkReleased(Fact):
    """A supervisor freed an agent's telephone; `to` says where the citizen went."""

    label: ClassVar[str] = "强制释放"
    extension: str
    to: str


@dataclass(frozen=True, kw_only=True)
class AgentTold(Fact):
    """A supervisor left an agent a message."""

    label: ClassVar[str] = "班长消息"
    message_id: int
    extension: str


@dataclass(frozen=True, kw_only=True)
class RecordingStored(Fact):
    """A recording was checked, put away and linked to its call."""

    label: ClassVar[str] = "录音入库"
    recording_id: int


@dataclass(frozen=True, kw_only=True)
class RecordingTranscribed(Fact):
    """A recording was turned into text, or that failed."""

    label: ClassVar[str] = "录音转写"
    recording_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class CategoryCorrected(Fact):
    """A person settled a ticket's category otherwise than it stood; a label to learn from."""

    label: ClassVar[str] = "更正分类"
    category: str
    previous: str = ""
    provenance: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelChanged(Fact):
    """Another model answers from now on, or one was refused; `state` says which."""

    label: ClassVar[str] = "模型变更"
    version: str
    state: str
    previous: str = ""


@dataclass(frozen=True, kw_only=True)
class TrainingChanged(Fact):
    """A training was asked for, began, or ended."""

    label: ClassVar[str] = "模型训练"
    training_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class HotSpotChanged(Fact):
    """Tickets were found to gather, the gathering was ruled out, or is over."""

    label: ClassVar[str] = "热点预警"
    hot_spot_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class HistoryImportChanged(Fact):
    """A file of history was begun, finished, stopped or taken back."""

    label: ClassVar[str] = "历史导入"
    import_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class OpenReleaseChanged(Fact):
    """A month of open data was published or withdrawn; `why` in the release itself."""

    label: ClassVar[str] = "开放数据"
    release_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class MediaItemChanged(Fact):
    """A media item was registered, matched to a ticket, supervised or closed."""

    label: ClassVar[str] = "媒体反映"
    item_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class QualityChecked(Fact):
    """Calls and replies were drawn for checks, or one check went a step on."""

    label: ClassVar[str] = "质检"
    check_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class GamingSettled(Fact):
    """Findings of gaming were made, or a person settled one."""

    label: ClassVar[str] = "异常核实"
    finding_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class AppealChanged(Fact):
    """A unit appealed, took the appeal back, or one of two people decided on it."""

    label: ClassVar[str] = "考核申诉"
    appeal_id: int
    measure: str
    state: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ExclusionLifted(Fact):
    """A ticket that was left out of a measure counts again."""

    label: ClassVar[str] = "撤销剔除"
    measure: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class AccountabilityChanged(Fact):
    """A unit was summoned to talk or a lead was handed over, or one of them went a step on."""

    label: ClassVar[str] = "约谈问责"
    accountability_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class EarlyWarningChanged(Fact):
    """Something was warned of early, was settled, or turned out false."""

    label: ClassVar[str] = "早期预警"
    warning_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class BriefChanged(Fact):
    """An important-matter brief was drafted, or its chain went a step on."""

    label: ClassVar[str] = "要情"
    brief_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class KnowledgeChanged(Fact):
    """A knowledge entry was written, approved, published, sent back or withdrawn."""

    label: ClassVar[str] = "知识条目"
    entry_id: int
    act: str
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class KnowledgeErrorChanged(Fact):
    """An error in a knowledge entry was reported or answered."""

    label: ClassVar[str] = "知识纠错"
    error_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class KnowledgeGapChanged(Fact):
    """Something asked for and not found was given to a unit, dismissed, or answered."""

    label: ClassVar[str] = "问而未得"
    gap_id: int
    state: str


@dataclass(frozen=True, kw_only=True)
class ReportIssued(Fact):
    """A report was issued, or a correction of one."""

    label: ClassVar[str] = "印发报表"
    report_id: int
    kind: str
    number: int
    revision: int


@dataclass(frozen=True, kw_only=True)
class JointCaseChanged(Fact):
    """An enterprise's request was brought before the joint meeting, or went a step on there."""

    label: ClassVar[str] = "联席会议"
    case_id: int
    state: str
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class RowsExported(Fact):
    """Somebody took rows away as a file; `what` is a figure's code, `filters` as in its address."""

    label: ClassVar[str] = "导出明细"
    what: str
    filters: str
    form: str
    rows: int


FACTS: dict[str, type[Fact]] = {cls.__name__: cls for cls in Fact.__subclasses__()}
