"""What a draw can give by chance: the exact tail of the hypergeometric distribution."""

from __future__ import annotations

from math import comb


def chance_of_at_least(hits: int, *, drawn: int, marked: int, total: int) -> float:
    """The probability that of `drawn` out of `total`, of which `marked` are marked, at least
    `hits` are marked, when everybody is as likely to be drawn."""
    if not 0 <= marked <= total or not 0 <= drawn <= total:
        raise ValueError(f"{drawn} drawn and {marked} marked of {total}")
    most = min(drawn, marked)
    ways = sum(
        comb(marked, k) * comb(total - marked, drawn - k)
        for k in range(max(hits, drawn - (total - marked), 0), most + 1)
    )
    return ways / comb(total, drawn)
