"""How real the demo corpus is: classes from categories, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.lines import PartMissing
from benchmarks.realism import CLASSES, answers, read_classes, read_letters
from hotline.city.catalog import load_city


def test_every_leaf_category_is_given_a_class_or_none() -> None:
    listed = [line.split(",")[0] for line in CLASSES.read_text(encoding="utf-8").splitlines()[1:]]
    assert listed == sorted(c.code for c in load_city().categories if c.level == 2)
    assert len(set(read_classes(CLASSES).values())) == 7


def test_the_chances_of_a_class_are_those_of_its_categories_together() -> None:
    classes = {"0101": "城", "0102": "城", "0801": "劳"}
    labels = ("0101", "0102", "0801", "1501")
    # 0801 is likelier than 0101 or 0102 alone; 1501 is likeliest and belongs to no class.
    chances = np.array([[0.2, 0.15, 0.25, 0.4], [0.1, 0.1, 0.3, 0.5]])
    assert answers(chances, labels, classes) == ["城", "劳"]


def test_letters_of_an_unknown_class_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "letters.csv"
    file.write_text("text,label\n路灯不亮,城\n猫上了树,别的\n", encoding="utf-8")
    assert read_letters(file, {"城", "劳"}) == (["路灯不亮"], ["城"])


def test_a_file_without_one_known_class_is_told(tmp_path: Path) -> None:
    file = tmp_path / "letters.csv"
    file.write_text("text,label\n猫上了树,别的\n", encoding="utf-8")
    with pytest.raises(PartMissing, match=r"realism\.csv"):
        read_letters(file, {"城"})
