"""What the model should not judge: nothing to read, mashed keys, another language, small talk.

Every bound comes from texts the model was trained for, by what nearly all of them reach; a word
that only one text has does not count as known there. Small talk is told apart by a head of its own,
learned from classifier/data/elsewhere.txt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.features import FeatureSpace
from classifier.pipeline import Judgement, RequestClassifier
from classifier.tokens import normalise
from classifier.wordbook import Words

SCOPE = "scope"
"""The head, and the bounds in the judgement."""

CITY, ELSEWHERE = "city", "elsewhere"
"""Labels of the head, in this order."""

NEARLY_ALL = 0.998
"""Share of the texts that reach what the bounds of their form are taken from."""

SLACK = 0.5
"""How much of that another text must reach: those of one source are more alike than all others."""

TALK_REFUSED = 0.005
"""Share of unseen good texts that may be taken for small talk; proposals are made all the same."""

LEAST_TEXTS = round(1 / (1 - NEARLY_ALL))
"""With fewer texts such a bound cannot be known; then only what cannot be read is refused."""

LOOKED_AT = 2000
"""Texts of a training that the bounds are taken from, spread evenly over it."""

WINDOWS = (8, 16, 32, 64)
"""Telling words in a row of which a share must be known; in fewer, none may be by chance."""

LEAST_WINDOWS = 200
"""Windows of one length that must have been looked at to derive a bound."""

OPENING = 40
"""Characters in which repetition is looked for."""

LEAST_CHARACTERS = 6
"""Shorter texts are neither repetition nor another language."""


@dataclass(frozen=True)
class Bounds:
    """Where good texts end. Shares from 0 to 1."""

    chinese: float
    """Least share of ideographs among the letters of a text."""
    distinct: float
    """Least share of distinct characters among the first OPENING."""
    known: Mapping[str, float]
    """For so many telling words in a row (decimal), the least share that is known."""
    elsewhere: float
    """Greatest probability of being small talk."""

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Bounds:
        """Read what asdict wrote. Raises ValueError, KeyError or TypeError for anything else."""
        known = {str(int(length)): float(share) for length, share in stored["known"].items()}
        single = (float(stored[name]) for name in ("chinese", "distinct", "elsewhere"))
        chinese, distinct, elsewhere = single
        return cls(chinese, distinct, known, elsewhere)


class Scope:
    """Says why a text is none the model should judge."""

    def __init__(self, bounds: Bounds | None, known: frozenset[str]) -> None:
        """`known` are the words of the model; without bounds only the unreadable is refused."""
        self.bounds = bounds
        self._known = known

    @classmethod
    def of(cls, model: RequestClassifier) -> Scope:
        """Return the scope of a trained model.

        Raises ValueError, KeyError or TypeError when what the model kept is no scope.
        """
        kept = model.judgement.get(SCOPE)
        if kept is None:
            return cls(None, frozenset())
        return cls(Bounds.from_json(kept), known_words(model.space))

    def refusal(self, text: str, judged: Judgement) -> str:
        """Return the reason in words for people, "" for a text that may be judged."""
        read = normalise(text)
        if not read or read.isdecimal():
            return "没有可读的文字，请补充诉求内容"
        bounds = self.bounds
        if bounds is not None and len(text.strip()) >= LEAST_CHARACTERS:
            if _distinct(read) < bounds.distinct:
                return "内容是重复的字符，看不出诉求"
            if _chinese(text) < bounds.chinese:
                return "不像中文，无法判断诉求，请先译成中文或由人工判断"
        if not judged.known:
            return "没有模型认识的词，无法判断诉求"
        if bounds is not None and self._mashed(judged.words, bounds):
            return "文字不成语句，像是误按键盘，无法判断诉求"
        if bounds is not None and judged.chances[SCOPE][1] > bounds.elsewhere:
            return "像是闲聊或与政务服务无关的内容，请人工确认"
        return ""

    def _mashed(self, words: Words, bounds: Bounds) -> bool:
        fitting = [length for length in map(int, bounds.known) if length <= len(words)]
        if not fitting:
            return False
        share = sum(word in self._known for word in words) / len(words)
        return share < bounds.known[str(max(fitting))]


def known_words(space: FeatureSpace, *, shared: bool = False) -> frozenset[str]:
    """Return the words of two characters and more that the model knows.

    With `shared` only those that more than the fewest texts have: what a text alone brought in
    does not show that its words are known.
    """
    block = space.blocks["word"]
    rarest = float(block.idf.max(initial=0.0)) - 1e-6
    return frozenset(
        feature
        for feature, rarity in zip(block.features, block.idf.tolist(), strict=True)
        if len(feature) > 1 and " " not in feature and not (shared and rarity >= rarest)
    )


def learn_bounds(
    texts: Sequence[str],
    documents: Sequence[Words],
    space: FeatureSpace,
    elsewhere: NDArray[np.float64],
) -> dict[str, Any]:
    """Derive the bounds from texts, their words, and what the head said of unseen good ones."""
    known = known_words(space, shared=True)
    shares: dict[str, float] = {}
    for length in WINDOWS:
        windows = [
            sum(word in known for word in words[at : at + length]) / length
            for words in documents
            for at in range(0, len(words) - length + 1, length)
        ]
        if len(windows) >= LEAST_WINDOWS:
            shares[str(length)] = _least(windows)
    return asdict(
        Bounds(
            chinese=_least([_chinese(text) for text in texts]),
            distinct=_least([_distinct(normalise(text)) for text in texts]),
            known=shares,
            elsewhere=float(np.quantile(elsewhere, 1 - TALK_REFUSED)),
        )
    )


def small_talk() -> tuple[str, ...]:
    """Return what people say that no office deals with, for the head to learn."""
    lines = (files("classifier") / "data" / "elsewhere.txt").read_text(encoding="utf-8")
    return tuple(line for line in lines.splitlines() if line and not line.startswith("#"))


def _least(shares: Sequence[float]) -> float:
    return SLACK * float(np.quantile(shares, 1 - NEARLY_ALL))


def _distinct(read: str) -> float:
    opening = read[:OPENING]
    return len(set(opening)) / max(len(opening), 1)


def _chinese(text: str) -> float:
    letters = [character for character in text[:400] if character.isalpha()]
    # Both blocks of common ideographs; kana, hangul and the rest are other languages.
    chinese = sum("\u3400" <= letter <= "\u9fff" for letter in letters)
    return chinese / len(letters) if letters else 1.0
