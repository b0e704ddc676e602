"""Run Asterisk as a child process: development, tests and production share this."""

import ctypes
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from telephony.asterisk.conffiles import write_configuration
from telephony.asterisk.config import AsteriskSettings
from telephony.asterisk.errors import AmiRefused, PortTaken, StartFailed
from telephony.asterisk.probe import AmiProbe
from telephony.asterisk.processes import command_line, port_owner, still_running
from telephony.asterisk.program import AsteriskProgram

NONCE_VARIABLE = "HOTLINE_ASTERISK_RUN"
PR_SET_PDEATHSIG = 1
QUOTED_LOG_LINES = 12


class AsteriskRunner:
    """Starts, proves, stops and restarts one Asterisk on the folder of its settings.

    The runner owns the process: a web process may die without Asterisk noticing. With
    `die_with_parent` the kernel ends Asterisk when the *thread* that called `start` ends.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        program: AsteriskProgram,
        *,
        die_with_parent: bool = False,
        start_timeout_s: float = 30.0,
        stop_timeout_s: float = 15.0,
    ) -> None:
        self.settings = settings
        self.program = program
        self._die_with_parent = die_with_parent
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def output_path(self) -> Path:
        """What Asterisk printed on its standard output and error since the last start."""
        return self.settings.log / "output.log"

    @property
    def log_path(self) -> Path:
        """Asterisk's own log of notices, warnings and errors."""
        return self.settings.log / "messages"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self.running and self._process else None

    def start(self) -> None:
        """Write the configuration, start, and return once Asterisk is fully booted and ours.

        Raises PortTaken, BadConfiguration or StartFailed; after an error nothing is left running.
        """
        if self.running:
            return
        self.kill()  # lets go of the folder that one which died by itself still holds
        self.settings.root.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            self._end_orphan()
            write_configuration(self.settings, self.program)
            self._check_ports()
            nonce = secrets.token_hex(16)
            self._process = self._spawn(nonce)
            self._await_ready(nonce)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End Asterisk cleanly (calls are hung up); kill it when it does not listen."""
        process = self._process
        if process is not None:
            # A SIGTERM in the first half second of Asterisk's life is lost: say it again.
            for wait_s in (2.0, 2.0, self._stop_timeout_s):
                if process.poll() is not None:
                    break
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(wait_s)
                except subprocess.TimeoutExpired:
                    continue
        self.kill()

    def kill(self) -> None:
        """End Asterisk at once, as a power cut would."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def restart(self) -> None:
        """Stop cleanly and start again with freshly written configuration."""
        self.stop()
        self.start()

    def probe(self, *, timeout_s: float = 5.0) -> AmiProbe:
        """A new signed-in AMI session as `hotline-actions`."""
        return AmiProbe(
            self.settings.ami_port,
            "hotline-actions",
            self.settings.secrets.ami_actions,
            timeout_s=timeout_s,
        )

    def _take_lock(self) -> None:
        lock = (self.settings.root / "runner.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise StartFailed(
                f"目录 {self.settings.root} 上已有一个 Asterisk 在运行（另一个终端的 make up？）。"
                "请先停止它，或用 HOTLINE_DATA_DIR 换一个目录"
            ) from error
        self._lock = lock

    def _end_orphan(self) -> None:
        """End an Asterisk of this very folder whose supervisor was killed."""
        pid_file = self.settings.root / "run/asterisk.pid"
        if not pid_file.exists():
            return
        text = pid_file.read_text().strip()
        pid = int(text) if text.isdigit() else 0
        if pid and str(self.settings.etc / "asterisk.conf") in command_line(pid):
            for how in (signal.SIGTERM, signal.SIGKILL):
                os.kill(pid, how)
                deadline = time.monotonic() + 5
                while still_running(pid) and time.monotonic() < deadline:
                    time.sleep(0.05)
                if not still_running(pid):
                    break
        pid_file.unlink(missing_ok=True)

    def _check_ports(self) -> None:
        # Asterisk does not end when a port is taken: it says it is ready, and you would be
        # talking to whoever holds the port. So look first.
        settings = self.settings
        wanted = (
            ("SIP", socket.SOCK_DGRAM, settings.sip_bind, settings.sip_port),
            ("AMI", socket.SOCK_STREAM, "127.0.0.1", settings.ami_port),
            ("HTTP/WebSocket", socket.SOCK_STREAM, "127.0.0.1", settings.http_port),
        )
        for label, kind, address, port in wanted:
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((address, port))
                except OSError as error:
                    holder = port_owner(port) or error.strerror or "未知程序"
                    raise PortTaken(
                        f"{label} 端口 {address}:{port} 无法使用（{holder}）。"
                        "请停止占用它的程序，或在设置里换一个端口"
                    ) from error

    def _spawn(self, nonce: str) -> subprocess.Popen[bytes]:
        command = [*self.program.command, "-C", str(self.settings.etc / "asterisk.conf")]
        environment = {**os.environ, "LC_ALL": "C.UTF-8", NONCE_VARIABLE: nonce}
        with self.output_path.open("wb") as output:
            try:
                return subprocess.Popen(
                    [*command, "-f", "-n"],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    cwd=self.settings.root,
                    # Ctrl-C in the terminal is for the supervisor, which then stops us in order.
                    start_new_session=True,
                    preexec_fn=_death_signal() if self._die_with_parent else None,
                )
            except OSError as error:
                raise StartFailed(f"无法启动 Asterisk：{error}。请重新执行 make setup") from error

    def _await_ready(self, nonce: str) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise StartFailed(
                    f"Asterisk 启动后退出（{_exit_reason(process)}）。{self._quoted_logs()}"
                )
            try:
                with self.probe(timeout_s=max(0.5, deadline - time.monotonic())) as probe:
                    # The event, sent to every session, comes at once when already booted.
                    probe.wait_for("FullyBooted", timeout_s=deadline - time.monotonic())
                    answered = probe.variable(f"ENV({NONCE_VARIABLE})")
            except AmiRefused:
                time.sleep(0.05)
                continue
            if answered == nonce:
                return
            raise PortTaken(
                f"AMI 端口 {self.settings.ami_port} 由另一个 Asterisk 应答"
                f"（{port_owner(self.settings.ami_port) or '未知程序'}）。请先停止它"
            )
        raise StartFailed(
            f"Asterisk 在 {self._start_timeout_s:.0f} 秒内没有就绪。{self._quoted_logs()}"
        )

    def _quoted_logs(self) -> str:
        lines: list[str] = []
        for path in (self.output_path, self.log_path):
            if path.exists():
                text = path.read_text("utf-8", "replace")
                lines += [line for line in text.splitlines() if line.strip()][-QUOTED_LOG_LINES:]
        return "日志末尾：\n" + "\n".join(lines) if lines else f"日志为空：{self.output_path}"


def _exit_reason(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code == 127:
        return "缺少共享库"
    return f"信号 {-code}" if code < 0 else f"返回码 {code}"


def _death_signal() -> Callable[[], None]:
    """For the child between fork and exec; the library is loaded before the fork."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask_kernel
