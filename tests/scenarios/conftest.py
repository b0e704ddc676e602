"""One running hotline for all scenarios of things going wrong."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_hotline import HotlineUnderTest, private_hotline
from tests.scenarios.people import Cast


@pytest.fixture(scope="session")
def troubled() -> Iterator[HotlineUnderTest]:
    """A hotline whose processes are killed; whoever kills one starts it again."""
    with (
        tempfile.TemporaryDirectory(prefix="hotline-trouble-") as folder,
        private_hotline(Path(folder)) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def cast(troubled: HotlineUnderTest) -> Cast:
    """The people of that hotline."""
    return Cast(troubled)
