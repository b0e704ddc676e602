"""Signs of danger raise the urgency of a request; nothing lowers it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import UrgencyRulesUnusable
from classifier.urgency import ORDER, UrgencyRules
from dispatch.domain.vocabulary import Urgency

DANGER = (
    "楼道里有很重的煤气味，不敢开灯",
    "高压线断了掉在田里还在冒火星",
    "马路中间井盖不见了，刚才有人摔进去",
    "老人被关在电梯里出不来",
    "有个孩子落水了",
    "他说不想活了，已经爬上楼顶",
)
HARMLESS = (
    "热水器打不着火，是不是水压太低",
    "住院报销需要哪些材料",
    "路灯不亮已经一个星期",
    "请问危房改造补助怎么申请",
    "建议在公园里多装几个座椅",
)


@pytest.fixture(scope="module")
def rules() -> UrgencyRules:
    return UrgencyRules.shipped()


@pytest.mark.parametrize("text", DANGER)
def test_danger_to_life_is_an_emergency_whatever_the_model_thinks(
    rules: UrgencyRules, text: str
) -> None:
    urgency, signs = rules.raised(text, Urgency.ROUTINE)
    assert urgency is Urgency.EMERGENCY
    assert signs[0].words
    assert signs[0].reason


@pytest.mark.parametrize("text", HARMLESS)
def test_everyday_words_raise_nothing(rules: UrgencyRules, text: str) -> None:
    assert rules.raised(text, Urgency.ROUTINE) == (Urgency.ROUTINE, ())


def test_the_words_shown_are_those_of_the_request(rules: UrgencyRules) -> None:
    _, signs = rules.raised("我家樓下，煤氣洩漏味道很大！", Urgency.ROUTINE)
    assert signs[0].words == "煤气泄漏味"


@given(
    text=st.lists(
        st.sampled_from((*DANGER, *HARMLESS, "，", "水管爆了", "快来人", "谢谢")), max_size=4
    ).map("".join)
    | st.text(max_size=60),
    urgency=st.sampled_from(list(Urgency)),
)
def test_nothing_ever_lowers_the_urgency(text: str, urgency: Urgency) -> None:
    raised, signs = UrgencyRules.shipped().raised(text, urgency)
    assert ORDER.index(raised) >= ORDER.index(urgency)
    assert (raised is not urgency) == bool(signs)
    assert all(ORDER.index(sign.urgency) > ORDER.index(urgency) for sign in signs)


@pytest.mark.parametrize(
    "row",
    [
        {"urgency": "soon", "reason": "x", "pattern": "x"},
        {"urgency": "urgent", "reason": "x", "pattern": "(x"},
        {"urgency": "urgent", "pattern": "x"},
        "urgent",
    ],
)
def test_a_rule_that_cannot_be_understood_is_refused_by_its_number(row: object) -> None:
    with pytest.raises(UrgencyRulesUnusable, match="第 1 条"):
        UrgencyRules.read({"rule": [row]})
