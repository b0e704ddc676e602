"""Whether a new model may take over: both models' answers on texts that neither has learned from.

Refused is a model that

1. has a lower macro-F1 than the old one on the texts held out, or
2. loses in some category more F1 than the city tolerates, when that is no accident: on the texts
   that tell the two models apart in this category, the old one is right so often that a fair coin
   would do so with a probability of at most 5 % (one-sided exact McNemar test, McNemar 1947; over
   all categories held at 5 % together by Holm's step-down procedure, Holm 1979), or
3. is right less often than the old one on the newest texts.

A category with so few texts that no result could be beyond accident is shown, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import comb
from typing import Any

LEVEL = 0.05
"""How often, at most, mere accident makes rule 2 refuse a model that is no worse."""

LEAST_HELD = 30
"""With fewer texts held out nothing can be said of a model as a whole."""

LEAST_NEWEST = 20
"""With fewer of the newest texts rule 3 is left out."""


@dataclass(frozen=True)
class Answers:
    """The right label of each text and what either model said."""

    truth: Sequence[str]
    old: Sequence[str]
    new: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class CategoryRow:
    """One category on the texts held out; F1 from 0 to 1, the loss in percentage points.

    `p` is the probability that accident alone speaks so much for the old model; `worse` decides.
    """

    code: str
    name: str
    n: int
    old_f1: float
    new_f1: float
    loss_points: float
    p: float
    worse: bool


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Both models on one set of n texts; shares from 0 to 1, None where there is no text."""

    n: int
    old_macro_f1: float | None
    new_macro_f1: float | None
    old_accuracy: float | None
    new_accuracy: float | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether the new model may take over, why, and the figures that say so."""

    accepted: bool
    reasons: tuple[str, ...]
    held: Sums
    newest: Sums
    categories: tuple[CategoryRow, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the form that is kept with the model."""
        return asdict(self)


def judge(
    held: Answers,
    newest: Answers,
    *,
    tolerance_points: int,
    names: Mapping[str, str] | None = None,
) -> Verdict:
    """Compare the models; `names` are the categories' Chinese names."""
    rows = _categories(held, tolerance_points, names or {})
    sums, new_sums = _sums(held), _sums(newest)
    against = [*_whole(sums), *_by_category(rows, tolerance_points), *_by_newest(new_sums)]
    return Verdict(
        accepted=not against,
        reasons=tuple(against or _praise(sums, new_sums)),
        held=sums,
        newest=new_sums,
        categories=rows,
    )


def _whole(sums: Sums) -> list[str]:
    if sums.old_macro_f1 is None or sums.new_macro_f1 is None or sums.n < LEAST_HELD:
        return [f"两个模型都没有学过的检验文本只有 {sums.n} 条，少于 {LEAST_HELD} 条，无法比较"]
    if sums.new_macro_f1 >= sums.old_macro_f1:
        return []
    return [
        f"固定检验集（{sums.n} 条）上宏平均 F1 由 {sums.old_macro_f1:.4f} 降到 "
        f"{sums.new_macro_f1:.4f}"
    ]


def _by_category(rows: Sequence[CategoryRow], tolerance: int) -> list[str]:
    return [
        f"“{row.name}”的 F1 由 {row.old_f1:.3f} 降到 {row.new_f1:.3f}，降了 {row.loss_points:.1f} "
        f"个百分点，超过容许的 {tolerance} 个，且不像偶然（p = {row.p:.3f}）"
        for row in rows
        if row.worse
    ]


def _by_newest(sums: Sums) -> list[str]:
    old, new = sums.old_accuracy, sums.new_accuracy
    if sums.n < LEAST_NEWEST or old is None or new is None or new >= old:
        return []
    return [f"最近的文本（{sums.n} 条）上准确率由 {old:.4f} 降到 {new:.4f}"]


def _praise(held: Sums, newest: Sums) -> list[str]:
    said = [
        f"固定检验集（{held.n} 条）上宏平均 F1 由 {held.old_macro_f1:.4f} 到 "
        f"{held.new_macro_f1:.4f}，没有事项明显变差"
    ]
    if newest.n < LEAST_NEWEST:
        return [*said, f"最近的文本只有 {newest.n} 条，少于 {LEAST_NEWEST} 条，没有据此判断"]
    return [
        *said,
        f"最近的文本（{newest.n} 条）上准确率由 {newest.old_accuracy:.4f} 到 "
        f"{newest.new_accuracy:.4f}",
    ]


def _sums(answers: Answers) -> Sums:
    n = len(answers.truth)
    if not n:
        nothing = dict.fromkeys(("old_macro_f1", "new_macro_f1", "old_accuracy", "new_accuracy"))
        return Sums(n=0, **nothing)
    labels = sorted(set(answers.truth))

    def macro(said: Sequence[str]) -> float:
        return sum(_f1(answers.truth, said, label) for label in labels) / len(labels)

    def accuracy(said: Sequence[str]) -> float:
        return sum(a == b for a, b in zip(answers.truth, said, strict=True)) / n

    return Sums(
        n=n,
        old_macro_f1=macro(answers.old),
        new_macro_f1=macro(answers.new),
        old_accuracy=accuracy(answers.old),
        new_accuracy=accuracy(answers.new),
    )


def _categories(held: Answers, tolerance: int, names: Mapping[str, str]) -> tuple[CategoryRow, ...]:
    drafts = [_row(held, code, names.get(code, code)) for code in sorted(set(held.truth))]
    lost = beyond_accident({row.code: row.p for row in drafts})
    return tuple(
        CategoryRow(**asdict(row) | {"worse": row.code in lost and row.loss_points > tolerance})
        for row in drafts
    )


def _row(held: Answers, code: str, name: str) -> CategoryRow:
    for_old = for_new = 0
    for truth, old, new in zip(held.truth, held.old, held.new, strict=True):
        right = truth == code
        old_right, new_right = (old == code) == right, (new == code) == right
        for_old += old_right and not new_right
        for_new += new_right and not old_right
    before, after = _f1(held.truth, held.old, code), _f1(held.truth, held.new, code)
    return CategoryRow(
        code=code,
        name=name,
        n=sum(truth == code for truth in held.truth),
        old_f1=before,
        new_f1=after,
        loss_points=round(100 * (before - after), 6),
        p=accident(for_old, for_new),
        worse=False,
    )


def accident(for_old: int, for_new: int) -> float:
    """Return how probably a fair coin speaks for the old model this often or more."""
    n = for_old + for_new
    return sum(comb(n, k) for k in range(for_old, n + 1)) / (1 << n)


def beyond_accident(chances: Mapping[str, float]) -> set[str]:
    """Return those that are no accident, all of them together held at `LEVEL` (Holm)."""
    found: set[str] = set()
    ranked = sorted(chances.items(), key=lambda item: (item[1], item[0]))
    for place, (code, chance) in enumerate(ranked):
        if chance > LEVEL / (len(ranked) - place):
            break
        found.add(code)
    return found


def _f1(truth: Sequence[str], said: Sequence[str], label: str) -> float:
    hits = sum(a == b == label for a, b in zip(truth, said, strict=True))
    listed = sum(a == label for a in truth) + sum(b == label for b in said)
    return 2 * hits / listed if listed else 0.0
