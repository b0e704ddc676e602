"""The town for the portal's tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.town import Town, found_town, open_town


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's database, founded once and copied for every test."""
    return found_town(tmp_path_factory.mktemp("founding"))


@pytest.fixture
def town(town_file: Path, tmp_path: Path) -> Iterator[Town]:
    """A town of its own for each test."""
    shutil.copy(town_file, tmp_path)
    made = open_town(tmp_path)
    yield made
    made.app.state.live.stop()
    made.app.state.live.join()
    made.database.dispose()


@pytest.fixture(scope="module")
def quiet_town(town_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One town for tests that change nothing in it; its streams end at once."""
    folder = tmp_path_factory.mktemp("town")
    shutil.copy(town_file, folder)
    made = open_town(folder)
    made.app.state.live.stop()
    yield made
    made.database.dispose()
