"""What a start says when something is in its way, and how long a dying part is left alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.ground import StartFailed, local_address, require_free_port, sole_run
from hotline.restarts import Restarts
from tests.fixtures_asterisk import free_port


@pytest.fixture
def taken_port() -> object:
    """A port somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def hotline(folder: Path, command: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run one command on a data folder of its own."""
    told = {f"HOTLINE_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "hotline", command],
        env={**os.environ, "HOTLINE_DATA_DIR": str(folder), **told},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def test_a_part_that_keeps_dying_is_started_ever_later() -> None:
    restarts, now, pauses = Restarts(0.0), 0.0, []
    for _ in range(7):
        pause = restarts.died(now)
        assert pause is not None
        assert restarts.died(now) is None
        assert not restarts.due(now + pause - 0.1)
        now += pause
        assert restarts.due(now)
        pauses.append(pause)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert restarts.died(now + 59) == 30
    assert restarts.due(now + 59 + 30)
    assert restarts.died(now + 59 + 30 + 60) == 1


def test_a_folder_is_run_by_one_and_free_again_afterwards(tmp_path: Path) -> None:
    told = pytest.raises(StartFailed, match=str(os.getpid()))
    with sole_run(tmp_path), told, sole_run(tmp_path):
        pytest.fail("two at once")
    with sole_run(tmp_path):
        pass


def test_a_taken_port_is_named(taken_port: int) -> None:
    with pytest.raises(StartFailed, match=rf"127\.0\.0\.1:{taken_port}.*HOTLINE_PORT"):
        require_free_port("127.0.0.1", taken_port)


@pytest.mark.parametrize("command", ["serve", "up"])
def test_a_taken_port_ends_the_start_with_a_sentence(
    tmp_path: Path, taken_port: int, command: str
) -> None:
    done = hotline(tmp_path, command, port=taken_port)
    assert done.returncode == 2
    assert f"网站端口 127.0.0.1:{taken_port} 无法使用" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_start_in_another_terminal_says_so(tmp_path: Path) -> None:
    with sole_run(tmp_path):
        done = hotline(tmp_path, "up")
    assert done.returncode == 2
    assert f"已经在运行（进程 {os.getpid()}）" in done.stderr


@pytest.mark.parametrize("command", ["migrate", "serve", "worker"])
def test_a_database_that_is_away_is_one_sentence(tmp_path: Path, command: str) -> None:
    with socket.socket() as listener:  # bound and not listening: refused at once
        listener.bind(("127.0.0.1", 0))
        url = f"postgresql://somebody:geheim@127.0.0.1:{listener.getsockname()[1]}/hotline"
        done = hotline(tmp_path, command, database_url=url, port=free_port())
    assert done.returncode == 3
    assert "数据库连接不上" in done.stderr
    assert "HOTLINE_DATABASE_URL" in done.stderr
    assert "geheim" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("hotline.example", "hotline.example"),
    ],
)
def test_the_site_is_asked_where_it_listens(host: str, reached: str) -> None:
    assert local_address(host) == reached


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "abc"), ("sip_port", "70000"), ("extensions", "8001-"), ("profile", "nowhere")],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, name: str, value: str) -> None:
    done = hotline(tmp_path, "doctor", **{name: value})
    assert done.returncode == 2
    assert value in done.stderr
    assert name == "profile" or f"HOTLINE_{name.upper()}" in done.stderr
    assert "Traceback" not in done.stderr
