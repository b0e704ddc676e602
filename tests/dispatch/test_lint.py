"""What a public reply must not say, and what it must: good and bad replies side by side."""

from __future__ import annotations

import csv
import time
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.conduct import Severity
from dispatch.domain.likeness import folded, likeness
from dispatch.domain.lint import Asked, Finding, check
from dispatch.domain.policy import load_profile
from dispatch.domain.vocabulary import RequestKind

RULES = load_profile("default").lint
REQUEST = "水岸花园门口的路灯坏了一个星期，晚上走路看不见，老人摔了一跤，希望尽快修好。"
ASKED = Asked(
    request=REQUEST,
    kind=RequestKind.ASSISTANCE,
    names=("陈晓梅",),
    phones=("13812345678", "0794-8212345"),
)
GOOD = (
    "陈女士：水岸花园门口不亮的三盏路灯是电缆被挖断所致，已于11月20日接通并恢复照明。"
    "依据《城市照明管理规定》第二十二条，我们每周巡查一次，再有不亮可拨打0794-8300000。"
)


def findings(text: str, asked: Asked = ASKED) -> list[Finding]:
    """What the default policy says about this reply."""
    return list(check(text, asked, RULES))


def blocked(text: str, asked: Asked = ASKED) -> set[str]:
    """Codes of what must be mended."""
    return {f.code for f in findings(text, asked) if f.blocks}


def test_a_reply_in_order_has_no_finding() -> None:
    assert findings(GOOD) == []


@pytest.mark.parametrize(
    ("code", "passage"),
    [
        ("phone", "13987654321"),
        ("phone", "139 8765 4321"),
        ("phone", "139-8765-4321"),
        ("phone", "１３９８７６５４３２１"),
        ("phone", "139\u200b8765\u200b4321"),
        ("phone", "一三九八七六五四三二一"),
        ("phone", "幺三九 八七六五 四三二幺"),
        ("phone", "①③⑨⑧⑦⑥⑤④③②①"),
        ("phone", "1 3 9 8 7 6 5 4 3 2 1"),
        ("identity_number", "362502199001011234"),
        ("identity_number", "36250219900101123X"),
        ("identity_number", "362502 1990 0101 123x"),
        ("door_number", "3号楼2单元501室"),
        ("door_number", "3 栋 501 户"),
        ("door_number", "三号楼二单元五〇一室"),
        ("door_number", "12幢1单元1803"),
        ("door_number", "3-2-501"),
        ("requester", "陈晓梅"),
        ("requester", "陈 晓 梅"),
        ("requester", "晓梅女士"),
        ("requester", "0794-8212345"),
        ("requester", "0794 8212345"),
        ("requester", "8212345"),
        ("requester", "八二一二三四五"),
    ],
)
def test_what_points_to_a_person_blocks_and_is_marked_where_it_stands(
    code: str, passage: str
) -> None:
    if code == "door_number" and passage.endswith("1803"):
        passage += "室"
    text = f"路灯已修好。住在{passage}，已经联系说明。"
    found = [f for f in findings(text) if f.blocks and f.code == code]
    assert found
    assert text[found[0].start : found[0].end].strip() in passage
    assert len(text[found[0].start : found[0].end]) >= len(passage) - 2


@pytest.mark.parametrize(
    "text",
    [
        "陈女士您好，水岸花园的路灯已经修好。",
        "水岸花园3号楼2单元门前的路灯已经修好，费用13800元。",
        "工单20261122000017号反映的路灯，已依据〔2018〕13号文修好。",
        "路灯已于2026-11-13修好，联系电话0794-8300000-801，或者拨打12345。",
        "投资138亿1234万元的道路照明改造工程，本路段的路灯11月完工。",
        "路灯杆号13号、25号、38号、41号、52号、63号都已更换灯泡。",
        "路灯统一社会信用代码91361000MA35F8XK2B的公司负责养护。",
    ],
)
def test_what_only_looks_like_a_person_does_not_block(text: str) -> None:
    assert blocked(text) == set()


def test_a_name_that_is_also_a_word_only_warns_unless_it_speaks_of_a_person() -> None:
    asked = Asked(request=REQUEST, kind=RequestKind.ASSISTANCE, names=("高山",))
    word = [
        f for f in findings("路灯在高山公园门口，电缆已经接通。", asked) if f.code == "requester"
    ]
    assert [f.severity for f in word] == [Severity.WARN]
    assert "requester" in blocked("高山女士您好，水岸花园的路灯电缆已经接通。", asked)
    assert "requester" in blocked("已将结果告知诉求人高山。水岸花园路灯已修好。", asked)


@pytest.mark.parametrize("name", ["", "陈", "陈女士", "市民", " "])
def test_a_surname_with_a_form_of_address_is_nobody(name: str) -> None:
    asked = Asked(request=REQUEST, kind=RequestKind.ASSISTANCE, names=(name,))
    assert blocked("陈女士您好，水岸花园的路灯电缆已经接通。", asked) == set()


@pytest.mark.parametrize("text", ["", "已办理。", "好" * 40, "。" * 40, "  已 处 理 ，谢 谢  "])
def test_hardly_any_words_block(text: str) -> None:
    assert "too_short" in blocked(text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("not_our_business", "水岸花园的路灯不归我们管，请找物业。"),
        ("promise", "水岸花园的路灯我们保证马上修好，绝对不会再坏。"),
        ("answers", "经查，贵单位申报材料不齐全，社保补贴不予核发，请补齐后再来窗口。"),
    ],
)
def test_poor_answers_warn_and_do_not_block(code: str, text: str) -> None:
    assert code in {f.code for f in findings(text)}
    assert code not in blocked(text)


def test_a_basis_is_asked_for_only_where_the_policy_wants_one() -> None:
    text = "水岸花园路灯的电缆已经接通，恢复照明。"
    complaint = Asked(request=REQUEST, kind=RequestKind.COMPLAINT)
    assert "policy" in {f.code for f in findings(text, complaint)}
    assert "policy" not in {f.code for f in findings(text)}
    assert "policy" not in {f.code for f in findings(text + "依据《照明规定》第五条。", complaint)}


def test_every_finding_says_who_asks_for_it() -> None:
    for finding in findings("陈晓梅的电话13987654321，不归我们管。"):
        assert finding.sentence
        assert finding.mark.source


def test_the_demo_city_s_own_replies_are_in_order() -> None:
    """No false alarm that blocks; and hardly one that says a reply misses its subject."""
    city = files("hotline.city")
    names = {r["code"]: r["name"] for r in _rows(city.joinpath("categories.csv").read_text())}
    requests = _rows(city.joinpath("corpus.csv").read_text())
    replies = _rows(city.joinpath("replies.csv").read_text())
    pairs = [(q, a) for q in requests for a in replies if a["category"] == q["category"]]
    missed = 0
    for question, answer in pairs:
        asked = Asked(
            request=f"{names[question['category']]} {question['text']}",
            kind=RequestKind(question["kind"]),
            names=("陈晓梅",),
            phones=("13812345678",),
        )
        found = findings(answer["text"], asked)
        assert not [f for f in found if f.blocks], answer["text"]
        missed += any(f.code == "answers" for f in found)
    # These replies were written for a category, not for the one request: 15 % is their worst.
    assert len(pairs) > 500
    assert missed / len(pairs) < 0.15


def test_the_longest_hostile_reply_is_read_in_no_time() -> None:
    for text in ("1 " * 10_000, "1" * 20_000, "3号楼 " * 5_000, "一" * 20_000, "陈 晓 " * 5_000):
        # The work itself: how long it waits for its turn is the machine's affair.
        started = time.process_time()
        findings(text)
        assert time.process_time() - started < 2.0


@given(st.text(max_size=300), st.text(max_size=12), st.text(max_size=20))
def test_any_text_is_read_and_every_passage_lies_in_it(text: str, name: str, phone: str) -> None:
    asked = Asked(request=REQUEST, kind=RequestKind.COMPLAINT, names=(name,), phones=(phone,))
    for finding in check(text, asked, RULES):
        assert 0 <= finding.start <= finding.end <= len(text)
    plain = folded(text)
    assert len(plain.text) == len(plain.places)


@given(st.text(max_size=200), st.text(max_size=200))
def test_likeness_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    assert 0.0 <= likeness(one, other) <= 1.0
    assert likeness(one, other) == likeness(other, one)


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))
