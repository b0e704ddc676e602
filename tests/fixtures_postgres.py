"""A private PostgreSQL per test session, and databases copied from a template."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql

PR_SET_PDEATHSIG = 1


@dataclass
class PostgresServer:
    """A server on which tests may create databases."""

    address: str
    """libpq address of the maintenance database."""
    _numbers: Iterator[int] = field(default_factory=count)

    def create(self, template: str | None = None) -> str:
        """Create a database, empty or as a copy of another of this server, and return its URL."""
        name = f"hotline_test_{os.getpid()}_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement)
        return self._url(name)

    def drop(self, url: str) -> None:
        """Drop a database made by `create`, with whoever is still connected."""
        name = self.name(url)
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    @staticmethod
    def name(url: str) -> str:
        """Return the database's name in a URL of this server."""
        return url.partition("?")[0].rpartition("/")[2]

    def _url(self, name: str) -> str:
        parts = conninfo.conninfo_to_dict(self.address)
        user, password = parts.get("user", "postgres"), parts.get("password")
        login = f"{user}:{password}@" if password else f"{user}@"
        host, port = str(parts.get("host", "127.0.0.1")), parts.get("port", 5432)
        if host.startswith("/"):
            return f"postgresql+psycopg://{login}/{name}?host={host}"
        return f"postgresql+psycopg://{login}{host}:{port}/{name}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL: HOTLINE_TEST_PG_URL, else a private cluster of the newest version here."""
    given = os.environ.get("HOTLINE_TEST_PG_URL")
    if given:
        yield PostgresServer(given.replace("postgresql+psycopg://", "postgresql://"))
        return
    programs = _programs()
    if programs is None:
        reason = "没有 PostgreSQL 服务器程序（make test 会安装，或设 HOTLINE_TEST_PG_URL）"
        if os.environ.get("HOTLINE_REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="hotline-pg-") as folder:
        yield from _private_cluster(programs, Path(folder))


@contextmanager
def private_postgres() -> Iterator[PostgresServer | None]:
    """A cluster of one's own until the block ends; None when this machine has no server."""
    programs = _programs()
    if programs is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="hotline-pg-") as folder:
        yield from _private_cluster(programs, Path(folder))


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own."""
    url = postgres.create()
    yield url
    postgres.drop(url)


def _programs() -> Path | None:
    """Return the folder of the newest server programs."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: float(path.parent.parent.name),
    )
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def _private_cluster(programs: Path, folder: Path) -> Iterator[PostgresServer]:
    """Run a cluster in the folder on a socket of its own: no port, so none can be taken."""
    user = None
    if os.geteuid() == 0:  # the server refuses to run as root
        user = "postgres"
        shutil.chown(folder, user)
    data = folder / "data"
    # The locale matters: with C, pg_trgm drops every Chinese character.
    initdb: list[str | Path] = [
        *(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"),
        *("--locale=C.UTF-8", "--no-sync", "--no-instructions"),
    ]
    subprocess.run(initdb, user=user, cwd=folder, check=True, capture_output=True)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": folder,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": 100,
    }
    command: list[str | Path] = [programs / "postgres", "-D", data]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command,
            user=user,
            cwd=folder,
            env={**os.environ, **_home(user)},
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent,
        )
    try:
        address = f"host={folder} user=postgres dbname=postgres"
        _wait_until_ready(address, server, folder / "log")
        yield PostgresServer(address)
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(timeout=60)


def _home(user: str | None) -> dict[str, str]:
    return {"HOME": pwd.getpwnam(user).pw_dir} if user else {}


def _die_with_parent() -> None:
    """Ask the kernel to stop the server should the test run be killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _wait_until_ready(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120  # on a crowded machine, behind everybody who is on the phone
    while True:
        try:
            psycopg.connect(address, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                message = f"PostgreSQL did not start: {error}\n{log.read_text()}"
                raise RuntimeError(message) from error
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> Callable[[Callable[[str], None]], str]:
    """Return a function that prepares a database once per session and names it as a template."""
    prepared: dict[Callable[[str], None], str] = {}

    def template(prepare: Callable[[str], None]) -> str:
        if prepare not in prepared:
            url = postgres.create()
            prepare(url)
            prepared[prepare] = postgres.name(url)
        return prepared[prepare]

    return template
