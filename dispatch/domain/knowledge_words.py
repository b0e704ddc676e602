"""How a question is read: overlapping pairs of Chinese characters, and words of letters.

Pairs are what Lucene's CJK analyser indexes: they find a two-character word in any sentence and
need no dictionary, so that a new policy's name is found on the day it is published. BM25 ranks.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

LONGEST_QUESTION = 60
LONGEST_TERM = 24
TITLE_WEIGHT = 3
"""A word of the title or of the keywords counts as often as this many in the answer."""

K1, B = 1.2, 0.6
USUAL_LENGTH = 220.0
"""Terms of an ordinary entry; BM25 holds longer ones back against this."""

ALIKE = 0.6
"""From this share of common pairs two questions are one: 公积金提取, 提取公积金."""

# Longer ones first, so that 是不是 does not leave 不 behind.
_NOISE = re.compile(
    "请问一下|想问一下|咨询一下|问一下|请问|我想问|我想|想问|咨询|怎么办理|如何办理|怎样办理|怎么样|怎么办|"
    "怎么|怎样|如何|什么样|什么|哪里|哪些|哪个|多少|多久|几天|需要|可以|能不能|是不是|有没有|可不可以|"
    "[吗呢啊呀吧的了是在我你您]"
)
_RUNS = re.compile(r"[一-鿿㐀-䶿]+|[a-z0-9]+(?:[.\-][a-z0-9]+)*")


def plain(text: str) -> str:
    """Full-width and capital letters made one with the usual ones, no control characters."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(" " if unicodedata.category(c).startswith("C") else c for c in folded)


def terms(text: str) -> list[str]:
    """The terms of a text, as often as they occur; a lone character is a term of its own."""
    found: list[str] = []
    for run in _RUNS.findall(plain(text)):
        if run[0].isascii() or len(run) == 1:
            found.append(run[:LONGEST_TERM])
        else:
            found += [run[n : n + 2] for n in range(len(run) - 1)]
    return found


def question_of(words: str) -> str:
    """A question without the words that ask: its runs, joined by blanks; "" when nothing stays."""
    bare = _NOISE.sub(" ", plain(words)[: LONGEST_QUESTION * 2])
    kept = " ".join(_RUNS.findall(bare))[:LONGEST_QUESTION].strip()
    return kept or " ".join(_RUNS.findall(plain(words)))[:LONGEST_QUESTION].strip()


def impacts(title: str, keywords: str, body: str) -> dict[str, float]:
    """What each term adds to an entry's score, before its rarity: the BM25 term frequency."""
    counted = Counter(terms(body))
    for term in (*terms(title), *terms(keywords)):
        counted[term] += TITLE_WEIGHT
    length = sum(counted.values())
    held = K1 * (1 - B + B * length / USUAL_LENGTH)
    return {term: n * (K1 + 1) / (n + held) for term, n in counted.items()}


def covered(question: str, found: Iterable[str]) -> float:
    """The share of the question's characters that lie in terms which were found."""
    known = set(found)
    whole = hit = 0
    for run in _RUNS.findall(plain(question)):
        whole += len(run)
        if run[0].isascii() or len(run) == 1:
            hit += len(run) if run[:LONGEST_TERM] in known else 0
            continue
        marks = [False] * len(run)
        for n in range(len(run) - 1):
            if run[n : n + 2] in known:
                marks[n] = marks[n + 1] = True
        hit += sum(marks)
    return hit / whole if whole else 0.0


def alike(one: str, other: str) -> bool:
    """Whether two questions ask for the same thing in other words."""
    mine, theirs = set(terms(one)), set(terms(other))
    both = mine | theirs
    return bool(both) and len(mine & theirs) / len(both) >= ALIKE
