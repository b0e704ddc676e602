"""Open data: requests without persons, coarsened until each combination stands for k of them.

What could single somebody out are the columns of `QUASI`: day, channel, kind, subject, unit and
district, as a neighbour or a colleague might know them. Rows of a combination that occurs fewer
than k times lose one step of detail after another, the one missed least first; what is still
alone at the end is left out and counted. Words of the request, names, numbers, streets and
addresses are not read at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True)
class OpenRow:
    """One request as the public may see it; an empty word is "not told"."""

    period: str
    """2026-10-05, or coarser: 2026-W41, 2026-10."""
    channel: str
    kind: str
    subject: str
    matter: str
    unit: str
    district: str
    status: str
    duration: str
    on_time: str
    solved: str

    @property
    def combination(self) -> tuple[str, ...]:
        """What somebody might know of a neighbour."""
        return tuple(getattr(self, code) for code in QUASI)


QUASI = ("period", "channel", "kind", "subject", "matter", "unit", "district")

Step = tuple[str, str, Callable[[OpenRow], OpenRow]]


def steps(month: date) -> tuple[Step, ...]:
    """Code, words, and what a step takes away; in the order in which they are taken."""
    whole = f"{month:%Y-%m}"
    return (
        ("week", "日期只到周", lambda row: replace(row, period=_week(row.period))),
        ("month", "日期只到月", lambda row: replace(row, period=whole)),
        ("matter", "事项小类不公布", lambda row: replace(row, matter="")),
        ("unit", "承办单位不公布", lambda row: replace(row, unit="")),
        ("channel", "渠道不公布", lambda row: replace(row, channel="")),
        ("district", "区县不公布", lambda row: replace(row, district="")),
        ("subject", "事项大类不公布", lambda row: replace(row, subject="")),
    )


@dataclass(frozen=True)
class Anonymised:
    """The rows that may be published and what it cost."""

    rows: tuple[OpenRow, ...]
    coarsened: dict[str, int]
    """How many rows each step was taken on."""
    suppressed: int


def anonymise(rows: Iterable[OpenRow], month: date, k: int) -> Anonymised:
    """Coarsen the rows of a month until each combination stands for at least k of them."""
    kept = list(rows)
    coarsened: dict[str, int] = {}
    for code, _, coarser in steps(month):
        small = _rarer_than(k, kept)
        if not small:
            break
        touched = 0
        for place, row in enumerate(kept):
            if row.combination in small:
                changed = coarser(row)
                touched += changed != row
                kept[place] = changed
        if touched:
            coarsened[code] = touched
    small = _rarer_than(k, kept)
    published = sorted(
        (row for row in kept if row.combination not in small),
        # An order that follows from what is published says nothing of who called first.
        key=lambda row: (row.combination, row.status, row.duration, row.on_time, row.solved),
    )
    return Anonymised(tuple(published), coarsened, len(kept) - len(published))


def smallest_class(rows: Iterable[Sequence[str]], quasi: Sequence[int]) -> int:
    """How many rows the rarest combination of these columns has; 0 without rows.

    Counted on what was written, not on what was meant: this is the check before publishing.
    """
    counts = Counter(tuple(row[place] for place in quasi) for row in rows)
    return min(counts.values(), default=0)


def _rarer_than(k: int, rows: Iterable[OpenRow]) -> set[tuple[str, ...]]:
    counts = Counter(row.combination for row in rows)
    return {combination for combination, n in counts.items() if n < k}


def _week(period: str) -> str:
    if len(period) != len("2026-10-05"):
        return period
    year, week, _ = date.fromisoformat(period).isocalendar()
    return f"{year}-W{week:02d}"
