"""The words of the contact centre: lines, queues, call-backs, flags, recordings, trunks."""

from __future__ import annotations

from dispatch.domain.vocabulary import Labelled


class LineKind(Labelled):
    """Whom a line is for; an enterprise line has its own queue and its own report."""

    GENERAL = "general", "综合线路"
    ENTERPRISE = "enterprise", "企业服务专线"
    DIALECT = "dialect", "方言坐席线路"
    FOREIGN = "foreign", "外语坐席线路"
    DEPARTMENT = "department", "部门专线"


class QueueStrategy(Labelled):
    """In which order free agents are rung."""

    ROUND_ROBIN = "round_robin", "轮流"
    LONGEST_IDLE = "longest_idle", "空闲最久优先"
    FEWEST_CALLS = "fewest_calls", "接听最少优先"
    RANDOM = "random", "随机"
    ALL = "all", "同时振铃"


class OverflowTo(Labelled):
    """What a caller gets whom no agent can take: outside hours, too many waiting, too long."""

    BUSY = "busy", "请稍后再拨"
    VOICEMAIL = "voicemail", "语音留言"
    CALL_BACK = "call_back", "登记回拨"
    QUEUE = "queue", "转到其他队列"


class EndedBy(Labelled):
    """Who ended a call."""

    CITIZEN = "citizen", "来电人"
    AGENT = "agent", "话务员"
    SYSTEM = "system", "系统"


class CallBackKind(Labelled):
    """Why somebody is to be rung back."""

    MISSED = "missed", "漏接回拨"
    REQUESTED = "requested", "排队预约回拨"
    VOICEMAIL = "voicemail", "留言回拨"


class CallBackState(Labelled):
    """Where a call-back stands; a number has at most one that is open."""

    WAITING = "waiting", "待回拨"
    CALLING = "calling", "回拨中"
    DONE = "done", "已接通"
    GOT_THROUGH = "got_through", "来电人已自行打通"
    UNREACHED = "unreached", "多次未接通"
    CANCELLED = "cancelled", "已取消"
    IMPOSSIBLE = "impossible", "无法回拨"

    @property
    def is_open(self) -> bool:
        """Whether the number is still to be rung."""
        return self in {CallBackState.WAITING, CallBackState.CALLING}


class FlagKind(Labelled):
    """Why a number is flagged."""

    HARASSMENT = "harassment", "骚扰"
    ABUSE = "abuse", "辱骂、威胁"
    FALSE_REPORT = "false_report", "虚假反映"
    URGENT_PLACE = "urgent_place", "重点场所"
    """A hospital, a school, a care home: answered first."""


class FlagTreatment(Labelled):
    """What a flagged caller gets; none of them closes the way to a person in an emergency."""

    MESSAGE = "message", "播放告知"
    LAST = "last", "排在最后"
    FIRST = "first", "优先接听"


class FlagState(Labelled):
    """Where a number flag stands: two persons make it, a day ends it, an appeal may lift it."""

    PROPOSED = "proposed", "待批准"
    ACTIVE = "active", "生效"
    REFUSED = "refused", "未批准"
    WITHDRAWN = "withdrawn", "已撤回"
    LIFTED = "lifted", "已解除"
    EXPIRED = "expired", "已到期"


class ListenMode(Labelled):
    """How a supervisor takes part in an agent's talk."""

    LISTEN = "listen", "监听"
    WHISPER = "whisper", "耳语"
    BARGE = "barge", "强插"


class ListeningKind(Labelled):
    """What was heard: a live call or a recording; every one is a row of the access log."""

    LISTEN = "listen", "监听"
    WHISPER = "whisper", "耳语"
    BARGE = "barge", "强插"
    TAKE_OVER = "take_over", "接管"
    PLAY = "play", "播放录音"
    DOWNLOAD = "download", "下载录音"
    TRANSCRIPT = "transcript", "查看转写"


class RecordingState(Labelled):
    """Where a recording stands."""

    RECORDING = "recording", "录音中"
    STORED = "stored", "已入库"
    MISSING = "missing", "文件缺失"
    DELETED = "deleted", "到期已删除"


class TranscriptState(Labelled):
    """Where the text of a recording stands."""

    WAITING = "waiting", "待转写"
    WORKING = "working", "转写中"
    DONE = "done", "已转写"
    FAILED = "failed", "转写失败"


class TrunkKind(Labelled):
    """What a trunk leads to."""

    CARRIER = "carrier", "运营商中继"
    EMERGENCY = "emergency", "紧急联动中继"


class TrunkSecurity(Labelled):
    """How signalling and sound travel."""

    UDP = "udp", "UDP"
    TCP = "tcp", "TCP"
    TLS = "tls", "TLS"
    TLS_SRTP = "tls_srtp", "TLS + SRTP"


class TrunkState(Labelled):
    """How a telephone system sees a trunk at this moment."""

    REGISTERED = "registered", "已注册"
    REFUSED = "refused", "注册被拒绝"
    REACHABLE = "reachable", "可达"
    UNREACHABLE = "unreachable", "不可达"
    UNKNOWN = "unknown", "未探测"


class LineStanding(Labelled):
    """Where a line stands on a day; one that does not hold is answered all the same."""

    IN_FORCE = "in_force", "生效中"
    COMING = "coming", "未生效"
    OVER = "over", "已撤并"


class DialScope(Labelled):
    """Where an outbound number leads."""

    INTERNAL = "internal", "内部分机"
    LOCAL = "local", "本市号码"
    NATIONAL = "national", "国内长途"
    MOBILE = "mobile", "手机"
    SERVICE = "service", "服务短号"
    EMERGENCY = "emergency", "紧急号码"
    INTERNATIONAL = "international", "国际及港澳台"
    PREMIUM = "premium", "声讯等加价号码"
    """Charged beyond the call: the usual aim of toll fraud."""


class JoinResult(Labelled):
    """What came of ringing somebody who was to join a talk."""

    ANSWERED = "answered", "已接通"
    BUSY = "busy", "对方忙"
    NO_ANSWER = "no_answer", "无人接听"
    FAILED = "failed", "没有打通"


class EmergencyWay(Labelled):
    """How a citizen is brought to 110, 119, 120 or 122 (12345-110 linkage opinion, 2022)."""

    TRANSFER = "transfer", "一键转接"
    THREE_WAY = "three_way", "三方通话"
