"""Branches of the category tree."""

import numpy as np
import pytest

from classifier.hierarchy import Hierarchy, added_up

PARENTS = {"0101": "01", "0102": "01", "010201": "0102", "0201": "02", "01": "", "02": ""}


def test_a_code_is_found_at_every_level_above_it() -> None:
    tree = Hierarchy(PARENTS)
    assert tree.path("010201") == ("01", "0102", "010201")
    assert [tree.at_level("010201", level) for level in (1, 2, 3, 4)] == [
        "01",
        "0102",
        "010201",
        "010201",
    ]
    assert tree.depth(("0101", "010201")) == 3


def test_a_label_in_no_tree_is_its_own_top() -> None:
    tree = Hierarchy(PARENTS)
    assert tree.at_level("0999", 1) == "0999"  # codes are not taken apart


def test_a_branch_is_as_probable_as_its_leaves_together() -> None:
    labels = ("0101", "010201", "0201")
    codes, columns = Hierarchy(PARENTS).columns(labels, 1)
    assert codes == ("01", "02")
    sums = added_up(np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]), columns)
    assert sums == pytest.approx(np.array([[0.5, 0.5], [0.9, 0.1]]))


def test_a_category_above_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="循环"):
        Hierarchy({"a": "b", "b": "a"})
