"""A whole hotline on free ports: Asterisk beside a web process that can be killed and started."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.domain.people import SYSTEM
from dispatch.domain.terms import PolicyPart
from dispatch.service import policies
from hotline import founding, schema
from hotline.bootstrap import load_secrets, open_database
from hotline.city.catalog import load_city
from hotline.commands.classify import train_demo_model
from hotline.settings import Settings
from portal.auth import hash_password
from tests.fixtures_asterisk import AsteriskUnderTest, free_port, private_asterisk

READY_WITHIN_S = 40.0
PATIENCE = 2.5
ANY_HOUR = """
name = "any_hour"
label = "任何时间都可拨打"
inherits = "default"
evidence = "P"
source = "测试"
[follow_up]
polite_hours = ["00:00-23:59"]
[call_back]
hours = ["00:00-23:59"]
[[dial]]
code = "agent"
label = "话务员外呼"
roles = ["agent", "follow_up"]
scopes = ["internal", "local", "national", "mobile", "service"]
per_hour = 60
"""
"""The policy of every hotline under test: real clocks run, at whatever hour the tests do."""


@dataclass
class HotlineUnderTest:
    """The parts of one running hotline; people use it through `url` and the telephones."""

    folder: Path
    asterisk: AsteriskUnderTest
    environment: dict[str, str]
    passwords: dict[str, str]
    port: int
    _web: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The portal's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the web process printed."""
        return self.folder / "web.log"

    def start_web(self) -> None:
        """Start the web process and wait until it says that every part is ready."""
        with self.log.open("ab") as output:
            self._web = subprocess.Popen(
                [sys.executable, "-m", "hotline", "serve"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        until(self.is_ready, READY_WITHIN_S, lambda: self.log.read_text("utf-8")[-3000:])

    def kill_web(self) -> None:
        """End the web process as a power cut would."""
        if self._web is not None:
            self._web.send_signal(signal.SIGKILL)
            self._web.wait()

    def stop_web(self) -> None:
        """End the web process as an administrator would."""
        if self._web is not None and self._web.poll() is None:
            self._web.terminate()
            try:
                self._web.wait(15)
            except subprocess.TimeoutExpired:
                self.kill_web()
                raise

    def start_asterisk(self) -> None:
        """Start the telephone system again and wait until the web process has found it."""
        self.asterisk.runner.start()
        until(self.is_ready, READY_WITHIN_S, lambda: self.log.read_text("utf-8")[-3000:])

    def command(self, *arguments: str) -> str:
        """Run a `hotline` command on this installation; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "hotline", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def api(self, path: str, token: str) -> object:
        """GET below /api/v1 with a bearer token."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def is_ready(self) -> bool:
        """Whether the web process says that every part is."""
        assert self._web is not None
        assert self._web.poll() is None, self.log.read_text("utf-8")[-3000:]
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def until(
    true: Callable[[], object], seconds: float = 20.0, why: Callable[[], str] = lambda: ""
) -> None:
    """Wait for something to become true, asking twenty times a second; fail with the reason.

    `seconds` is how long it takes at most where the machine is free; a crowded one gets more.
    """
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {why()}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def demo_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo city's model, trained once."""
    folder = tmp_path_factory.mktemp("model")
    train_demo_model(folder)
    return folder


@contextmanager
def private_hotline(
    folder: Path,
    database_url: str = "",
    model: Path | None = None,
    more: Callable[[AsteriskUnderTest], Mapping[str, str]] = lambda _: {},
    desk_phones: Mapping[str, str] | None = None,
) -> Iterator[HotlineUnderTest]:
    """Found the demo city without a past and start everything on free ports.

    `more` are further settings of the web process, made once its Asterisk is known;
    `desk_phones` are others than the usual two, extension → address.
    """
    secrets = load_secrets(folder)
    if model is not None:
        shutil.copytree(model, folder / "models" / "current")
    phones = {} if desk_phones is None else {"desk_phones": desk_phones}
    with private_asterisk(folder, secrets=secrets, queue_wait_s=60, **phones) as asterisk:
        port = free_port()
        ours = asterisk.settings
        settings = {
            "HOTLINE_DATA_DIR": str(folder),
            "HOTLINE_DATABASE_URL": database_url,
            "HOTLINE_PORT": str(port),
            "HOTLINE_AMI_PORT": str(ours.ami_port),
            "HOTLINE_SIP_PORT": str(ours.sip_port),
            "HOTLINE_ASTERISK_HTTP_PORT": str(ours.http_port),
            "HOTLINE_TRUNK_CONTACT": ours.trunk_contact,
            "HOTLINE_DESK_PHONES": ",".join(f"{n}={a}" for n, a in ours.desk_phones.items()),
            # Tests run at any hour: follow-up calls are ordered by a person, not by the clock.
            "HOTLINE_FOLLOW_UP_LINES": "0",
        }
        passwords = _found(folder, database_url)
        environment = {**os.environ, **settings, **more(asterisk)}
        hotline = HotlineUnderTest(folder, asterisk, environment, passwords, port)
        hotline.start_web()
        try:
            yield hotline
        finally:
            hotline.stop_web()


def _found(folder: Path, database_url: str) -> dict[str, str]:
    settings = Settings(data_dir=folder, database_url=database_url)
    database = open_database(settings)
    schema.migrate(database)
    city = load_city()
    founding.found_city(database, city)
    passwords = founding.found_staff(database, city, folder, hash_password)
    now = datetime.now(UTC)
    with database.work() as session:
        policies.load_version(
            session, SYSTEM, PolicyPart.PROFILE, ANY_HOUR, note="测试在任何时间运行", now=now
        )
    database.dispose()
    return passwords
