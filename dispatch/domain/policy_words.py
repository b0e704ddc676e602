"""Every value of a policy in words, with who says so; and what differs between two policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from types import MappingProxyType
from typing import Any

from dispatch.domain.calendar_years import YearPlan
from dispatch.domain.call_tables import TABLE_WORDS, stated_values
from dispatch.domain.conduct import LadderStep, LintRule, Reason, TriggerRule
from dispatch.domain.follow_up_scripts import FollowUpScript
from dispatch.domain.limits import Limit, LimitRule, Mark
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.profile_file import CONDITIONS, SECTIONS, value_of
from dispatch.domain.vocabulary import Labelled
from dispatch.domain.worktime import SATURDAY, WorkCalendar

SECTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "limit": "办理时限",
        "acknowledge": "签收时限",
        "clock": "计时",
        "hours": "工作时段",
        "warning": "预警",
        "return": "退单",
        "extension": "延期",
        "redo": "重办",
        "transfer": "改派",
        "hold": "挂起",
        "sub_dispatch": "下派",
        "approval": "单位审批",
        "wandering": "流转无主",
        "repeat": "重复反映",
        "supervision": "督办",
        "confidentiality": "保密",
        "attachments": "附件",
        "follow_up": "回访",
        "rating": "满意度",
        "service": "接听",
        "opening": "接听时间",
        "menus": "语音菜单开关",
        "seats": "坐席",
        "urgent_callers": "紧急来电优先",
        "call_back": "漏接回拨",
        "number_flag": "号码标记",
        "recording": "录音",
        "dialling": "号码归属",
        "classifier": "智能分类",
        "hot_spot": "热点预警",
        "open_data": "开放数据",
        "early_warning": "早期预警",
        "knowledge": "知识库",
        "brief": "要情",
        "report": "报表印发",
        "staffing": "排班",
        "survey": "语音回访",
        "review": "不满意复核",
        "appeal": "考核申诉",
        "agent_rating": "话务员评价",
        "quality": "质检",
        "accountability": "约谈问责",
        "gaming": "数据核查",
        **TABLE_WORDS,
        "ladder": "超期升级",
        "trigger": "自动督办",
        "reason": "原因目录",
        "lint": "答复规范",
        "script": "回访话术",
    }
)
KEY_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "clock.starts": "起算时点",
        "clock.limit_on_ticket": "时限写在工单上",
        "clock.sign_reminder": "签收提醒（用去的比例）",
        "hours.working": "工作时段",
        "warning.yellow_before": "黄牌提前",
        "warning.elapsed_fraction": "短时限黄牌（用去的比例）",
        "warning.red": "红牌",
        "return.window": "可退单的时间",
        "return.max_times": "可退单次数",
        "return.designation_after": "派过几次后指定承办",
        "return.after_designation": "指定后可退单",
        "return.suggested_unit_required": "须写明建议单位",
        "extension.apply_before": "延期提前申请",
        "extension.max_times": "可延期次数",
        "extension.longest": "一次最长",
        "extension.further_needs_higher_approver": "再次延期由负责人审批",
        "extension.commitment_max_months": "承诺办理最长（月）",
        "redo.max_times": "可重办次数",
        "redo.share": "重办时限（原时限的比例）",
        "redo.at_least": "重办时限至少",
        "redo.limit": "重办时限",
        "transfer.clock": "改派后计时",
        "transfer.floor": "新单位至少",
        "hold.max_times": "可挂起次数",
        "hold.longest": "一次最长",
        "sub_dispatch.share": "下级单位得到剩余时间的比例",
        "sub_dispatch.at_least": "下级单位至少",
        "approval.kinds": "须审批的诉求类型",
        "approval.unit_classes": "须审批的单位类别",
        "wandering.units": "经手单位数",
        "wandering.ownerless": "无主时间",
        "repeat.within": "同一事项视为重复",
        "supervision.limit": "日常督办答复时限",
        "supervision.listed": "挂牌督办答复时限",
        "supervision.summons": "约谈督办答复时限",
        "supervision.returned_times": "退单几次启动督办",
        "supervision.many_callers": "多少人反映启动督办",
        "confidentiality.default_kinds": "默认保密的诉求类型",
        "attachments.picture_mb": "图片最大（MB）",
        "attachments.sound_mb": "音频最大（MB）",
        "attachments.video_mb": "视频最大（MB）",
        "attachments.document_mb": "文档最大（MB）",
        "attachments.per_ticket": "一张工单最多几个",
        "follow_up.within": "回访时限",
        "follow_up.attempts": "回访次数",
        "follow_up.half_days": "分布的半天数",
        "follow_up.span": "回访期间",
        "follow_up.polite_hours": "可以打电话的时段",
        "follow_up.link_valid": "短信链接有效期",
        "follow_up.sample": "回访比例",
        "follow_up.least_per_stratum": "每层每月至少回访（件）",
        "follow_up.message": "未接通后发短信链接",
        "follow_up.person_attempts": "人工回访次数",
        "follow_up.confidential_by_person": "保密件只由热线人员回访",
        "survey.languages": "语音提示的语言",
        "survey.comment_s": "留言最长（秒）",
        "survey.tries": "每个问题最多问几遍",
        "survey.detect_machine": "识别语音信箱",
        "review.by_centre": "重办前由中心复核",
        "review.within": "复核时限",
        "appeal.within": "申诉期限",
        "appeal.decide_within": "申诉审核时限",
        "appeal.deciders": "审核人数",
        "agent_rating.ask": "通话后请来电人评价话务员",
        "agent_rating.least_talk_s": "通话至少多少秒才评价",
        "quality.calls_a_week": "每周抽查通话（件）",
        "quality.replies_a_week": "每周抽查答复（件）",
        "quality.second_share": "双盲复评比例",
        "quality.apart_points": "两人相差多少分须裁定",
        "accountability.rectify": "约谈后整改时限",
        "gaming.return_before": "到期前多久内退单算异常",
        "gaming.pasted_percent": "答复相似多少算照搬（%）",
        "gaming.pasted_least_length": "比对的答复至少字数",
        "gaming.pleased_points": "选择性回访的差距（百分点）",
        "gaming.least": "至少多少件才判断",
        "rating.scale": "评价等级",
        "rating.satisfied": "算作满意的等级",
        "rating.unreached_counts_as_satisfied": "未接通算满意",
        "rating.denominator": "满意率的分母",
        "rating.least": "参加比较的最少评价数",
        "service.answer_within_seconds": "接听时限（秒）",
        "service.abandon_free_seconds": "不计入接通率的短时放弃（秒，0 为都计入）",
        "service.connection_percent": "接通率（%）",
        "opening.always": "全天候接听",
        "opening.hours": "接听时段",
        "opening.on_days_off": "休息日也接听",
        "opening.closed_to": "非接听时间",
        "menus.enabled": "启用语音菜单",
        "menus.tries": "按错几次后直接转人工",
        "seats.pause_on_no_answer": "振铃不接自动小休",
        "seats.wrap_up_ends": "整理时间到自动就绪",
        "urgent_callers.within": "多久内再次来电",
        "urgent_callers.times": "未接通几次后优先",
        "urgent_callers.flagged_places": "重点场所优先",
        "call_back.missed": "漏接自动回拨",
        "call_back.least_wait_s": "等待不到多久不回拨（秒）",
        "call_back.attempts": "回拨次数",
        "call_back.gap": "两次回拨间隔",
        "call_back.expires": "回拨有效期",
        "call_back.hours": "可以回拨的时段",
        "classifier.auto_dispatch": "允许自动派单",
        "classifier.precision_percent": "自动派单所需准确率（%）",
        "classifier.least_validated": "每类至少检验（条）",
        "classifier.retrain_after": "新增标注多少条后重新训练",
        "classifier.newest_days": "最近多少天单独检验",
        "classifier.tolerance_points": "单类最多允许下降（百分点）",
        "classifier.same_event_days": "多少天内的未结工单视为可能同一事件",
        "hot_spot.window_hours": "统计最近（小时）",
        "hot_spot.history_weeks": "对照此前（周）",
        "hot_spot.least_tickets": "至少工单数",
        "hot_spot.least_callers": "至少来电人数",
        "hot_spot.false_alarms_a_week": "全市每周允许误报（个）",
        "hot_spot.quiet_hours": "多少小时无新单视为回落",
        "open_data.k": "每种组合至少几件（k）",
        "open_data.publish_day": "每月几日起发布上月",
        "open_data.by_schedule": "到日自动发布",
        "open_data.licence": "使用许可",
        "early_warning.surge_days": "激增看最近（天）",
        "early_warning.history_weeks": "激增对照此前（周）",
        "early_warning.surge_least": "激增至少工单数",
        "early_warning.false_alarms_a_week": "激增全市每周允许误报（个）",
        "early_warning.within": "将超期看多长时间内到期",
        "early_warning.pace_days": "按最近多少个工作日的办结速度推算",
        "early_warning.miss_least": "预计超期至少几件才预警",
        "early_warning.miss_chance_percent": "按时办完的可能低于百分之几才预警",
        "knowledge.gap_asked": "同一问题多少次没有找到就预警",
        "knowledge.gap_days": "问而未得看最近（天）",
        "knowledge.write": "交办后编写知识条目",
        "knowledge.error_answer": "知识纠错答复",
        "knowledge.review_days": "知识条目发布后多少天复审",
        "brief.feedback": "批示未写时间的反馈时限",
        "brief.urgent_feedback": "紧急要情的反馈时限",
        "report.kinds": "自动印发的报表",
        "report.hour": "期满次日几时印发",
        "report.readers": "送给哪些岗位",
        "staffing.history_weeks": "预测依据最近（周）",
        "staffing.shrinkage_percent": "班内不接话的时间（%）",
        "staffing.occupancy_percent": "话务员忙时占比上限（%）",
        "staffing.usual_wrap_s": "没有记录时的话后整理（秒）",
        "number_flag.longest_days": "标记最长（天）",
        "number_flag.least_evidence": "至少几次来电为据",
        "number_flag.treatment": "默认处理",
        "number_flag.appeal_days": "申诉办理（天）",
        "recording.keep_days": "录音保存（天）",
        "recording.keep_ticket_days": "工单录音保存（天）",
        "recording.encrypt": "加密存放",
        "dialling.area_code": "本市区号",
    }
)


@dataclass(frozen=True)
class Said:
    """One value as people read it; `key` is its place in the file."""

    section: str
    key: str
    label: str
    words: str
    mark: Mark


@dataclass(frozen=True)
class Difference:
    """One value that two policies state differently; empty words: not stated."""

    section: str
    key: str
    label: str
    before: str
    after: str


def said(profile: PolicyProfile) -> list[Said]:
    """Every value of a profile, in the order of the file."""
    return list(_said(profile))


def differences(before: PolicyProfile, after: PolicyProfile) -> list[Difference]:
    """What differs, in the order of the file; sources alone are no difference."""
    old = {one.key: one for one in _said(before)}
    new = {one.key: one for one in _said(after)}
    found: list[Difference] = []
    for key in dict.fromkeys([*old, *new]):
        was, is_now = old.get(key), new.get(key)
        words = was.words if was else "", is_now.words if is_now else ""
        if (one := is_now or was) is not None and words[0] != words[1]:
            found.append(Difference(one.section, key, one.label, *words))
    order = list(SECTION_WORDS.values())
    return sorted(found, key=lambda one: order.index(one.section))


def year_differences(before: WorkCalendar, after: YearPlan) -> list[Difference]:
    """Days of a year that are worked on under one calendar only."""
    found: list[Difference] = []
    known = before.first_day.year <= after.year <= before.last_day.year
    first, last = date(after.year, 1, 1), date(after.year, 12, 31)
    for number in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(number)
        was = before.is_working_day(day) if known else day.weekday() < SATURDAY
        is_now = after.is_working_day(day)
        if was is not is_now:
            words = {True: "上班", False: "放假"}
            name = f"{day:%Y-%m-%d} 周{'一二三四五六日'[day.weekday()]}"
            found.append(Difference("工作日历", str(day), name, words[was], words[is_now]))
    return found


def _said(profile: PolicyProfile) -> Iterator[Said]:
    yield from _limits("limit", profile.rules)
    yield from _limits("acknowledge", profile.acknowledge_rules)
    for section, keys in SECTIONS.items():
        for key in keys:
            path = f"{section}.{key}"
            words = _words(value_of(profile, section, key))
            mark = profile.marks.get(path, Mark(profile.evidence, profile.source))
            yield Said(SECTION_WORDS[section], path, KEY_WORDS[path], words, mark)
    yield from _ladder(profile.ladder)
    yield from _triggers(profile.triggers)
    yield from _reasons(profile.reasons)
    yield from _lint(profile.lint)
    yield from _scripts(profile.scripts)
    for name, row, values in stated_values(profile.calls):
        words = "；".join(f"{label}：{_words(value)}" for label, value in values) or row.label
        yield Said(SECTION_WORDS[name], f"{name}[{row.code}]", row.label, words, row.mark)


def _limits(section: str, rules: Iterable[LimitRule]) -> Iterator[Said]:
    """The rules in the order in which they are tried; an inherited twin never applies."""
    seen: set[str] = set()
    for rule in rules:
        who = "；".join(
            _words(value) for name, _ in CONDITIONS.values() if (value := getattr(rule, name))
        )
        if who in seen:
            continue
        seen.add(who)
        words = f"{rule.limit.words}内{rule.means.label}，{rule.limit.counting}"
        name = SECTION_WORDS[section]
        yield Said(name, f"{section}[{who}]", who or "其他工单", words, rule.mark)


def _ladder(steps: tuple[LadderStep, ...]) -> Iterator[Said]:
    for place, step in enumerate(steps, start=1):
        level = f"（{step.level.label}）" if step.level else ""
        copies = f"，抄送{'、'.join(step.copies)}" if step.copies else ""
        words = f"到期后 {step.after.words}：{step.act.label}{level}{copies}"
        yield Said(SECTION_WORDS["ladder"], f"ladder[{place}]", f"第 {place} 步", words, step.mark)


def _triggers(rules: tuple[TriggerRule, ...]) -> Iterator[Said]:
    for rule in rules:
        key = f"trigger[{rule.trigger.value}]"
        yield Said(SECTION_WORDS["trigger"], key, rule.trigger.label, rule.level.label, rule.mark)


def _reasons(reasons: tuple[Reason, ...]) -> Iterator[Said]:
    for reason in reasons:
        key = f"reason[{reason.use.value}.{reason.code}]"
        says = f"；{reason.says}" if reason.says else ""
        basis = "；须写明依据" if reason.basis_required else ""
        words = f"{reason.label}{says}{basis}"
        yield Said(SECTION_WORDS["reason"], key, reason.use.label, words, reason.mark)


def _lint(rules: tuple[LintRule, ...]) -> Iterator[Said]:
    for rule in rules:
        measure = rule.pattern or (f"{rule.least:g}" if rule.least else "")
        words = f"{rule.sentence}（{rule.severity.label}）{f'：{measure}' if measure else ''}"
        yield Said(SECTION_WORDS["lint"], f"lint[{rule.code}]", rule.check.label, words, rule.mark)


def _scripts(scripts: tuple[FollowUpScript, ...]) -> Iterator[Said]:
    for one in scripts:
        name = SECTION_WORDS["script"]
        yield Said(name, f"script[{one.code}]", one.label, one.words, one.mark)


def _words(value: Any) -> str:
    if value is None:
        return "不限"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Limit):
        return value.words
    if isinstance(value, Labelled):
        return value.label
    if isinstance(value, frozenset):
        return "、".join(sorted(_words(one) for one in value)) or "无"
    if isinstance(value, tuple):
        if value and all(isinstance(one, time) for one in value):
            return "–".join(f"{one:%H:%M}" for one in value)
        return "、".join(_words(one) for one in value) or "无"
    return f"{value:.0%}" if isinstance(value, float) else str(value)
