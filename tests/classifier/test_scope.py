"""Texts that are no requests are told apart, and real requests are not refused, however short."""

from pathlib import Path

import pytest

from classifier.artefact import load_model, save_model
from classifier.errors import ModelRefused
from classifier.pipeline import RequestClassifier
from classifier.samples import Samples
from classifier.scope import SCOPE, Scope
from classifier.training import train
from hotline.city.catalog import load_city
from tests.classifier.conftest import NOW

KEYS = ("sdkfjhskdjfh sdkfj qwer", "asdfghjkl;'", "qazwsxedcrfv tgbyhn")
REPEATED = ("啊啊啊啊啊啊啊啊啊啊", "哈哈哈哈哈哈哈哈哈", "停" * 100_000)
FOREIGN = (
    "The street light in front of my house has been broken for a week",
    "Здравствуйте, у нас нет воды",
    "こんにちは、道路が壊れています",
    "도로가 고장났어요 도와주세요",
)
NOTHING = ("", "  \n ", "？！。。。", "\x00\x01\x02", "123456789", "🙂🙂🙂")
CHARACTERS = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过"
)
TALK = ("你叫什么名字呀", "帮我写一首关于春天的诗", "世界杯的冠军是谁", "推荐一部好看的电视剧")
SHORT = (
    "路灯不亮",
    "停水了",
    "楼上漏水",
    "公积金怎么取",
    "老板不发工资",
    "井盖没了",
    "消防通道被堵",
    "医保怎么报销",
    "物业费太高",
    "小区电梯坏了",
    "下水道堵了",
    "身份证丢了怎么补",
)


@pytest.fixture(scope="module")
def judge() -> RequestClassifier:
    """A model of the branches, learned from every other request of the demo city."""
    learned = load_city().corpus[::2]
    return train(
        Samples(
            tuple(request.text for request in learned),
            tuple(request.category[:2] for request in learned),
            (),
            "0" * 64,
        ),
        now=NOW,
    )


def _refusal(model: RequestClassifier, text: str) -> str:
    return Scope.of(model).refusal(text, next(model.judge([text])))


@pytest.mark.parametrize("text", NOTHING)
def test_what_holds_no_text_is_refused_as_such(judge: RequestClassifier, text: str) -> None:
    assert "没有可读的文字" in _refusal(judge, text)


@pytest.mark.parametrize("text", REPEATED)
def test_one_character_over_and_over_is_refused(judge: RequestClassifier, text: str) -> None:
    assert "重复的字符" in _refusal(judge, text)


@pytest.mark.parametrize("text", [*KEYS, *FOREIGN])
def test_mashed_keys_and_other_languages_are_refused(judge: RequestClassifier, text: str) -> None:
    assert _refusal(judge, text)


def test_ideographs_thrown_together_are_refused(judge: RequestClassifier) -> None:
    mashed = "".join(chr(0x4E00 + at * 3971 % 20_000) for at in range(48))
    assert _refusal(judge, mashed)


def test_small_talk_is_no_matter_for_the_city(judge: RequestClassifier) -> None:
    assert [text for text in TALK if "闲聊" in _refusal(judge, text)] == list(TALK)


@pytest.mark.parametrize("text", SHORT)
def test_a_short_request_is_a_request(judge: RequestClassifier, text: str) -> None:
    assert _refusal(judge, text) == ""


def test_next_to_none_of_the_requests_it_has_not_seen_is_refused(judge: RequestClassifier) -> None:
    texts = [request.text for request in load_city().corpus][1::4]
    refused = [text for text in texts if _refusal(judge, text)]
    assert len(refused) <= len(texts) // 100, refused


def test_a_model_of_few_texts_refuses_only_what_it_cannot_read(model: RequestClassifier) -> None:
    assert SCOPE not in model.heads
    assert _refusal(model, "帮我写一首关于春天的诗，谢谢老板") == ""
    assert _refusal(model, "？？？")
    assert "没有模型认识的词" in _refusal(model, "zzz qqq")


def test_a_model_with_damaged_bounds_is_refused(model: RequestClassifier, tmp_path: Path) -> None:
    damaged = RequestClassifier(
        model.tokenizer, model.space, model.heads, model.card, {SCOPE: {"chinese": "?"}}
    )
    save_model(damaged, tmp_path)
    with pytest.raises(ModelRefused):
        load_model(tmp_path)
