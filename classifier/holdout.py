"""Which texts a model never learns from, so that it can be judged on them.

The choice is made once, by a hash of what the text says: the same text is on the same side for
ever, whoever asks and whatever else there is. Two sets are kept aside:

- held out: one text in ten, for good;
- of the newest texts one in three, until they are no longer new. A model trained earlier had them
  aside too, or they did not exist yet: neither of two models that are compared has seen them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import datetime, timedelta
from enum import Enum

RULE = "sha256-10-33"
"""Names this choice; a model made by another one may have seen what is held out here."""

_HELD = 26  # of 256 values of the hash's first byte: 10.2 %
_ASIDE = 85  # of 256 values of its second byte: 33.2 %


class Use(Enum):
    """What a text is for."""

    LEARN = "learn"
    HELD = "held"
    NEWEST = "newest"


def use_of(text: str, *, at: datetime | None, now: datetime, newest_days: int) -> Use:
    """Say what a text that came in `at` is for; None is for texts without a date."""
    said = key_of(text)
    if said[0] < _HELD:
        return Use.HELD
    new = at is not None and at > now - timedelta(days=newest_days)
    return Use.NEWEST if new and said[1] < _ASIDE else Use.LEARN


def key_of(text: str) -> bytes:
    """Hash the letters alone: texts that differ in numbers or punctuation are the same text."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(sign for sign in folded if sign.isalpha())
    return hashlib.sha256(letters.encode("utf-8", "surrogatepass")).digest()
