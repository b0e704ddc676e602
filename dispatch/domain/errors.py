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


class ChangedMeanwhile(HotlineError):
    """这张工单刚刚被其他人处理过，请查看最新内容后再操作；您填写的内容已保留"""

    code = "changed-meanwhile"


class DialerUnavailable(HotlineError):
    """电话系统暂时无法外呼，稍后会自动重试"""

    code = "dialer-unavailable"


class TelephonyUnavailable(HotlineError):
    """电话系统未连接，操作已记录，恢复后自动生效"""

    code = "telephony-unavailable"


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
