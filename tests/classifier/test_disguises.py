"""The same request, spoken or written in another guise, gets the same best category."""

import random
from collections.abc import Callable

import pytest

from classifier.pipeline import RequestClassifier

REQUESTS = {
    "噪音": "楼下烧烤店每天营业到凌晨两点，油烟和噪音让人无法入睡，孩子第二天没法上学。",
    "欠薪": "我在工地干了3个月，老板拖欠工资20000元一直不给，打电话也不接。",
    "停车": "小区门口的消防通道被私家车长期占用停车，停车位不够，没人管。",
}

TRADITIONAL = str.maketrans(
    "楼烧营业凌点烟让无孩学个资给电话门消长车没", "樓燒營業淩點煙讓無孩學個資給電話門消長車沒"
)
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def transcript(text: str) -> str:
    """As speech recognition gives it: no punctuation, fillers, numbers as said."""
    plain = "".join(character for character in text if character not in "，。")
    return "嗯那个喂你好我想反映一下就是" + plain.replace("20000", "两万").replace("3", "三")


def polite_letter(text: str) -> str:
    """A long letter around it."""
    opening = "尊敬的市长热线：\n您好！百忙之中打扰，万分抱歉。我是本市的一名普通市民。\n"
    ending = "\n以上情况属实，恳请有关部门予以重视，早日回复，不胜感激！\n此致\n敬礼\n" * 8
    return opening + text + ending


def slips(text: str) -> str:
    """Every twelfth character typed wrong."""
    chance = random.Random(2)
    wrong = [chance.choice("的是在了和") if at % 12 == 11 else c for at, c in enumerate(text)]
    return "".join(wrong)


GUISES: dict[str, Callable[[str], str]] = {
    "as written": lambda text: text,
    "title": lambda text: text.split("，")[1],
    "long letter": polite_letter,
    "traditional": lambda text: text.translate(TRADITIONAL),
    "full width": lambda text: text.translate(WIDE),
    "typing errors": slips,
    "transcript": transcript,
    "dialect": lambda text: (
        "俺跟恁说，" + text.replace("没人管", "莫得人管").replace("不给", "不把") + "咋整嘛"
    ),
    "blanks": lambda text: " ".join(text),
    "lines": lambda text: "\r\n".join(text[at : at + 9] for at in range(0, len(text), 9)),
    "controls": lambda text: "\u200b".join(text) + "\x00",
    "shouted": lambda text: text.replace("，", "！！！😡😡") + "？？？",
}


@pytest.mark.parametrize("guise", GUISES.values(), ids=GUISES.keys())
@pytest.mark.parametrize("label", REQUESTS)
def test_a_request_in_another_guise_is_the_same_request(
    model: RequestClassifier, label: str, guise: Callable[[str], str]
) -> None:
    assert model.suggest(guise(REQUESTS[label]))[0].label == label


@pytest.mark.parametrize("same", ["traditional", "full width", "controls"])
def test_mere_writing_changes_nothing_at_all(model: RequestClassifier, same: str) -> None:
    for text in REQUESTS.values():
        assert model.suggest(GUISES[same](text)) == model.suggest(text)


def test_an_empty_line_gets_no_answer(model: RequestClassifier) -> None:
    assert [one.known for one in model.judge(["", "\n", "　"])] == [False] * 3
