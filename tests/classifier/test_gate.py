"""The gate refuses what is worse and says why; what is accident or too few decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from classifier.gate import Answers, Verdict, accident, beyond_accident, judge
from classifier.holdout import Use, use_of

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NOTHING = Answers((), (), ())


def answers(truth: str, old: str, new: str) -> Answers:
    """One letter per text."""
    return Answers(tuple(truth), tuple(old), tuple(new))


def verdict(truth: str, old: str, new: str, newest: Answers = NOTHING) -> Verdict:
    """The gate's word at three points of tolerance."""
    return judge(answers(truth, old, new), newest, tolerance_points=3, names={"b": "噪音"})


def test_the_chance_of_accident_is_that_of_a_fair_coin() -> None:
    assert accident(5, 0) == 1 / 32
    assert accident(4, 1) == 6 / 32
    assert accident(0, 0) == 1
    assert accident(0, 9) == 1


def test_many_categories_are_held_to_one_level_together() -> None:
    assert beyond_accident({"a": 0.01, "b": 0.02, "c": 0.9}) == {"a", "b"}
    assert beyond_accident({"a": 0.02, "b": 0.02, "c": 0.9}) == set()
    assert beyond_accident({"a": 0.05}) == {"a"}


def test_a_better_model_is_accepted_with_the_figures() -> None:
    said = verdict("a" * 20 + "b" * 20, "a" * 30 + "b" * 10, "a" * 21 + "b" * 19)
    assert said.accepted
    assert said.held.n == 40
    assert said.held.old_macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert said.held.new_accuracy == pytest.approx(39 / 40)
    assert "0.7333" in said.reasons[0]
    assert said.to_json()["categories"][1]["name"] == "噪音"


def test_a_lower_macro_f1_is_refused() -> None:
    said = verdict("a" * 20 + "b" * 20, "a" * 20 + "b" * 20, "a" * 21 + "b" * 19)
    assert not said.accepted
    assert said.reasons == ("固定检验集（40 条）上宏平均 F1 由 1.0000 降到 0.9750",)


def test_a_category_that_is_lost_refuses_a_model_that_is_better_on_the_whole() -> None:
    truth = "a" * 40 + "b" * 12 + "c" * 40
    old = "a" * 40 + "b" * 12 + "a" * 40
    new = "a" * 40 + "c" * 9 + "b" * 3 + "c" * 40
    said = verdict(truth, old, new)
    assert said.held.new_macro_f1 is not None
    assert said.held.old_macro_f1 is not None
    assert said.held.new_macro_f1 > said.held.old_macro_f1
    assert not said.accepted
    assert [row.code for row in said.categories if row.worse] == ["b"]
    assert said.reasons[0].startswith("“噪音”的 F1 由 1.000 降到 0.400，降了 60.0 个百分点")


def test_a_category_of_few_texts_decides_nothing() -> None:
    truth = "a" * 40 + "bb" + "c" * 40
    said = verdict(truth, "a" * 40 + "bb" + "c" * 20 + "a" * 20, "a" * 40 + "aa" + "c" * 40)
    lost = next(row for row in said.categories if row.code == "b")
    assert lost.loss_points == 100
    assert lost.p == 0.25
    assert not lost.worse


def test_a_loss_within_the_tolerance_is_no_loss_however_certain() -> None:
    rest = "a" * 1000 + "c" * 1000
    said = judge(
        answers("b" * 1000 + rest, "b" * 1000 + "a" * 2000, "b" * 970 + "a" * 30 + rest),
        NOTHING,
        tolerance_points=3,
    )
    lost = next(row for row in said.categories if row.code == "b")
    assert lost.p < 1e-6
    assert 0 < lost.loss_points < 3
    assert said.accepted


def test_the_newest_texts_must_not_suffer_when_there_are_enough() -> None:
    held = ("a" * 20 + "b" * 20, "a" * 40, "a" * 20 + "b" * 20)
    worse = answers("a" * 20, "a" * 20, "a" * 19 + "b")
    assert verdict(*held, worse).reasons == ("最近的文本（20 条）上准确率由 1.0000 降到 0.9500",)
    few = answers("a" * 19, "a" * 19, "a" * 18 + "b")
    assert verdict(*held, few).accepted
    assert "少于 20 条" in verdict(*held, few).reasons[1]


def test_without_texts_to_judge_by_nothing_is_accepted() -> None:
    assert not judge(NOTHING, NOTHING, tolerance_points=3).accepted
    assert "无法比较" in verdict("ab", "aa", "ab").reasons[0]


def test_a_label_that_only_one_of_them_knows_counts_as_it_was_answered() -> None:
    said = verdict("a" * 30 + "n" * 10, "a" * 40, "a" * 30 + "n" * 10)
    assert said.accepted
    assert said.categories[1].old_f1 == 0


def uses(texts: Sequence[str], at: datetime | None) -> list[Use]:
    """What each text is for."""
    return [use_of(text, at=at, now=NOW, newest_days=30) for text in texts]


TEXTS = [f"{a}{b}{c}" for a in "路灯水电气暖车房树井" for b in "坏漏停断响乱" for c in "东西南北中"]


def test_one_text_in_ten_is_held_out_whenever_it_came() -> None:
    old, new, undated = (
        {text for text, use in zip(TEXTS, uses(TEXTS, at), strict=True) if use is Use.HELD}
        for at in (NOW - timedelta(days=400), NOW - timedelta(days=1), None)
    )
    assert old == new == undated
    assert 0.06 < len(old) / len(TEXTS) < 0.15


def test_a_third_of_the_newest_is_aside_until_it_is_old() -> None:
    new = uses(TEXTS, NOW - timedelta(days=1)).count(Use.NEWEST)
    assert 0.22 < new / len(TEXTS) < 0.4
    assert Use.NEWEST not in uses(TEXTS, NOW - timedelta(days=31))
    assert Use.NEWEST not in uses(TEXTS, None)


def test_numbers_and_punctuation_make_no_other_text() -> None:
    for text in TEXTS[:40]:
        assert len(set(uses([text, f"{text}！", f"12{text}345。", f" {text}"], NOW))) == 1
