"""Names of places do not decide what a request is about."""

from pathlib import Path

from classifier.artefact import load_model, save_model
from classifier.gazetteer import place_names
from classifier.tokens import Tokenizer
from classifier.training import train
from tests.classifier.conftest import NOW
from tests.classifier.letters import requests

DIVISIONS = ("兰堤区", "建设街道", "望泽湖街道", "東閘鎮")


def test_a_division_is_left_out_with_and_without_its_kind() -> None:
    names = place_names(DIVISIONS, ["兰堤区城管局"])
    assert {"兰堤区", "兰堤", "望泽湖", "兰堤区城管局"} <= set(names)


def test_names_are_kept_as_the_tokenizer_reads_them() -> None:
    assert {"东闸镇", "东闸"} <= set(place_names(DIVISIONS))


def test_an_ordinary_word_is_not_silenced_by_a_place_of_that_name() -> None:
    names = place_names(DIVISIONS)
    assert "建设街道" in names
    assert "建设" not in names
    assert "芜湖" in place_names(["芜湖市"])  # the dictionary has it, as a place


def test_a_request_reads_the_same_wherever_it_comes_from() -> None:
    tokenizer = Tokenizer(names=place_names(DIVISIONS))
    words = tokenizer.words("路灯不亮")
    assert tokenizer.words("兰堤区路灯不亮") == words
    assert tokenizer.words("兰堤的望泽湖街道路灯不亮") == words
    assert "建设" in tokenizer.words("道路建设")


def test_the_names_travel_with_the_model(tmp_path: Path) -> None:
    names = place_names(DIVISIONS)
    model = train(requests(), now=NOW, tokenizer=Tokenizer(names=names))
    save_model(model, tmp_path)
    again = load_model(tmp_path)
    assert again.tokenizer.names == names
    assert again.suggest("兰堤区拖欠工资") == again.suggest("拖欠工资")
