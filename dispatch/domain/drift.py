"""How far what comes in has moved from what came in before."""

from __future__ import annotations

from collections.abc import Mapping
from math import log, log2

from dispatch.domain.vocabulary import Labelled


class DriftFigure(Labelled):
    """What of a week's tickets is looked at."""

    ALL = "all", "模型提过建议的工单"
    UNSURE = "unsure", "模型没有把握的工单"
    NOT_TAKEN = "not_taken", "没有采纳模型建议的工单"
    RETURNED = "returned", "退过单的工单"


def divergence(one: Mapping[str, int], other: Mapping[str, int]) -> float | None:
    """Return the Jensen-Shannon divergence of two tallies in bits: 0 equal, 1 nothing in common.

    Lin 1991, Divergence Measures Based on the Shannon Entropy, IEEE Transactions on Information
    Theory 37(1), with equal weights. None when one of them is empty.
    """
    n, m = sum(one.values()), sum(other.values())
    if not n or not m:
        return None
    bits = 0.0
    for name in one.keys() | other.keys():
        p, q = one.get(name, 0) / n, other.get(name, 0) / m
        middle = (p + q) / 2
        bits += sum(share / 2 * log2(share / middle) for share in (p, q) if share)
    return max(0.0, bits)


def by_chance(one: Mapping[str, int], other: Mapping[str, int]) -> float | None:
    """Return about how much `divergence` is when nothing has moved: two samples always differ.

    To second order the divergence is an eighth of the chi-square distance, whose expectation for
    samples of n and m over k classes is (k - 1)(1/n + 1/m).
    """
    n, m = sum(one.values()), sum(other.values())
    if not n or not m:
        return None
    classes = len([name for name in one.keys() | other.keys() if one.get(name) or other.get(name)])
    return (classes - 1) * (1 / n + 1 / m) / (8 * log(2))
