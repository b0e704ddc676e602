"""Places and names of the city: where a matter is says nothing of what it is about.

The names come from the city's own tables of divisions and units. The cutter is taught them and the
tokenizer drops them like stop words, before pairs of words are formed, in training and in use.
"""

import re
from collections.abc import Iterable
from importlib.resources import files

from classifier.tokens import normalise

_KIND_OF_PLACE = re.compile(
    r"(高新技术产业开发区|经济技术开发区|自治州|自治县|开发区|新区|街道|[省市区县镇乡旗盟州])$"
)
"""What is written after the name of a division: the kind of division it is."""

LEAST_STEM = 2
"""Characters a name without its kind must have; one alone is an ordinary word."""


def place_names(divisions: Iterable[str], units: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names to leave out, as the tokenizer reads them.

    They are the units', the divisions', and the divisions' without their kind (兰堤区 and 兰堤),
    but not where that is an ordinary word: a 建设街道 must not silence 建设.
    """
    whole = dict.fromkeys(filter(None, map(normalise, divisions)))
    stems = {_KIND_OF_PLACE.sub("", name) for name in whole}
    stems = {stem for stem in stems if len(stem) >= LEAST_STEM} - whole.keys()
    kept = sorted(stems - _ordinary(stems))
    return tuple(dict.fromkeys((*whole, *kept, *filter(None, map(normalise, units)))))


def _ordinary(words: set[str]) -> set[str]:
    """Return those that jieba's dictionary has, and not as the name of a place (`ns`)."""
    found: set[str] = set()
    with (files("jieba") / "dict.txt").open(encoding="utf-8") as dictionary:
        for line in dictionary:
            word, _, rest = line.partition(" ")
            if word in words and not rest.strip().endswith(" ns"):
                found.add(word)
    return found
