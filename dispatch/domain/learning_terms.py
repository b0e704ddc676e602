"""The words of the classifier's life: where labels come from, models, trainings, hot spots."""

from __future__ import annotations

from dispatch.domain.vocabulary import Labelled


class Provenance(Labelled):
    """Where a label comes from; the later in this list, the more it is worth."""

    REGISTERED = "registered", "登记时选定"
    DISPATCHED = "dispatched", "派单时改定"
    RETURN_GRANTED = "return_granted", "退单核准改派"
    AUDITED = "audited", "审核改定"
    IMPORTED = "imported", "外部标注导入"


class ModelState(Labelled):
    """Where a trained model stands; exactly one is active."""

    CANDIDATE = "candidate", "待检验"
    ACTIVE = "active", "使用中"
    REFUSED = "refused", "未通过检验"
    RETIRED = "retired", "已停用"


class TrainingState(Labelled):
    """Where a training stands."""

    WAITING = "waiting", "等待训练"
    RUNNING = "running", "训练中"
    DONE = "done", "已启用"
    REFUSED = "refused", "未通过检验"
    FAILED = "failed", "训练失败"


class HotSpotState(Labelled):
    """Where a hot spot stands."""

    OPEN = "open", "升温中"
    DISMISSED = "dismissed", "已排除"
    OVER = "over", "已回落"


class LeftToPerson(Labelled):
    """Why a new request was not dispatched automatically."""

    NOT_SURE = "not_sure", "模型把握不够"
    UNREADABLE = "unreadable", "内容无法判断"
    BY_PERSON = "by_person", "登记人留给派单员"
    OTHER_CATEGORY = "other_category", "登记的分类与模型不同"
    NO_DIVISION = "no_division", "没有属地，目录按属地分工"
    NO_ROUTE = "no_route", "派单目录没有对应单位"
    CONFIDENTIAL = "confidential", "保密"
    AVOIDED = "avoided", "有回避单位"
    EMERGENCY = "emergency", "特急"
    DIFFICULT = "difficult", "疑难"
    REPEAT = "repeat", "与以前的工单有关联"
    SAME_EVENT = "same_event", "疑似同一事件，可能并单"
    DESIGNATED = "designated", "已指定承办"
    REFUSED = "refused", "派单被规则拒绝"
