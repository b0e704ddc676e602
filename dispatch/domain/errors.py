"""Named refusals of the trade; the class docstring is the default message."""

from __future__ import annotations


class HotlineError(Exception):
    """业务处理失败"""

    code = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class NotFound(HotlineError):
    """没有找到，或您无权查看"""

    code = "not-found"


class InvalidInput(HotlineError):
    """填写内容有误，请检查后重试"""

    code = "invalid-input"

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class RoleNotAllowed(HotlineError):
    """您的岗位不能进行这项操作"""

    code = "role-not-allowed"


class ActionNotAllowed(HotlineError):
    """工单当前状态下不能进行这项操作"""

    code = "action-not-allowed"


class EntryChangedMeanwhile(HotlineError):
    """这个知识条目刚刚被其他人改过，请对照最新内容后再保存；您填写的内容已保留"""

    code = "entry-changed-meanwhile"


class ChangedMeanwhile(HotlineError):
    """这张工单刚刚被其他人处理过，请查看最新内容后再操作；您填写的内容已保留"""

    code = "changed-meanwhile"


class WindowClosed(HotlineError):
    """已超过可以申请的时间"""

    code = "window-closed"


class ReturnWindowClosed(WindowClosed):
    """已超过退单时限"""

    code = "return-window-closed"


class ReturnForbidden(HotlineError):
    """这张工单不得退回"""

    code = "return-forbidden"


class TooManyTimes(HotlineError):
    """已达到允许的次数"""

    code = "too-many-times"


class NotByPolicy(HotlineError):
    """本市规则没有这项办理方式"""

    code = "not-by-policy"


class ApplicationPending(HotlineError):
    """已有一项申请在等待审核，请等结果或先撤回"""

    code = "application-pending"


class OwnRequest(HotlineError):
    """不能审批自己提出的申请或自己经手的派单，请换一位同事审核"""

    code = "own-request"


class HigherApproverNeeded(HotlineError):
    """这项申请须由热线中心负责人审批"""

    code = "higher-approver-needed"


class ApprovalNeeded(HotlineError):
    """这份答复须经本单位负责人同意，请先“送单位审批”"""

    code = "approval-needed"


class AccusedUnit(HotlineError):
    """被反映单位及其上下级单位不能承办这张工单（回避）"""

    code = "accused-unit"


class RepeatRequest(HotlineError):
    """同一诉求人的同一事项已经办结，没有新的事实和理由"""

    code = "repeat-request"

    def __init__(self, message: str | None = None, *, number: str = "") -> None:
        super().__init__(message)
        self.number = number


class CannotMerge(HotlineError):
    """这两张工单不能并单"""

    code = "cannot-merge"


class CannotUndo(HotlineError):
    """已经不能撤销"""

    code = "cannot-undo"


class ReplyNotInOrder(InvalidInput):
    """答复不符合规范，请修改后再提交"""

    code = "reply-not-in-order"


class FileRefused(InvalidInput):
    """这个文件不能上传"""

    code = "file-refused"


class ReportIssuedBefore(HotlineError):
    """本期报表已经印发；内容有误的，请更正印发"""

    code = "report-issued-before"


class AlreadySupervised(HotlineError):
    """同一事由的同级督办正在进行，不能重复下达"""

    code = "already-supervised"


class DialerUnavailable(HotlineError):
    """电话系统暂时无法外呼，稍后会自动重试"""

    code = "dialer-unavailable"


class MessageNotSent(HotlineError):
    """短信没有发出"""

    code = "message-not-sent"

    def __init__(self, message: str | None = None, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        """Whether trying again is of no use."""


class LinkUnusable(HotlineError):
    """这个链接不能使用，请核对短信里的链接是否完整，或者拨打 12345"""

    code = "link-unusable"


class LinkExpired(LinkUnusable):
    """这个链接已经过期；您仍可以拨打 12345 告诉我们是否解决"""

    code = "link-expired"


class AlreadyAnswered(LinkUnusable):
    """您已经评价过了，不需要再评价；有新的情况请拨打 12345"""

    code = "already-answered"


class TelephonyUnavailable(HotlineError):
    """电话系统未连接，操作已记录，恢复后自动生效"""

    code = "telephony-unavailable"


class DialForbidden(HotlineError):
    """不能拨打这个号码"""

    code = "dial-forbidden"


class EmergencyNotSet(HotlineError):
    """紧急联动中继还没有设置，请立即用手机等其他电话拨打；管理员可在“线路与中继”里设置"""

    code = "emergency-not-set"


class BadPlan(HotlineError):
    """电话方案不能写入电话系统，原来的方案继续有效"""

    code = "bad-plan"


class SealBroken(HotlineError):
    """保存的密码不能用本机密钥解开，请重新填写"""

    code = "seal-broken"


class TrunkSilent(HotlineError):
    """试拨没有接通"""

    code = "trunk-silent"


class LineChangedMeanwhile(ChangedMeanwhile):
    """这条线路刚刚被其他人改过，请查看最新内容后再保存；您填写的内容已保留"""

    code = "line-changed-meanwhile"


class NotInTalk(HotlineError):
    """这个坐席现在没有通话"""

    code = "not-in-talk"


class RecordingUnavailable(HotlineError):
    """录音现在不能播放"""

    code = "recording-unavailable"


class PolicyError(HotlineError):
    """规则文件有误"""

    code = "policy-error"


class BadCredentials(HotlineError):
    """账号或密码不正确"""

    code = "bad-credentials"


class AccountLocked(HotlineError):
    """登录失败次数过多，账号已暂时锁定，请稍后再试"""

    code = "account-locked"


class SignInRequired(HotlineError):
    """请先登录"""

    code = "sign-in-required"


class ForgedRequest(HotlineError):
    """页面已过期，请刷新后重新提交；您填写的内容不会丢失"""

    code = "forged-request"
