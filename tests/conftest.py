"""What all tests share: a clean environment, and real servers on request."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

KEPT = {
    "HOTLINE_CHROMIUM",
    "HOTLINE_REQUIRE_ASTERISK",
    "HOTLINE_REQUIRE_BROWSER",
    "HOTLINE_REQUIRE_POSTGRES",
    "HOTLINE_TEST_PG_URL",
}
# A developer's own settings must not decide whether a test passes.
for name in [name for name in os.environ if name.startswith("HOTLINE_") and name not in KEPT]:
    del os.environ[name]

pytest_plugins = [
    "tests.fixtures_postgres",
    "tests.fixtures_database",
    "tests.fixtures_browser",
    *(name for name in ("tests.fixtures_asterisk", "tests.fixtures_hotline") if find_spec(name)),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests of one heavy machine in one worker: an Asterisk or a Chromium each is enough."""
    for item in items:
        if item.get_closest_marker("xdist_group") is not None:
            continue
        for heavy in ("asterisk", "browser"):
            if item.get_closest_marker(heavy) is not None:
                item.add_marker(pytest.mark.xdist_group("real-machines"))
                break
