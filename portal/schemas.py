"""JSON bodies of /api/v1; the descriptions appear in the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dispatch.domain.limits import SourceLevel
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AttachmentKind, AttachmentPart, Gender, RequesterKind
from dispatch.domain.vocabulary import (
    Action,
    Channel,
    Rating,
    RequestKind,
    Status,
    Urgency,
    Verdict,
)
from dispatch.service.intake import MAX_CONTENT, RequestForm
from dispatch.service.particulars import confidential_for

Version = Annotated[
    int | None,
    Field(description="页面或系统所见的工单版本号；与当前不符时返回 409，避免两个人同时操作"),
]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MeOut(_Out):
    """令牌所属的账号"""

    login: str = Field(description="账号")
    name: str = Field(description="姓名")
    role: str = Field(description="岗位代码")
    role_label: str = Field(description="岗位")
    department: str | None = Field(description="所属承办单位简称")
    extension: str | None = Field(description="分机号")


class TicketIn(_In):
    """新工单"""

    content: str = Field(min_length=1, max_length=MAX_CONTENT, description="诉求内容")
    kind: RequestKind = Field(description="诉求类型")
    title: str = Field("", max_length=120, description="标题；不填则取内容开头")
    urgency: Urgency = Field(Urgency.ROUTINE, description="紧急程度")
    channel: Channel = Field(Channel.UPPER, description="来源渠道")
    category: str | None = Field(None, description="事项分类代码")
    expectation: str = Field("", max_length=2000, description="期望的结果")
    place: str = Field("", max_length=200, description="事发地点")
    division: str | None = Field(None, max_length=20, description="区划代码")
    requester_name: str = Field("", max_length=60, description="诉求人姓名")
    phone: str | None = Field(None, max_length=40, description="诉求人电话")
    confidential: bool | None = Field(None, description="是否保密；不填则按本市规则对该类型的默认")
    reply_wanted: bool = Field(True, description="是否需要回复与回访")
    business_environment: bool = Field(False, description="是否属营商环境事项")
    anonymous: bool = Field(False, description="是否匿名；匿名的一律保密")
    difficult: bool = Field(False, description="是否疑难")
    source_level: SourceLevel | None = Field(None, description="来源层级")
    source_system: str = Field("", max_length=60, description="来源系统")
    external_no: str = Field("", max_length=60, description="外部单号")
    stated_limit: str | None = Field(None, max_length=40, description="来单载明的时限")
    statutory_limit: str | None = Field(None, max_length=40, description="法定时限")
    statutory_basis: str = Field("", max_length=200, description="法定时限的依据")
    requester_kind: RequesterKind = Field(RequesterKind.PERSON, description="诉求人主体类型")
    enterprise_name: str = Field("", max_length=120, description="企业或单位名称")
    enterprise_code: str = Field("", max_length=20, description="统一社会信用代码")
    contact_phone: str = Field("", max_length=40, description="其他联系电话")
    gender: Gender | None = Field(None, description="性别")
    language: str = Field("", max_length=40, description="语言或方言")
    reported_party: str = Field("", max_length=120, description="被反映的单位或个人")
    reported_phone: str = Field("", max_length=40, description="被反映方电话")
    reported_code: str = Field("", max_length=20, description="被反映方统一社会信用代码")
    avoid: list[str] = Field([], max_length=20, description="应当回避的单位代码")
    occurred_at: AwareDatetime | None = Field(None, description="发生时间")
    longitude: float | None = Field(None, description="经度，度数")
    latitude: float | None = Field(None, description="纬度，度数")
    grid: str = Field("", max_length=60, description="网格")
    spot: str = Field("", max_length=80, description="小区或点位")
    tags: list[str] = Field([], max_length=10, description="标签")
    new_facts: str = Field(
        "", max_length=2000, description="同一诉求人同一事项再次反映时，新的事实或理由"
    )

    def form(self, rules: Rules) -> RequestForm:
        """The same, as intake takes it."""
        said = self.model_dump()
        said |= {
            "confidential": confidential_for(rules, self.kind, self.confidential),
            "gender": self.gender or "",
            "avoid": tuple(self.avoid),
            "tags": tuple(self.tags),
        }
        return RequestForm(**said)


class TicketOut(_Out):
    """一张工单；按令牌所属岗位脱敏"""

    number: str = Field(description="工单编号")
    version: int = Field(description="版本号，随每次操作递增")
    status: Status = Field(description="状态")
    kind: RequestKind = Field(description="诉求类型")
    urgency: Urgency = Field(description="紧急程度")
    channel: Channel = Field(description="来源渠道")
    category: str | None = Field(description="事项分类代码")
    category_name: str | None = Field(description="事项分类")
    department: str | None = Field(description="主办单位代码")
    department_name: str | None = Field(description="主办单位")
    title: str = Field(description="标题")
    content: str = Field(description="诉求内容")
    expectation: str = Field(description="期望的结果")
    place: str = Field(description="事发地点")
    division: str | None = Field(description="区划代码")
    requester_name: str = Field(description="诉求人姓名")
    phone: str = Field(description="诉求人电话")
    confidential: bool = Field(description="是否要求保密")
    reply_wanted: bool = Field(description="是否需要回复与回访")
    business_environment: bool = Field(description="是否属营商环境事项")
    anonymous: bool = Field(description="是否匿名")
    difficult: bool = Field(description="是否疑难")
    source_level: str | None = Field(description="来源层级代码")
    stated_limit: str | None = Field(description="来单载明的时限")
    statutory_limit: str | None = Field(description="法定时限")
    statutory_basis: str = Field(description="法定时限的依据")
    round: int = Field(description="第几轮办理")
    urged: int = Field(description="催办次数")
    created_at: datetime = Field(description="受理时间")
    dispatched_at: datetime | None = Field(description="首次派单时间")
    acknowledge_by: datetime | None = Field(description="签收时限")
    acknowledged_at: datetime | None = Field(description="签收时间")
    first_contacted_at: datetime | None = Field(description="首次联系诉求人的时间")
    warn_at: datetime | None = Field(description="临期预警时间")
    due_at: datetime | None = Field(description="办理时限")
    breached_at: datetime | None = Field(description="被记超期的时间")
    completed_at: datetime | None = Field(description="办结时间")
    closed_at: datetime | None = Field(description="结案时间")
    clock_rule: str = Field(description="时限依据")
    public_reply: str = Field(description="公开答复")
    solved: Verdict | None = Field(description="诉求人所说的解决情况")
    rating: Rating | None = Field(description="诉求人评价")
    actions: list[Action] = Field(description="本岗位此刻可进行的操作")


class ParticularsOut(_Out):
    """一张工单的其他登记内容；按令牌所属岗位隐去诉求人信息"""

    requester_kind: RequesterKind = Field(description="诉求人主体类型")
    enterprise_name: str = Field(description="企业或单位名称")
    enterprise_code: str = Field(description="统一社会信用代码")
    contact_phone: str = Field(description="其他联系电话")
    gender: str = Field(description="性别")
    language: str = Field(description="语言或方言")
    reported_party: str = Field(description="被反映的单位或个人")
    reported_phone: str = Field(description="被反映方电话")
    reported_code: str = Field(description="被反映方统一社会信用代码")
    occurred_at: datetime | None = Field(description="发生时间")
    longitude: float | None = Field(description="经度")
    latitude: float | None = Field(description="纬度")
    grid: str = Field(description="网格")
    spot: str = Field(description="小区或点位")
    source_system: str = Field(description="来源系统")
    external_no: str = Field(description="外部单号")
    category_as_filed: str = Field(description="登记时的分类：逐级代码与名称")
    tags: list[str] = Field(description="标签")
    hidden: bool = Field(description="诉求人信息是否对本岗位隐去")


class AmendIn(_In):
    """修改登记内容"""

    changes: dict[str, Any] = Field(description="要修改的项目与新内容，项目名同新建工单")
    reason: str = Field(max_length=2000, description="修改的原因")
    version: Version = None


class AttachmentOut(_Out):
    """一个附件"""

    id: int = Field(description="编号")
    part: AttachmentPart = Field(description="属于哪一部分")
    kind: AttachmentKind = Field(description="按内容判定的种类")
    name: str = Field(description="文件名")
    media_type: str = Field(description="媒体类型")
    size: int = Field(description="字节数")
    scanned: str = Field(description="查毒结果代码")
    added_at: datetime = Field(description="添加时间")


class AttachedOut(_Out):
    """上传的结果：收下的附件编号，和没有收下的原因"""

    added: list[int] = Field(description="新附件的编号")
    refused: list[str] = Field(description="没有收下的文件及原因")


class NewTicketOut(_Out):
    """建好的工单"""

    ticket: TicketOut = Field(description="工单")
    query_code: str = Field(description="查询码：诉求人凭工单编号和它查询进度")


class TicketPageOut(_Out):
    """一页工单，新的在前"""

    items: list[TicketOut] = Field(description="本页工单")
    next_cursor: str | None = Field(description="下一页的 cursor；没有更多时为 null")


class EventOut(_Out):
    """流转记录的一条"""

    id: int = Field(description="序号，只增不减")
    kind: str = Field(description="事件代码")
    label: str = Field(description="事件")
    at: datetime = Field(description="发生时间")
    actor: str = Field(description="经手人")
    role: str = Field(description="经手人岗位代码")
    status: Status | None = Field(description="之后的工单状态")
    details: dict[str, Any] = Field(description="事件的细节")


class ActionIn(_In):
    """不需要填写内容的操作"""

    version: Version = None


class DispatchIn(_In):
    """派单"""

    department: str = Field(description="承办单位代码")
    opinion: str = Field("", max_length=2000, description="派单意见")
    category: str | None = Field(None, description="事项分类代码；不填则不变")
    version: Version = None


class ReassignIn(_In):
    """改派"""

    department: str = Field(description="承办单位代码")
    reason: str = Field(max_length=2000, description="改派原因")
    category: str | None = Field(None, description="改正后的事项分类代码；不填则不变")
    version: Version = None


class CategoryIn(_In):
    """更正事项分类"""

    category: str = Field(max_length=40, description="正确的事项分类代码")
    reason: str = Field("", max_length=200, description="更正的原因")
    version: Version = None


class ContactNoteIn(_In):
    """先行联系"""

    note: str = Field(max_length=2000, description="联系了谁、说了什么")
    version: Version = None


class CompleteIn(_In):
    """办结"""

    public_reply: str = Field(max_length=20_000, description="公开答复，诉求人可见，至少 10 个字")
    internal_note: str = Field("", max_length=20_000, description="内部备注，诉求人不可见")
    version: Version = None


class ReasonIn(_In):
    """退回补正、退回重办"""

    reason: str = Field(max_length=2000, description="原因")
    version: Version = None


class ReviewIn(_In):
    """复核"""

    redo: bool = Field(description="true 退回重办；false 维持办理结果")
    words: str = Field(max_length=2000, description="复核情况和理由")
    version: Version = None


class SendBackIn(_In):
    """退回补正"""

    reason_code: str = Field(
        max_length=40, description="退回补正的原因代码，取自本市规则的原因目录"
    )
    reason: str = Field("", max_length=2000, description="补充说明，承办单位会看到")
    version: Version = None


class FollowUpIn(_In):
    """人工回访的结果；结案由它得出"""

    reached: bool = Field(description="是否联系上诉求人")
    solved: Verdict | None = Field(None, description="诉求人所说的解决情况；联系上时必填")
    rating: Rating | None = Field(None, description="诉求人评价")
    note: str = Field("", max_length=2000, description="备注")
    version: Version = None


class ContactOut(_Out):
    """一次来电"""

    call_id: str = Field(description="电话系统的通话标识")
    channel: str = Field(description="渠道")
    direction: str = Field(description="inbound 呼入，outbound 呼出")
    caller: str | None = Field(description="主叫号码")
    line: str | None = Field(description="被叫线路")
    queue: str | None = Field(description="队列")
    agent: str | None = Field(description="首位接听话务员的分机")
    started_at: datetime = Field(description="开始时间")
    queued_at: datetime | None = Field(description="进入队列的时间")
    answered_at: datetime | None = Field(description="接听时间")
    ended_at: datetime | None = Field(description="结束时间")
    wait_s: float | None = Field(description="等待秒数")
    talk_s: float | None = Field(description="通话秒数")
    outcome: str | None = Field(description="电话结果；未结束时为 null")
    disposition: str | None = Field(description="登记结果")
    ticket_number: str | None = Field(description="生成或关联的工单编号")
    recorded: bool = Field(description="是否有录音")
    node: str | None = Field(description="接入的电话系统；手工登记和导入的为 null")


class ContactPageOut(_Out):
    """一页来电，新的在前"""

    items: list[ContactOut] = Field(description="本页来电")
    next_cursor: str | None = Field(description="下一页的 cursor；没有更多时为 null")


class SuggestIn(_In):
    """要分析的诉求"""

    text: str = Field(max_length=MAX_CONTENT, description="诉求内容")
    division: str | None = Field(None, description="区划代码")


class EvidenceOut(_Out):
    """起作用的词"""

    token: str = Field(description="词")
    weight: float = Field(description="权重")


class SuggestionOut(_Out):
    """一项建议"""

    label: str = Field(description="代码")
    name: str = Field(description="名称")
    probability: float = Field(description="概率，0 到 1")
    evidence: list[EvidenceOut] = Field(description="依据的词")


class SuggestionsOut(_Out):
    """模型的建议，可能性大的在前；只供人参考"""

    categories: list[SuggestionOut] = Field(description="事项分类")
    departments: list[SuggestionOut] = Field(description="承办单位")
    model_version: str = Field(description="模型版本")


class NamedOut(_Out):
    """代码与名称"""

    code: str = Field(description="代码")
    name: str = Field(description="名称")
    parent: str | None = Field(description="上一级代码")


class LineOut(_Out):
    """并入 12345 的一条线路"""

    number: str = Field(description="号码")
    name: str = Field(description="名称")
    state: str = Field(description="归并方式代码")
    kind: str = Field(description="服务对象代码")
    queue: str = Field(description="队列")
    standing: str = Field(description="今天是否生效：in_force、coming 或 over")
    effective_from: date | None = Field(description="生效日期；空为一直有效")
    effective_to: date | None = Field(description="撤并日期，自这一天起不再使用")
    transfer_number: str = Field(description="原单位电话；空为没有")
    language: str = Field(description="语种或方言；空为普通话")
    department: str = Field(description="原单位编码；空为没有")
    own_report: bool = Field(description="是否单独统计")
    version: int = Field(description="修改次数，从 1 起")


class ProblemOut(BaseModel):
    """出错时的回答（RFC 9457）"""

    type: str = Field(description="问题类型")
    title: str = Field(description="标题")
    status: int = Field(description="HTTP 状态码")
    detail: str = Field(description="说明")
    code: str = Field(description="稳定的错误代码")
    instance: str = Field(description="请求编号，报障时提供")
    field: str | None = Field(None, description="有误的字段")
    errors: list[dict[str, str]] | None = Field(None, description="逐项错误")
