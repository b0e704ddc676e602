"""Words of a request: cut or raw, native or reference, sane or hostile."""

import time

import pytest

from classifier.tokens import (
    MAX_CHARS,
    MAX_WORD,
    NativeSegmenter,
    ReferenceSegmenter,
    Tokenizer,
    normalise,
    word_list,
)
from tests.classifier.letters import REQUESTS

LETTERS = [text for texts in REQUESTS.values() for text in texts] + [
    "A3区梅园小区12栋，2019年11月起二次供水水压低，87m2的房子缴了3904.87元！",
    "您好：我在“美味轩”KTV消费298元，编号GB8702-88，请12345核实。\n谢谢！",
    "中国人民解放军医院旁边的T恤店，电话0650-5550100",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer()


@pytest.fixture(scope="module")
def native() -> Tokenizer:
    return Tokenizer(NativeSegmenter(word_list("terms.txt")), stopwords=())


@pytest.fixture(scope="module")
def reference() -> Tokenizer:
    return Tokenizer(ReferenceSegmenter(word_list("terms.txt")), stopwords=())


@pytest.mark.parametrize("letter", LETTERS)
def test_a_text_cut_by_spaces_gives_the_words_of_the_raw_text(
    tokenizer: Tokenizer, jieba: ReferenceSegmenter, letter: str
) -> None:
    cut = " ".join(jieba.cut(letter))
    assert cut != letter
    assert tokenizer.words(cut) == tokenizer.words(letter)


@pytest.mark.parametrize("letter", LETTERS)
def test_the_native_segmenter_cuts_as_the_reference_does(
    native: Tokenizer, reference: Tokenizer, letter: str
) -> None:
    assert native.words(letter) == reference.words(letter)


def test_terms_of_the_trade_stay_whole(tokenizer: Tokenizer) -> None:
    words = tokenizer.words("老旧小区想加装电梯，楼下占道经营没人管")
    assert {"老旧小区", "加装电梯", "占道经营"} <= set(words)


def test_traditional_and_full_width_writing_is_read_as_the_plain_one(tokenizer: Tokenizer) -> None:
    assert tokenizer.words("小區電梯壞了１２天，ＫＴＶ噪音") == tokenizer.words(
        "小区电梯坏了12天，ktv噪音"
    )


def test_words_without_a_subject_are_left_out(tokenizer: Tokenizer) -> None:
    assert tokenizer.words("我们的那个，然后呢？") == []


def test_control_characters_vanish_and_emoji_part_words() -> None:
    assert normalise("\x00小\u200b区\x07停😀水\r\n了") == "小区停\n水\n了"


@pytest.mark.parametrize("nothing", ["", "   ", "\n\n", "！！！？？", "\x00\x01", "😀😀", "\ud800"])
def test_a_text_of_nothing_has_no_words(tokenizer: Tokenizer, nothing: str) -> None:
    assert tokenizer.words(nothing) == []


@pytest.mark.parametrize("unit", ["哈", "a", " ", "水 ", "7", "ﷺ", "\n", "噪音扰民", "😀"])
def test_a_megabyte_is_read_in_bounded_time_to_a_bounded_length(
    tokenizer: Tokenizer, unit: str
) -> None:
    text = unit * (1_000_000 // len(unit))
    # The work itself: how long it waits for its turn is the machine's affair.
    started = time.process_time()
    words = tokenizer.words(text)
    assert time.process_time() - started < 1.0
    assert len(normalise(text)) <= MAX_CHARS
    assert all(len(word) <= max(MAX_WORD, 4) for word in words if word.isascii())
