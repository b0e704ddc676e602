"""Turns what a citizen wrote or said into words, the same for raw and for already cut text."""

import logging
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Protocol

MAX_CHARS = 4000
"""Characters of a request that are read; the longest letters state their subject long before."""

MAX_WORD = 12
"""Characters of one word that are kept; longer runs are serial numbers or junk."""

_READ_AHEAD = 10 * MAX_CHARS
"""Raw characters looked at to gather MAX_CHARS readable ones, whatever blanks are in between."""

# jieba knows exactly this range of ideographs; both segmenters agree inside it and only there.
_HAN = "\u4e00-\u9fd5"
_FIRST_HAN = "\u4e00"
_BREAK = "\n"
_ASTRAL = re.compile(r"[\U00010000-\U0010ffff]+")
_BREAKS = re.compile(r" *\n[ \n]*")
_BLANKS = re.compile(r"  +")
_CUT_BLANK = re.compile(rf" (?:(?=[{_HAN}])|(?<=[{_HAN}] )|(?=[0-9])(?<=[0-9] ))")
_ASCII_PART = re.compile(r"[a-z]+|[0-9]+")


class Segmenter(Protocol):
    """Cuts Chinese text into words with the semantics of jieba's accurate mode."""

    def cut(self, text: str) -> list[str]:
        """Return the pieces of the text in order; joined again they are the text."""


class ReferenceSegmenter:
    """jieba itself: the reference, and the fallback where no native build exists."""

    def __init__(self, terms: Iterable[str] = ()) -> None:
        import jieba  # noqa: PLC0415  # a second to load, needed only without the native one

        jieba.setLogLevel(logging.ERROR)
        self._jieba = jieba.Tokenizer()
        for term in terms:
            self._jieba.add_word(term)

    def cut(self, text: str) -> list[str]:
        """Return the pieces of the text in order."""
        pieces: list[str] = self._jieba.lcut(text)
        return pieces


class NativeSegmenter:
    """rjieba, the Rust port: same words, some twenty times faster.

    Raises ImportError where it is not installed.
    """

    def __init__(self, terms: Iterable[str] = ()) -> None:
        import rjieba  # noqa: PLC0415  # absent on platforms without a wheel

        self._jieba = rjieba.Jieba()
        for term in terms:
            self._jieba.add_word(term, None, None)

    def cut(self, text: str) -> list[str]:
        """Return the pieces of the text in order."""
        pieces: list[str] = self._jieba.cut(text)
        return pieces


def build_segmenter(terms: Iterable[str] = ()) -> Segmenter:
    """Return the fastest segmenter of this machine, taught the given terms."""
    known = tuple(terms)
    try:
        return NativeSegmenter(known)
    except ImportError:
        return ReferenceSegmenter(known)


def normalise(text: str) -> str:
    """Return the text as both training and prediction see it, at most MAX_CHARS long.

    Full-width forms become half-width (NFKC), traditional characters simplified, letters small;
    punctuation and symbols become breaks, control characters vanish. Blanks beside an ideograph
    or inside a number vanish too, so that a text already cut by spaces equals the raw one.
    """
    plain = _ASTRAL.sub(_BREAK, text[:_READ_AHEAD]).translate(_character_table())
    if "  " in plain:
        plain = _BLANKS.sub(" ", plain)
    plain = _BREAKS.sub(_BREAK, plain)
    if " " in plain:
        plain = _CUT_BLANK.sub("", plain)
    return plain.strip()[:MAX_CHARS]


class Tokenizer:
    """Words of a request without the ones that say nothing about its subject."""

    def __init__(
        self,
        segmenter: Segmenter | None = None,
        *,
        terms: Iterable[str] | None = None,
        stopwords: Iterable[str] | None = None,
        names: Iterable[str] = (),
    ) -> None:
        """Use the given lists, or those shipped in classifier/data.

        `names` are places and names of the city (see gazetteer): taught, and left out.
        """
        self.terms = tuple(word_list("terms.txt") if terms is None else terms)
        self.stopwords = tuple(word_list("stopwords.txt") if stopwords is None else stopwords)
        self.names = tuple(names)
        self._skipped = frozenset((*self.stopwords, *self.names, " ", _BREAK))
        self._segmenter = segmenter or build_segmenter((*self.terms, *self.names))

    def words(self, text: str) -> list[str]:
        """Return the telling words in order; an empty list when there is nothing to read.

        Letters and digits are parted (`87m2` gives 87, m, 2): jieba cuts such runs by what stands
        around them, which would make a cut text differ from the raw one.
        """
        skipped = self._skipped
        words = [piece for piece in self._segmenter.cut(normalise(text)) if piece not in skipped]
        latin = [at for at, word in enumerate(words) if word < _FIRST_HAN]
        return _parted(words, latin) if latin else words


def _parted(words: list[str], latin: Iterable[int]) -> list[str]:
    """Replace the words at the given places, where they are letters and digits, by their parts."""
    parted: list[str] = []
    behind = 0
    for at in latin:
        parted += words[behind:at]
        word = words[at]
        if word.isascii():
            parted += [part[:MAX_WORD] for part in _ASCII_PART.findall(word)]
        else:
            parted.append(word)
        behind = at + 1
    return parted + words[behind:]


def word_list(name: str) -> tuple[str, ...]:
    """Return the words of a file in classifier/data; `#` starts a comment line."""
    lines = (files("classifier") / "data" / name).read_text(encoding="utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def _character_table() -> list[str]:
    """Say for each character of the basic plane what it is read as; controls are nothing."""
    simplified = _simplified()
    readable = re.compile(rf"[{_HAN}a-z0-9]")
    table: list[str] = []
    for code in range(0x10000):
        forms = unicodedata.normalize("NFKC", chr(code)).lower()
        if unicodedata.category(chr(code)) in {"Cc", "Cf"} and not forms.isspace():
            table.append("")
            continue
        if forms.isspace():
            table.append(" " if forms in {" ", "\t"} else _BREAK)
            continue
        read = (simplified.get(form, form) for form in forms)
        table.append("".join(form if readable.match(form) else _BREAK for form in read))
    return table


def _simplified() -> Mapping[str, str]:
    """Map traditional to simplified characters, from OpenCC's table, one for one."""
    table: dict[str, str] = {}
    source = files("opencc") / "dictionary" / "TSCharacters.txt"
    for line in source.read_text(encoding="utf-8").splitlines():
        traditional, _, simplified = line.partition("\t")
        first = simplified.split(" ")[0].strip()
        if len(traditional) == 1 and len(first) == 1:
            table[traditional] = first
    return table
