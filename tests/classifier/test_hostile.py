"""Texts made to hurt: bounded work, bounded memory, an answer all the same.

Work is counted (characters and words handed on, features looked at, words remembered), so a slow
machine fails nothing and a lost bound fails everywhere.
"""

import tracemalloc

import pytest

from classifier.pipeline import RequestClassifier
from classifier.tokens import MAX_CHARS, ReferenceSegmenter, Tokenizer, normalise
from classifier.wordbook import MOST_WORDS

MEGABYTE = 1_000_000

HOSTILE = {
    "one character": "噪" * MEGABYTE,
    "one letter": "a" * MEGABYTE,
    "blanks": " " * MEGABYTE,
    "controls": "\x00\x07\x1b" * (MEGABYTE // 3),
    "a sentence repeated": "工地夜间施工噪音扰民，" * (MEGABYTE // 11),
    "characters that swell": "ﷺ" * MEGABYTE,
    "every other a blank": "噪 " * (MEGABYTE // 2),
    "marks that combine": "e\u0301\u0323" * (MEGABYTE // 3),
    "half a pair": "\ud83d" * MEGABYTE,
    "beyond the plane": "\U0002070e" * MEGABYTE,
    "emoji and words": "😀噪音" * (MEGABYTE // 3),
}


class Counting:
    """A segmenter that counts what it is given."""

    def __init__(self) -> None:
        self.characters = 0

    def cut(self, text: str) -> list[str]:
        self.characters += len(text)
        return list(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_reaches_the_segmenter_as_a_letter_of_bounded_length(text: str) -> None:
    counting = Counting()
    words = Tokenizer(counting, terms=(), stopwords=()).words(text)
    assert counting.characters <= MAX_CHARS
    assert len(words) <= MAX_CHARS


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_is_judged_with_the_memory_of_a_letter(
    model: RequestClassifier, text: str
) -> None:
    model.suggest("工地夜间施工噪音扰民")
    tracemalloc.start()
    try:
        found = model.suggest(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 12_000_000
    assert sum(one.probability for one in found) <= 1.0001


def test_a_text_of_one_word_a_thousand_times_still_gets_its_answer(
    model: RequestClassifier,
) -> None:
    assert model.suggest(HOSTILE["a sentence repeated"])[0].label == "噪音"


def test_words_nobody_knows_do_not_fill_the_memory(model: RequestClassifier) -> None:
    characters = [chr(code) for code in range(0x4E00, 0x4E00 + 460)]
    junk = [left + right for left in characters for right in characters]
    assert len(junk) > MOST_WORDS
    for start in range(0, len(junk), 4000):
        model.space.rows([junk[start : start + 4000]])
    assert len(model.space._book) <= MOST_WORDS + 4000


def test_the_fallback_reads_no_more_than_the_native_one(jieba: ReferenceSegmenter) -> None:
    assert "".join(jieba.cut(normalise("噪" * MEGABYTE))) == "噪" * MAX_CHARS
