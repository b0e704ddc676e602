"""Names of estates, roads and the like in what people say, found without a dictionary.

A name ends in a word such as 小区 or 路; where it begins, the tickets tell: what all of them say
before the ending is the name, what only one says is not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

LONG = (
    "小区|花园|家园|嘉园|佳园|佳苑|新村|新城|公寓|广场|大厦|商场|市场|超市|医院|学校|小学|中学|学院"
    "|大学|幼儿园|公园|工业园|产业园|科技园|大道|大街|大桥|路口|街口|车站|地铁站|菜场|卫生院|养老院"
)
SHORT = "路|街|巷|苑|府|桥|湾|庄|村|园|城"
_ENDING = re.compile(f"{LONG}|{SHORT}")
_STEM = 6
_HAN = re.compile(r"[\u4e00-\u9fff]")
_NEVER = frozenset(
    "我们你您他她它的了是这那每某哪该个到从就都也很没不把被让给跟吗呢吧啊请问想住家在"
)
"""Characters that stand before a name and never within one."""

GENERIC = (
    *(
        "马路",
        "道路",
        "铁路",
        "线路",
        "电路",
        "网路",
        "半路",
        "走路",
        "修路",
        "堵路",
        "过路",
        "条路",
    ),
    *("条街", "步行街", "全村", "本村", "中村", "居民小区", "老旧小区", "整个小区", "封闭小区"),
    *("物业小区", "出小区", "进小区", "农贸市场", "菜市场", "政府", "出校园", "高速公路"),
)
"""Endings that name no place."""

TEXT = 300
"""Characters of a text that are looked at: people name the place early."""


@lru_cache(maxsize=20_000)
def names_in(text: str) -> frozenset[str]:
    """Everything in a text that may be the name of a place, with all beginnings it may have."""
    found: set[str] = set()
    for ending in _ENDING.finditer(text[:TEXT]):
        least = 1 if len(ending.group()) > 1 else 2
        for length in range(1, _STEM + 1):
            start = ending.start() - length
            if start < 0 or not _HAN.match(text[start]) or text[start] in _NEVER:
                break
            name = text[start : ending.end()]
            if length >= least and not name.endswith(GENERIC):
                found.add(name)
    return frozenset(found)


def common(names: Mapping[str, Sequence[int]], least: int) -> dict[str, Sequence[int]]:
    """Names that at least so many tickets share; of two that mean the same, the longer one."""
    enough = {name: tickets for name, tickets in names.items() if len(tickets) >= least}
    return {
        name: tickets
        for name, tickets in enough.items()
        if not any(
            name != other and name in other and len(more) * 10 >= len(tickets) * 9
            for other, more in enough.items()
        )
    }


def shared_words(texts: Sequence[str], others: Iterable[str], most: int = 5) -> tuple[str, ...]:
    """What at least two in five of the texts say, and the others seldom do."""
    here = Counter(piece for text in texts for piece in _pieces(text))
    enough = {p: n for p, n in here.items() if n >= max(2, 0.4 * len(texts))}
    if not enough:
        return ()
    there: Counter[str] = Counter()
    compared = 0
    for text in others:
        compared += 1
        there.update(enough.keys() & _pieces(text))
    weight = {p: n / len(texts) - 3.0 * there[p] / max(compared, 1) for p, n in enough.items()}
    chosen: list[str] = []
    for piece in sorted(enough, key=lambda p: (-weight[p] * len(p), p)):
        if weight[piece] <= 0.2 or len(chosen) == most:
            break
        if not any(piece in other or other in piece or _joined(piece, other) for other in chosen):
            chosen.append(piece)
    return tuple(chosen)


def _joined(piece: str, other: str) -> bool:
    """Whether one runs on where the other ends: 水管爆 and 管爆裂 are one thing."""
    return piece[1:] == other[: len(piece) - 1] or other[1:] == piece[: len(other) - 1]


def _pieces(text: str) -> set[str]:
    """Runs of two to four Chinese characters, none of them a word of grammar."""
    runs = re.findall(r"[\u4e00-\u9fff]+", text[:TEXT])
    return {
        run[i : i + n]
        for run in runs
        for n in (2, 3, 4)
        for i in range(len(run) - n + 1)
        if not _NEVER & set(run[i : i + n])
    }
