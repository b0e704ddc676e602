"""What two requests are compared by: what they are about, where, and how far that agrees."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from classifier.tokens import normalise, word_list
from dispatch.domain.likeness import characters, pairs

READ = 400
"""Characters of a request that are compared; what it is about is said long before."""

_NAMED = re.compile(
    r"(?=([\u4e00-\u9fff]{2}[路街巷道弄村镇乡桥站园苑湾庄坊城厦场店校院厂区渠岭沟堤]))"
)
"""The end of what may be the name of a place: two characters and the kind of place."""

PLACE_UNKNOWN = 0.2
"""How far places agree when one of the two has not been told; of 0.1 to 0.5 this found most."""

DIVISION_UNKNOWN = 0.5
"""The same of divisions."""

UNDER = 0.8
"""How far they agree when one division lies in the other."""

# Fitted by logistic regression over the logarithms, on what the index finds for the pairs of
# tests/classifier/same_event.csv among 3,000 other requests: the odds are a product of powers, so
# one factor near nothing cannot be made up for by the others. docs/similar.md has the figures.
_FLOOR = 0.05
_SUBJECT_POWER = 4.31
_PLACE_POWER = 3.81
_DIVISION_POWER = 0.82
_BASE = 4.79

OLDEST_COSTS = 1.0
"""What the odds lose, as a natural logarithm, by the end of the days; chosen, not fitted."""

_OTHER_CATEGORY = 0.8


@dataclass(frozen=True)
class Look:
    """One request as it is compared; `spots` says where, in pairs of neighbouring characters."""

    words: frozenset[str]
    subject: frozenset[str]
    spots: frozenset[str]
    spot_characters: frozenset[str]
    division: str | None

    @classmethod
    def of(cls, text: str, place: str, division: str | None) -> Look:
        """Look at a request: its words, the field for its place, its division's code."""
        text, place = normalise(text)[:READ], normalise(place)[:READ]
        where = place or "\n".join(_NAMED.findall(text))
        spots = pairs(where) - _kinds()
        return cls(
            words=pairs(f"{text}\n{place}"),
            subject=characters(text),
            spots=spots,
            spot_characters=characters(where),
            division=division,
        )

    @property
    def placed(self) -> bool:
        """Whether a place was told at all."""
        return bool(self.spots)

    def kept(self) -> dict[str, str | None]:
        """It as plain text, to be stored: reading it again is twenty times quicker than looking."""
        return {
            "words": " ".join(sorted(self.words)),
            "subject": "".join(sorted(self.subject)),
            "spots": " ".join(sorted(self.spots)),
            "spot_characters": "".join(sorted(self.spot_characters)),
            "division": self.division,
        }

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Look:
        """It again from what was kept."""
        return cls(
            words=frozenset(kept["words"].split()),
            subject=frozenset(kept["subject"]),
            spots=frozenset(kept["spots"].split()),
            spot_characters=frozenset(kept["spot_characters"]),
            division=kept["division"],
        )


def subject_likeness(one: Look, other: Look) -> float:
    """How far two requests are about the same thing wherever it is, 0 to 1.

    Single characters find the same thing in other words (漏水, 渗出来的水); those of either place
    are left out. The mean of the cosine and the share of the shorter, because one is being typed.
    """
    places = one.spot_characters | other.spot_characters
    mine, theirs = one.subject - places, other.subject - places
    if not mine or not theirs:
        return 0.0
    shared = len(mine & theirs)
    cosine = shared / math.sqrt(len(mine) * len(theirs))
    return (cosine + shared / min(len(mine), len(theirs))) / 2


def place_likeness(one: Look, other: Look) -> float:
    """How far two requests tell of one place, 0 to 1: what one names and the other says too."""
    shares = [len(a.spots & b.words) / len(a.spots) for a, b in _both(one, other) if a.spots]
    if not shares or (max(shares) == 0 and not (one.placed and other.placed)):
        return PLACE_UNKNOWN
    return max(shares)


def division_likeness(one: Look, other: Look, parents: Mapping[str, str | None]) -> float:
    """How far the divisions agree, 0 to 1; `parents` leads from a code to the one above."""
    if not one.division or not other.division:
        return DIVISION_UNKNOWN
    if one.division == other.division:
        return 1.0
    nested = any(b.division in _above(a.division, parents) for a, b in _both(one, other))
    return UNDER if nested else 0.0


def same_event(
    asked: Look, found: Look, parents: Mapping[str, str | None], age: timedelta, days: timedelta
) -> float:
    """How probable it is that both tell of one event, 0 to 1; `age` of the `days` looked back."""
    odds = (
        _BASE
        + _SUBJECT_POWER * math.log(subject_likeness(asked, found) + _FLOOR)
        + _PLACE_POWER * math.log(place_likeness(asked, found) + _FLOOR)
        + _DIVISION_POWER * math.log(division_likeness(asked, found, parents) + _FLOOR)
        - OLDEST_COSTS * max(0.0, age / days)
    )
    return 1 / (1 + math.exp(-odds))


def same_matter(asked: Look, found: Look, *, same_category: bool) -> float:
    """How alike the matters are, wherever they are, 0 to 1."""
    return subject_likeness(asked, found) * (1.0 if same_category else _OTHER_CATEGORY)


@cache
def _kinds() -> frozenset[str]:
    """Kinds of places: every street has one, so they say nothing of which."""
    return frozenset(word_list("place_kinds.txt"))


def _both(one: Look, other: Look) -> tuple[tuple[Look, Look], tuple[Look, Look]]:
    return (one, other), (other, one)


def _above(code: str | None, parents: Mapping[str, str | None]) -> set[str]:
    """Every division the one lies in; a circle in the table ends the way."""
    found: set[str] = set()
    while (code := parents.get(code) if code else None) and code not in found:
        found.add(code)
    return found
