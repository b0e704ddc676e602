"""The words of the knowledge base: levels, states, acts, error reports, gaps."""

from __future__ import annotations

from dispatch.domain.vocabulary import Labelled


class KnowledgeLevel(Labelled):
    """Who may read an entry."""

    PUBLIC = "public", "公开"
    AGENT = "agent", "供坐席"
    INTERNAL = "internal", "中心内部"


class KnowledgeStatus(Labelled):
    """Where the text in work of an entry stands; 已过期 is read from its last valid day."""

    DRAFT = "draft", "草稿"
    APPROVED = "approved", "待发布"
    PUBLISHED = "published", "已发布"
    WITHDRAWN = "withdrawn", "已撤下"


class KnowledgeAct(Labelled):
    """What may be done to an entry; knowledge_steps.KNOWLEDGE_STEPS says when and by whom."""

    EDIT = "edit", "修改"
    APPROVE = "approve", "单位审核"
    SEND_BACK = "send_back", "退回修改"
    PUBLISH = "publish", "发布"
    WITHDRAW = "withdraw", "撤下"


class ErrorReportState(Labelled):
    """Where an error report (纠错) on an entry stands."""

    OPEN = "open", "待答复"
    CORRECTED = "corrected", "已更正"
    EXPLAINED = "explained", "已说明"


class GapState(Labelled):
    """What became of something asked for and not found (问而未得)."""

    OPEN = "open", "待处理"
    ASSIGNED = "assigned", "编写中"
    CLOSED = "closed", "已补齐"
    DISMISSED = "dismissed", "不予补充"
