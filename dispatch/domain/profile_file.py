"""The file form of a policy profile: known keys, inheritance, and who says so.

A profile states only what its source says; everything else comes from the profile it inherits.
A value is written plainly, or as {value, evidence, source} when its evidence differs from the
rest of its section.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dispatch.domain.call_rules import (
    CallBackRules,
    DiallingRules,
    MenuRules,
    NumberFlagRules,
    OpeningRules,
    RecordingRules,
    SeatRules,
    UrgentCallerRules,
)
from dispatch.domain.call_tables import NO_TABLES, ROWS, call_tables
from dispatch.domain.call_terms import FlagTreatment, OverflowTo
from dispatch.domain.conduct import (
    ApprovalRules,
    AttachmentRules,
    ConfidentialityRules,
    HoldRules,
    OnTransfer,
    RepeatRules,
    SubDispatchRules,
    SupervisionRules,
    TransferRules,
    WanderingRules,
)
from dispatch.domain.errors import PolicyError
from dispatch.domain.judging_rules import (
    AccountabilityRules,
    AgentRatingRules,
    AppealRules,
    GamingRules,
    QualityRules,
    ReviewRules,
    SurveyRules,
)
from dispatch.domain.judging_terms import Denominator
from dispatch.domain.knowledge_rules import KnowledgeRules
from dispatch.domain.leader_rules import BriefRules, EarlyWarningRules
from dispatch.domain.learning_rules import ClassifierRules, HotSpotRules
from dispatch.domain.limits import (
    DayEnd,
    Evidence,
    Limit,
    LimitMeaning,
    LimitRule,
    LimitStart,
    Mark,
    SourceLevel,
)
from dispatch.domain.open_data_rules import OpenDataRules
from dispatch.domain.profile import (
    ClockRules,
    ClockStart,
    ExtensionRules,
    FollowUpRules,
    PolicyProfile,
    RatingRules,
    RedAfter,
    RedoRules,
    ReturnRules,
    ServiceRules,
    WarningRules,
)
from dispatch.domain.profile_tables import (
    ladder,
    lint,
    mark_of,
    quality_items,
    reasons,
    scripts,
    triggers,
)
from dispatch.domain.report_rules import ReportRules
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.staffing_rules import StaffingRules
from dispatch.domain.toml_values import (
    Reader,
    Table,
    any_of,
    as_hour,
    as_intervals,
    as_limit,
    as_number,
    as_share,
    as_switch,
    as_text,
    as_texts,
    at,
    check_keys,
    one_of,
    required,
    several_of,
)
from dispatch.domain.vocabulary import DepartmentKind, Rating, RequestKind, Role, Urgency

SECTIONS: Mapping[str, Mapping[str, Reader]] = MappingProxyType(
    {
        "clock": {
            "starts": one_of(ClockStart),
            "limit_on_ticket": as_switch,
            "sign_reminder": as_share,
        },
        "hours": {"working": as_intervals},
        "warning": {
            "yellow_before": as_limit,
            "elapsed_fraction": as_share,
            "red": one_of(RedAfter),
        },
        "return": {
            "window": as_limit,
            "max_times": as_number,
            "designation_after": as_number,
            "after_designation": as_switch,
            "suggested_unit_required": as_switch,
        },
        "extension": {
            "apply_before": as_limit,
            "max_times": as_number,
            "longest": as_limit,
            "further_needs_higher_approver": as_switch,
            "commitment_max_months": as_number,
        },
        "redo": {
            "max_times": as_number,
            "share": as_share,
            "at_least": as_limit,
            "limit": as_limit,
        },
        "transfer": {"clock": one_of(OnTransfer), "floor": as_limit},
        "hold": {"max_times": as_number, "longest": as_limit},
        "sub_dispatch": {"share": as_share, "at_least": as_limit},
        "approval": {"kinds": any_of(RequestKind), "unit_classes": any_of(DepartmentKind)},
        "wandering": {"units": as_number, "ownerless": as_limit},
        "repeat": {"within": as_limit},
        "supervision": {
            "limit": as_limit,
            "listed": as_limit,
            "summons": as_limit,
            "returned_times": as_number,
            "many_callers": as_number,
        },
        "confidentiality": {"default_kinds": any_of(RequestKind)},
        "attachments": {
            "picture_mb": as_number,
            "sound_mb": as_number,
            "video_mb": as_number,
            "document_mb": as_number,
            "per_ticket": as_number,
        },
        "follow_up": {
            "within": as_limit,
            "attempts": as_number,
            "half_days": as_number,
            "span": as_limit,
            "polite_hours": as_intervals,
            "link_valid": as_limit,
            "sample": as_share,
            "least_per_stratum": as_number,
            "message": as_switch,
            "person_attempts": as_number,
            "confidential_by_person": as_switch,
        },
        "survey": {
            "languages": as_texts,
            "comment_s": as_number,
            "tries": as_number,
            "detect_machine": as_switch,
        },
        "review": {"by_centre": as_switch, "within": as_limit},
        "appeal": {"within": as_limit, "decide_within": as_limit, "deciders": as_number},
        "agent_rating": {"ask": as_switch, "least_talk_s": as_number},
        "quality": {
            "calls_a_week": as_number,
            "replies_a_week": as_number,
            "second_share": as_share,
            "apart_points": as_number,
        },
        "accountability": {"rectify": as_limit},
        "gaming": {
            "return_before": as_limit,
            "pasted_percent": as_number,
            "pasted_least_length": as_number,
            "pleased_points": as_number,
            "least": as_number,
        },
        "rating": {
            "scale": several_of(Rating, tuple),
            "satisfied": several_of(Rating, frozenset),
            "unreached_counts_as_satisfied": as_switch,
            "denominator": one_of(Denominator),
            "least": as_number,
        },
        "service": {
            "answer_within_seconds": as_number,
            "abandon_free_seconds": as_number,
            "connection_percent": as_number,
        },
        "opening": {
            "always": as_switch,
            "hours": as_intervals,
            "on_days_off": as_switch,
            "closed_to": one_of(OverflowTo),
        },
        "menus": {"enabled": as_switch, "tries": as_number},
        "seats": {"pause_on_no_answer": as_switch, "wrap_up_ends": as_switch},
        "urgent_callers": {
            "within": as_limit,
            "times": as_number,
            "flagged_places": as_switch,
        },
        "call_back": {
            "missed": as_switch,
            "least_wait_s": as_number,
            "attempts": as_number,
            "gap": as_limit,
            "expires": as_limit,
            "hours": as_intervals,
        },
        "number_flag": {
            "longest_days": as_number,
            "least_evidence": as_number,
            "treatment": one_of(FlagTreatment),
            "appeal_days": as_number,
        },
        "recording": {
            "keep_days": as_number,
            "keep_ticket_days": as_number,
            "encrypt": as_switch,
        },
        "dialling": {"area_code": as_text},
        "classifier": {
            "auto_dispatch": as_switch,
            "precision_percent": as_number,
            "least_validated": as_number,
            "retrain_after": as_number,
            "newest_days": as_number,
            "tolerance_points": as_number,
            "same_event_days": as_number,
        },
        "hot_spot": {
            "window_hours": as_number,
            "history_weeks": as_number,
            "least_tickets": as_number,
            "least_callers": as_number,
            "false_alarms_a_week": as_number,
            "quiet_hours": as_number,
        },
        "open_data": {
            "k": as_number,
            "publish_day": as_number,
            "by_schedule": as_switch,
            "licence": as_text,
        },
        "early_warning": {
            "surge_days": as_number,
            "history_weeks": as_number,
            "surge_least": as_number,
            "false_alarms_a_week": as_number,
            "within": as_limit,
            "pace_days": as_number,
            "miss_least": as_number,
            "miss_chance_percent": as_number,
        },
        "staffing": {
            "history_weeks": as_number,
            "shrinkage_percent": as_number,
            "occupancy_percent": as_number,
            "usual_wrap_s": as_number,
        },
        "knowledge": {
            "gap_asked": as_number,
            "gap_days": as_number,
            "write": as_limit,
            "error_answer": as_limit,
            "review_days": as_number,
        },
        "brief": {"feedback": as_limit, "urgent_feedback": as_limit},
        "report": {
            "kinds": any_of(ReportKind),
            "hour": as_hour,
            "readers": several_of(Role, tuple),
        },
    }
)
CONDITIONS: Mapping[str, tuple[str, Reader]] = MappingProxyType(
    {
        "kind": ("kinds", several_of(RequestKind, frozenset)),
        "urgency": ("urgencies", several_of(Urgency, frozenset)),
        "source_level": ("source_levels", several_of(SourceLevel, frozenset)),
        "category": ("categories", as_texts),
        "unit_class": ("unit_classes", several_of(DepartmentKind, frozenset)),
    }
)
RULE_KEYS = ("limit", "start", "day_end", "means", "evidence", "source")
OPTIONAL = frozenset({"extension.apply_before", "extension.longest", "redo.limit"})
TABLES = ("ladder", "trigger", "reason", "lint", "quality_item", "script", *ROWS)
HEAD = ("name", "label", "evidence", "source", "note", "inherits", "limit", "acknowledge", *TABLES)


def parse_profile(data: Table, parent: PolicyProfile | None = None) -> PolicyProfile:
    """Build a profile from a parsed TOML document; what it leaves out comes from `parent`.

    Raises PolicyError naming the key at fault.
    """
    check_keys(data, (*HEAD, *SECTIONS), "")
    head = {key: required(data, key, as_text, "") for key in ("name", "label", "source")}
    own = Mark(required(data, "evidence", one_of(Evidence), ""), head["source"])
    marks = dict(parent.marks) if parent else {}
    sections = {name: _section(name, data, own, marks, parent) for name in SECTIONS}
    extension = sections["extension"]
    return PolicyProfile(
        **head,
        evidence=own.evidence,
        note=str(data.get("note", "")),
        inherits=parent.name if parent else None,
        rules=_rules(data, "limit", own, parent.rules if parent else ()),
        acknowledge_rules=_rules(
            data, "acknowledge", own, parent.acknowledge_rules if parent else ()
        ),
        clock=ClockRules(**sections["clock"]),
        hours=sections["hours"]["working"],
        warning=WarningRules(**sections["warning"]),
        returning=ReturnRules(**sections["return"]),
        extension=ExtensionRules(**({"apply_before": None} | extension)),
        redo=RedoRules(**sections["redo"]),
        transfer=TransferRules(**sections["transfer"]),
        hold=HoldRules(**sections["hold"]),
        sub_dispatch=SubDispatchRules(**sections["sub_dispatch"]),
        approval=ApprovalRules(**sections["approval"]),
        wandering=WanderingRules(**sections["wandering"]),
        repeat=RepeatRules(**sections["repeat"]),
        supervision=SupervisionRules(**sections["supervision"]),
        confidentiality=ConfidentialityRules(**sections["confidentiality"]),
        attachments=AttachmentRules(**sections["attachments"]),
        follow_up=FollowUpRules(**sections["follow_up"]),
        rating=RatingRules(**sections["rating"]),
        service=ServiceRules(**sections["service"]),
        opening=OpeningRules(**sections["opening"]),
        menus=MenuRules(**sections["menus"]),
        seats=SeatRules(**sections["seats"]),
        urgent_callers=UrgentCallerRules(**sections["urgent_callers"]),
        call_back=CallBackRules(**sections["call_back"]),
        number_flag=NumberFlagRules(**sections["number_flag"]),
        recording=RecordingRules(**sections["recording"]),
        dialling=DiallingRules(**sections["dialling"]),
        classifier=ClassifierRules(**sections["classifier"]),
        hot_spot=HotSpotRules(**sections["hot_spot"]),
        open_data=OpenDataRules(**sections["open_data"]),
        early_warning=EarlyWarningRules(**sections["early_warning"]),
        knowledge=KnowledgeRules(**sections["knowledge"]),
        brief=BriefRules(**sections["brief"]),
        report=ReportRules(**sections["report"]),
        staffing=StaffingRules(**sections["staffing"]),
        survey=SurveyRules(**sections["survey"]),
        review=ReviewRules(**sections["review"]),
        appeal=AppealRules(**sections["appeal"]),
        agent_rating=AgentRatingRules(**sections["agent_rating"]),
        quality=QualityRules(**sections["quality"]),
        accountability=AccountabilityRules(**sections["accountability"]),
        gaming=GamingRules(**sections["gaming"]),
        calls=call_tables(data, own, parent.calls if parent else NO_TABLES),
        ladder=ladder(data, own, parent.ladder if parent else ()),
        triggers=triggers(data, own, parent.triggers if parent else ()),
        reasons=reasons(data, own, parent.reasons if parent else ()),
        lint=lint(data, own, parent.lint if parent else ()),
        quality_items=quality_items(data, own, parent.quality_items if parent else ()),
        scripts=scripts(data, own, parent.scripts if parent else ()),
        marks=MappingProxyType(marks),
    )


def _section(
    name: str, data: Table, own: Mark, marks: dict[str, Mark], parent: PolicyProfile | None
) -> dict[str, Any]:
    stated = data.get(name, {})
    readers = SECTIONS[name]
    check_keys(stated, (*readers, "evidence", "source"), f"{name}.")
    usual = mark_of(stated, own, f"{name}.")
    values: dict[str, Any] = {}
    for key, reader in readers.items():
        path = f"{name}.{key}"
        if key not in stated:
            if parent is None and path not in OPTIONAL:
                raise PolicyError(f"缺少 {path}")
            if parent is not None:
                values[key] = value_of(parent, name, key)
            continue
        value, mark = stated[key], usual
        if isinstance(value, dict):
            check_keys(value, ("value", "evidence", "source"), f"{path}.")
            mark = mark_of(value, usual, f"{path}.")
            value = value.get("value")
        values[key] = at(path, reader, value)
        marks[path] = mark
    return values


ATTRIBUTES = MappingProxyType({"return": "returning"})


def value_of(profile: PolicyProfile, section: str, key: str) -> Any:
    """The value a profile has for a key of a section, stated or inherited."""
    if section == "hours":
        return profile.hours
    return getattr(getattr(profile, ATTRIBUTES.get(section, section)), key)


def _rules(
    data: Table, name: str, own: Mark, inherited: tuple[LimitRule, ...]
) -> tuple[LimitRule, ...]:
    rows = data.get(name, [])
    if not isinstance(rows, list):
        raise PolicyError(f"{name} 应写成 [[{name}]]")
    mine = [_rule(row, own, f"{name}[{place}].") for place, row in enumerate(rows, start=1)]
    older = [replace(rule, generation=rule.generation + 1) for rule in inherited]
    return tuple(sorted((*mine, *older), key=lambda rule: rule.rank))


def _rule(row: Table, own: Mark, where: str) -> LimitRule:
    check_keys(row, (*RULE_KEYS, *CONDITIONS), where)
    conditions = {
        attribute: at(f"{where}{key}", reader, row[key])
        for key, (attribute, reader) in CONDITIONS.items()
        if key in row
    }
    start = at(f"{where}start", one_of(LimitStart), row.get("start", LimitStart.NEXT_DAY))
    day_end = at(f"{where}day_end", one_of(DayEnd), row.get("day_end", DayEnd.CLOSE_OF_BUSINESS))
    means = at(f"{where}means", one_of(LimitMeaning), row.get("means", LimitMeaning.HANDLING))
    text = required(row, "limit", as_text, where)
    limit = at(f"{where}limit", lambda v: Limit.parse(v, start=start, day_end=day_end), text)
    return LimitRule(limit=limit, mark=mark_of(row, own, where), means=means, **conditions)
