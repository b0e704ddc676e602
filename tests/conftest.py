"""What all tests share: a clean environment, and real servers on request."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

ROOT = Path(__file__).resolve().parents[1]

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

# Two policies each storm alone: 200 sequences at every run, 2,000 at night. By day the examples
# are the same every time, so that a red run is somebody's change; at night they are new ones.
# However long an example took, on a crowded machine that says nothing of what it tries.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("daily", patient, derandomize=True)
settings.register_profile("nightly", patient, max_examples=1_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "daily"))

STANDING_BACK = 10

pytest_plugins = [
    "tests.fixtures_postgres",
    "tests.fixtures_database",
    "tests.fixtures_browser",
    *(name for name in ("tests.fixtures_asterisk", "tests.fixtures_hotline") if find_spec(name)),
]


class OneOfEach(LoadGroupScheduling):
    """Keeps all browsers in one worker, and all telephones without one in one.

    pytest-xdist 3.8 cannot do it by its own mark under pytest 9.2, which it fails to notice.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _machines(ROOT / nodeid.partition("::")[0]) or nodeid


@cache
def _machines(file: Path) -> str:
    """What real machines the file's tests are marked to need; none: any worker will do."""
    text = file.read_text("utf-8") if file.is_file() else ""
    if "pytest.mark.browser" in text:
        return "browsers"
    return "telephones" if "pytest.mark.asterisk" in text else ""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let tests that only compute stand back behind those in which somebody is on the telephone."""
    if os.geteuid() != 0:
        return  # who has stood back could not come forward again
    talks = item.get_closest_marker("asterisk") or item.get_closest_marker("browser")
    wanted = 0 if talks else STANDING_BACK
    if os.getpriority(os.PRIO_PROCESS, 0) != wanted:
        os.setpriority(os.PRIO_PROCESS, 0, wanted)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneOfEach:
    """Hand out the tests our way."""
    return OneOfEach(config, log)
