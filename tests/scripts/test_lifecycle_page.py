"""The page of the lifecycle says what the tables say."""

from __future__ import annotations

from dispatch.domain.lifecycle import STEPS
from scripts.lifecycle import PAGE, page


def test_the_page_is_the_one_drawn_from_the_tables() -> None:
    assert PAGE.read_text("utf-8") == page(), "请运行 python -m scripts.lifecycle"


def test_every_step_has_its_row() -> None:
    written = page()
    for (status, action), step in STEPS.items():
        assert f"| {status.label} | {action.label} | " in written
        assert step.by
