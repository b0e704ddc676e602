"""What the model looks at in a request: words, pairs of words, their characters, the opening."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise

from classifier.wordbook import Words

LEAD_WORDS = 8
"""Telling words taken as the title: people say first what it is about."""

OPENING_WORDS = 40
"""Telling words that count as the opening paragraph."""


def itself(word: str) -> tuple[str, ...]:
    """Return the word."""
    return (word,)


def characters(word: str) -> tuple[str, ...]:
    """Return its runs of one to three characters: they mend odd cuts and typing slips."""
    return tuple(word[at : at + n] for n in (1, 2, 3) for at in range(len(word) - n + 1))


def itself_and_pairs(word: str) -> tuple[str, ...]:
    """Return the word and its pairs of characters."""
    return (word, *(word[at : at + 2] for at in range(len(word) - 1)))


@dataclass(frozen=True)
class Look:
    """One way of looking at a request, kept apart from the others by its own vocabulary."""

    of_word: Callable[[str], tuple[str, ...]]
    first: int = 0
    until: int | None = None
    pairs: bool = False
    """Whether neighbouring words count together, too."""
    length: float = 1.0
    """Length of this part of the row; the figures are in docs/classifier.md."""

    def features(self, words: Words) -> list[str]:
        """Return every feature of the words, repeated as often as it occurs."""
        seen = words[self.first : self.until]
        found = list(chain.from_iterable(map(self.of_word, seen)))
        if self.pairs:
            found.extend(map(" ".join, pairwise(seen)))
        return found


LOOKS: Mapping[str, Look] = {
    "word": Look(itself, pairs=True),
    "character": Look(characters),
    "lead": Look(itself_and_pairs, until=LEAD_WORDS, length=0.8),
    "opening": Look(itself, LEAD_WORDS, OPENING_WORDS, length=0.6),
}
