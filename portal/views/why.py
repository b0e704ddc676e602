"""Why the model proposes something: words whose weights, with the rest, add up to its score."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.ports import Suggestion

SHOWN = 4
"""Words told one by one; the others are part of the rest."""


@dataclass(frozen=True)
class Word:
    """A word, what it added to the score, and its bar from 0 to 100."""

    token: str
    weight: float
    bar: int


@dataclass(frozen=True)
class Why:
    """The words of one proposal. `rest` and `score` are None where no score was told."""

    name: str
    words: tuple[Word, ...]
    rest: float | None = None
    score: float | None = None


def why_of(suggestion: Suggestion) -> Why | None:
    """The explanation as it is drawn; None when no word spoke for it."""
    told = suggestion.evidence[:SHOWN]
    if not told:
        return None
    most = max(abs(one.weight) for one in told) or 1.0
    words = tuple(Word(one.token, one.weight, round(100 * abs(one.weight) / most)) for one in told)
    if not suggestion.score:
        return Why(suggestion.name, words)
    rest = suggestion.score - sum(one.weight for one in told)
    return Why(suggestion.name, words, rest, suggestion.score)
