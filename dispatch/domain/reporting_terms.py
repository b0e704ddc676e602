"""The words of reporting: kinds of report, briefs, early warnings, joint meetings."""

from __future__ import annotations

from dispatch.domain.vocabulary import Labelled


class ReportKind(Labelled):
    """Which span a report tells of."""

    DAILY = "daily", "日报"
    WEEKLY = "weekly", "周报"
    MONTHLY = "monthly", "月报"
    YEARLY = "yearly", "年报"
    SPECIAL = "special", "专报"
    BUSINESS = "business", "营商环境专报"


class BriefLevel(Labelled):
    """How important an important matter is."""

    ORDINARY = "ordinary", "一般"
    IMPORTANT = "important", "重要"
    URGENT = "urgent", "紧急"


class BriefState(Labelled):
    """Where a brief stands."""

    DRAFT = "draft", "起草中"
    SUBMITTED = "submitted", "已报送"
    INSTRUCTED = "instructed", "已批示"
    RECEIVED = "received", "已签收"
    ANSWERED = "answered", "已反馈"
    CLOSED = "closed", "已办结"


class BriefAct(Labelled):
    """What may be done to a brief; brief_steps.BRIEF_STEPS says when and by whom."""

    EDIT = "edit", "修改"
    SUBMIT = "submit", "报送"
    INSTRUCT = "instruct", "批示"
    RECEIVE = "receive", "签收"
    FEEDBACK = "feedback", "反馈"
    CLOSE = "close", "办结"


class BriefStepKind(Labelled):
    """One link of a brief's chain."""

    SUBMITTED = "submitted", "报送"
    INSTRUCTION = "instruction", "批示"
    RECEIPT = "receipt", "签收"
    FEEDBACK = "feedback", "反馈"
    CLOSING = "closing", "办结"


class Origin(Labelled):
    """What a brief was started from."""

    TICKET = "ticket", "工单"
    HOT_SPOT = "hot_spot", "热点"
    WARNING = "warning", "预警"
    OWN = "own", "自行起草"


class WarningKind(Labelled):
    """What an early warning is about."""

    SURGE = "surge", "诉求激增"
    ABOUT_TO_MISS = "about_to_miss", "将大面积超期"
    WANDERING = "wandering", "工单流转不定"
    KNOWLEDGE_GAP = "knowledge_gap", "问而未得"


class WarningState(Labelled):
    """Where an early warning stands."""

    OPEN = "open", "待处置"
    SETTLED = "settled", "已处置"
    FALSE = "false", "误报"


class MeetingState(Labelled):
    """Where a joint meeting stands."""

    CALLED = "called", "已召集"
    HELD = "held", "已召开"
    CANCELLED = "cancelled", "已取消"


class CaseState(Labelled):
    """Where a case for the joint meeting stands."""

    RAISED = "raised", "待上会"
    LISTED = "listed", "已列入议题"
    CONCLUDED = "concluded", "已有结论"
    DONE = "done", "已落实"
    WITHDRAWN = "withdrawn", "已撤回"


class ImportSubject(Labelled):
    """What the rows of a history file are."""

    CONTACTS = "contacts", "来电"
    TICKETS = "tickets", "工单"


class ImportState(Labelled):
    """Where a history import stands."""

    RUNNING = "running", "导入中"
    TAKEN = "taken", "已导入"
    UNDONE = "undone", "已撤销"


class Weather(Labelled):
    """Weather that moves the number of calls; a day without a word is an ordinary one."""

    RAIN = "rain", "雨"
    STORM = "storm", "暴雨"
    WIND = "wind", "大风或台风"
    SNOW = "snow", "雪或冰冻"
    HEAT = "heat", "高温"
    COLD = "cold", "寒潮"
    HAZE = "haze", "霾或沙尘"
