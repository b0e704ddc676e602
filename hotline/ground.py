"""What must be free before everything is started: the data folder and the web port."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dispatch.domain.errors import HotlineError


class StartFailed(HotlineError):
    """启动失败"""

    code = "start-failed"


@contextmanager
def sole_run(folder: Path) -> Iterator[None]:
    """Hold the data folder for one `hotline up`; the kernel lets go of it when the process ends.

    Raises:
        StartFailed: another process holds it; the sentence names the process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise StartFailed(
                f"这个目录已经在运行（进程 {lock.read().strip() or '未知'}）：{folder}。"
                "请在那个终端按 Ctrl-C，或用 HOTLINE_DATA_DIR 换一个目录"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def require_free_port(host: str, port: int) -> None:
    """Look whether the web site can listen there.

    Raises:
        StartFailed: it cannot; the sentence names address, port and the setting to change.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server itself does: a port that only rests after a stop counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StartFailed(
                f"网站端口 {host}:{port} 无法使用（{error.strerror}）。"
                "请停止占用它的程序，或用 HOTLINE_PORT 换一个端口"
            ) from error


def local_address(host: str) -> str:
    """The host part of a URL by which this machine reaches a server listening on `host`."""
    if host in {"", "0.0.0.0"}:  # compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
