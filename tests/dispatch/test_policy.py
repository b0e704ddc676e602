"""Policy files: what the shipped profiles say, who says so, and how a wrong file is refused."""

from __future__ import annotations

import tomllib
from datetime import time
from importlib.resources import files
from typing import Any

import pytest

from dispatch.domain.errors import PolicyError
from dispatch.domain.limits import DayEnd, Evidence, Limit, LimitRule, LimitStart, LimitUnit, Mark
from dispatch.domain.policy import UnknownProfile, load_profile, profile_names
from dispatch.domain.profile import ClockStart, RedAfter
from dispatch.domain.profile_file import SECTIONS, parse_profile
from dispatch.domain.vocabulary import Rating, RequestKind, Urgency

DEFAULT = load_profile("default")
HEAD: dict[str, Any] = {"name": "city", "label": "某市", "evidence": "A", "source": "某市办法"}
NINE = {
    "anhui_2025": Evidence.D,
    "beijing_2021": Evidence.A,
    "jinan_2018": Evidence.A,
    "shandong_prov_2020": Evidence.C,
    "shandong_prov_complaint_2017": Evidence.C,
    "shanghai_jingan_street_2019": Evidence.B,
    "sichuan_2025": Evidence.C,
    "weifang_2021": Evidence.A,
    "zhengzhou_fast_2017": Evidence.C,
}


def city(**sections: object) -> dict[str, Any]:
    return HEAD | sections


def limit_of(
    document: dict[str, Any],
    kind: RequestKind = RequestKind.COMPLAINT,
    urgency: Urgency = Urgency.ROUTINE,
    **place: str,
) -> Limit:
    return parse_profile(document, DEFAULT).rule_for(kind, urgency, **place).limit


def test_the_default_and_nine_cities_are_shipped_with_their_evidence() -> None:
    assert profile_names() == ("default", *sorted(NINE))
    assert {name: load_profile(name).evidence for name in NINE} == NINE
    assert DEFAULT.evidence is Evidence.P


@pytest.mark.parametrize("name", profile_names())
def test_every_value_of_every_profile_names_who_says_so(name: str) -> None:
    profile = load_profile(name)
    optional = {"extension.longest", "redo.limit"}
    keys = {f"{section}.{key}" for section, readers in SECTIONS.items() for key in readers}
    assert keys - optional <= set(profile.marks) <= keys
    rules = (*profile.rules, *profile.acknowledge_rules)
    assert all(mark.source for mark in (*profile.marks.values(), *(rule.mark for rule in rules)))


@pytest.mark.parametrize("name", sorted(NINE))
def test_what_a_source_does_not_say_keeps_the_mark_of_the_default(name: str) -> None:
    profile = load_profile(name)
    assert profile.mark_of("follow_up.attempts").evidence is Evidence.P
    assert profile.acknowledge_rules[0].mark.evidence is Evidence.P
    inherited = [rule for rule in profile.rules if rule.generation]
    assert {rule.mark.evidence for rule in inherited} == {Evidence.P}


def test_the_numbers_the_sources_do_give_are_kept_with_their_mark() -> None:
    shandong = load_profile("shandong_prov_2020")
    assert shandong.returning.window == Limit(2, LimitUnit.WORKING_DAY)
    assert shandong.extension.longest == Limit(10, LimitUnit.WORKING_DAY)
    assert shandong.mark_of("return.window").evidence is Evidence.C
    complaint = load_profile("shandong_prov_complaint_2017")
    assert complaint.extension.longest == Limit(7, LimitUnit.WORKING_DAY)
    assert complaint.mark_of("extension.max_times").evidence is Evidence.P
    assert load_profile("anhui_2025").extension.commitment_max_months == 9
    jingan = load_profile("shanghai_jingan_street_2019")
    assert jingan.redo.limit == jingan.supervision.limit == Limit(3, LimitUnit.WORKING_DAY)
    assert jingan.extension.longest == Limit(15, LimitUnit.WORKING_DAY)
    assert load_profile("beijing_2021").clock.limit_on_ticket
    assert not load_profile("weifang_2021").returning.after_designation


def test_the_default_keeps_silence_from_stopping_clocks_or_counting_as_praise() -> None:
    assert DEFAULT.clock.starts is ClockStart.DISPATCH
    assert DEFAULT.rating.unreached_counts_as_satisfied is False
    assert Rating.DISSATISFIED not in DEFAULT.rating.satisfied
    assert DEFAULT.warning.red is RedAfter.NEXT_WORKING_DAY
    assert DEFAULT.service.answer_within_seconds == 15
    assert DEFAULT.follow_up.attempts == 3
    assert DEFAULT.follow_up.half_days == 2


@pytest.mark.parametrize(
    ("clock", "polite"),
    [("08:59", False), ("09:00", True), ("12:00", False), ("19:59", True), ("20:00", False)],
)
def test_residents_are_rung_at_polite_hours_only(clock: str, polite: bool) -> None:
    assert DEFAULT.follow_up.is_polite(time.fromisoformat(clock)) is polite


def test_the_more_specific_rule_wins_and_own_rules_come_before_inherited_ones() -> None:
    document = city(
        limit=[
            {"limit": "7 working_day"},
            {"limit": "4 working_day", "kind": ["complaint"]},
            {"limit": "2 working_day", "kind": ["complaint"], "unit_class": ["enterprise"]},
            {"limit": "60 natural_day", "source_level": ["national"]},
            {"limit": "1 hour", "category": ["0203"], "kind": ["complaint"]},
        ]
    )
    assert limit_of(document, RequestKind.INQUIRY).amount == 7
    assert limit_of(document).amount == 4
    assert limit_of(document, unit_class="enterprise").amount == 2
    assert limit_of(document, unit_class="bureau").amount == 4
    assert limit_of(document, RequestKind.INQUIRY, source_level="national").amount == 60
    assert limit_of(document, category="020301").unit is LimitUnit.HOUR
    assert limit_of(document, category="02").amount == 4
    # The default's 24 hours for urgent tickets does not undercut a city that makes no difference.
    assert limit_of(document, urgency=Urgency.URGENT).amount == 4
    assert limit_of(document, RequestKind.INQUIRY, Urgency.URGENT).amount == 7


def test_a_rule_states_its_start_its_end_and_its_own_source() -> None:
    row = {
        "limit": "5 working_day",
        "start": "same_day",
        "day_end": "24:00",
        "means": "progress",
        "evidence": "C",
        "source": "晚报",
    }
    rule = parse_profile(city(limit=[row]), DEFAULT).rule_for(
        RequestKind.COMPLAINT, Urgency.ROUTINE
    )
    assert rule.limit == Limit(5, LimitUnit.WORKING_DAY, LimitStart.SAME_DAY, DayEnd.MIDNIGHT)
    assert rule.mark == Mark(Evidence.C, "晚报")
    assert "反馈进展" in rule.sentence
    assert "含当日" in rule.sentence
    assert "晚报" in rule.sentence


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (city(returns={}), "不认识的键 returns"),
        (city(**{"return": {"windows": "1 working_day"}}), "不认识的键 return.windows"),
        (city(**{"return": {"window": "1 day"}}), "return.window：时限“1 day”.*working_day"),
        (city(**{"return": {"window": {"value": "1 working_day", "by": "x"}}}), "window.by"),
        (city(**{"return": {"max_times": -1}}), "return.max_times：应是不小于零的整数"),
        (city(**{"return": {"after_designation": "no"}}), "应是 true 或 false"),
        (city(**{"return": []}), "return 应是一组键值"),
        (city(warning={"elapsed_fraction": 1.5}), "warning.elapsed_fraction"),
        (city(hours={"working": ["8点-12点"]}), "hours.working：时段应写成"),
        (city(hours={"working": ["14:00-17:00", "08:00-12:00"]}), "先后排列"),
        (city(clock={"starts": "signing"}), "clock.starts：“signing”不认识，可用：dispatch"),
        (city(rating={"scale": ["satisfied"], "satisfied": ["very_satisfied"]}), "rating"),
        (city(limit=[{"limit": "0 working_day"}]), r"limit\[1\].limit：时限必须是正整数"),
        (city(limit=[{"limit": "1 hour", "kind": ["投诉"]}]), r"limit\[1\].kind：.*complaint"),
        (city(limit=[{"limit": "1 hour", "kinds": []}]), r"不认识的键 limit\[1\].kinds"),
        (city(limit=["1 hour"]), r"limit\[1\] 应是一组键值"),
        (city(limit="1 hour"), "应写成"),
        (city(limit=[{"kind": ["report"]}]), r"缺少 limit\[1\].limit"),
        (city(evidence="Z"), "evidence：“Z”不认识"),
        (city(label=" "), "label：应是不为空的文字"),
        ({"name": "city"}, "缺少 label"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key_at_fault(
    document: dict[str, Any], message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_profile(document, DEFAULT)


def test_without_a_parent_nothing_may_be_missing() -> None:
    text = files("dispatch").joinpath("policy/profiles/default.toml").read_text(encoding="utf-8")
    whole = tomllib.loads(text)
    assert parse_profile(whole).rules == DEFAULT.rules
    for section, readers in SECTIONS.items():
        for key in readers.keys() & whole[section].keys() - {"apply_before"}:
            less = whole | {section: {k: v for k, v in whole[section].items() if k != key}}
            with pytest.raises(PolicyError, match=f"缺少 {section}.{key}"):
                parse_profile(less)
    with pytest.raises(PolicyError, match="没有适用于“咨询、一般”的办理时限"):
        parse_profile(whole | {"limit": [{"limit": "1 hour", "kind": ["report"]}]})


def test_an_unknown_profile_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(UnknownProfile, match=r"没有规则方案“nowhere”.*sichuan_2025"):
        load_profile("nowhere")


@pytest.mark.parametrize("name", ["../default", "", "Default"])
def test_a_profile_name_is_never_a_path(name: str) -> None:
    with pytest.raises(UnknownProfile):
        load_profile(name)


def test_a_rule_with_no_condition_fits_everything() -> None:
    rule = LimitRule(limit=Limit(1, LimitUnit.HOUR), mark=Mark(Evidence.P, "x"))
    assert rule.fits(RequestKind.REPORT, Urgency.EMERGENCY)
    assert rule.fits_place(None, None, None)
