"""The operations page names every setting, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from hotline.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    written = set(re.findall(r"`(HOTLINE_[A-Z_]+)`", PAGE.read_text("utf-8")))
    assert written == {f"HOTLINE_{name.upper()}" for name in Settings.model_fields}
