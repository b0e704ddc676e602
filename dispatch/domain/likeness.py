"""Text as a reader hears it: digits however written, and how much two texts have in common."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_NUMERALS = str.maketrans(
    "零〇○一幺壹二两贰三叁四肆五伍六陆七柒八捌九玖", "00011122233445566778899"
)
_LONGEST_NUMBER = 19
_RUN = re.compile(r"(?<!\d)\d++(?:[\s\-.·_—–()]{1,3}\d++)+[Xx]?")
_GROUP = re.compile(r"\d+[Xx]?")
_WORDS = re.compile(r"[a-z0-9]{2,}|[\u3400-\u9fff]+")
# Characters and pairs that stand in any reply and any request: they say nothing of the matter.
_EMPTY = frozenset(
    "的了是在我们您你他她和与及或也都就还又把被对于将已经过有没不能会要请这那个些等到从为之其所以很"
)
_COMMON = _EMPTY | frozenset(
    "一二三四五六七八九十上下个月日年天时好说问反映情况工作人员市民处理现场后前内外来去多大小中可"
)
_PHRASES = (
    "您好你好感谢谢谢反映问题情况工作人员市民热线诉求处理核实回复答复来电希望部门单位相关有关尽快"
    "解决关于收悉支持理解联系电话现场调查了解反馈办理进行一下时候什么"
)
_BOILERPLATE = frozenset(_PHRASES[i : i + 2] for i in range(0, len(_PHRASES), 2))


@dataclass(frozen=True)
class Folded:
    """A text in plain characters, and for each the place it came from."""

    text: str
    places: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The passage of the first text behind [start, end) of this one."""
        if start >= end:
            return (0, 0)
        return self.places[start], self.places[end - 1] + 1


@dataclass(frozen=True)
class Number:
    """Neighbouring groups of digits read as one number; places are of the folded text."""

    digits: str
    start: int
    end: int


def folded(text: str) -> Folded:
    """Full-width, ringed and Chinese digits as 0 to 9; invisible characters left out."""
    out: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if unicodedata.category(char) == "Cf":
            continue
        for plain in unicodedata.normalize("NFKC", char).translate(_NUMERALS):
            out.append(plain)
            places.append(place)
    return Folded("".join(out), tuple(places))


def joined_numbers(plain: Folded) -> Iterator[Number]:
    """Numbers of two or more groups that blanks, dots or dashes keep apart: "138 1234 5678"."""
    for run in _RUN.finditer(plain.text):
        groups = [m.span() for m in _GROUP.finditer(plain.text, *run.span())]
        for first, (start, _) in enumerate(groups):
            digits = ""
            for begin, end in groups[first:]:
                digits += plain.text[begin:end]
                if len(digits) > _LONGEST_NUMBER:
                    break
                if begin > start:
                    yield Number(digits, start, end)


def digits_of(written: str) -> str:
    """Only the digits of a number, in plain form."""
    return "".join(char for char in folded(written).text if char.isascii() and char.isdigit())


def pairs(text: str) -> frozenset[str]:
    """What a text speaks of: pairs of neighbouring characters, and words and numbers in Latin."""
    found: set[str] = set()
    for word in _words(text):
        if word.isascii():
            found.add(word)
            continue
        found.update(
            word[i : i + 2]
            for i in range(len(word) - 1)
            if word[i] not in _EMPTY and word[i + 1] not in _EMPTY
        )
    return frozenset(found - _BOILERPLATE)


def characters(text: str) -> frozenset[str]:
    """The Chinese characters of a text that do not stand in every text."""
    return frozenset(c for word in _words(text) if not word.isascii() for c in word) - _COMMON


def likeness(one: str, other: str) -> float:
    """How much two texts speak of the same, 0 to 1.

    The mean of what they share in pairs and in single characters, each over the shorter's: pairs
    carry meaning, characters find the same thing in other words ("占道" and "占用人行道").
    1 when one of them says nothing at all, because then nothing can be missed.
    """
    if not pairs(one) or not pairs(other):
        return 1.0
    return (_shared(pairs(one), pairs(other)) + _shared(characters(one), characters(other))) / 2


def _words(text: str) -> list[str]:
    return _WORDS.findall(unicodedata.normalize("NFKC", text).lower())


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
