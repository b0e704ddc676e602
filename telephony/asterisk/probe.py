"""A few synchronous words with Asterisk's management interface: readiness, doctor, tests.

The application's own connection is elsewhere; this one is short-lived and has no event loop.
"""

import re
import socket
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from telephony.asterisk.errors import AmiRefused

Message = dict[str, str]
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class AmiProbe:
    """One signed-in AMI session; use as a context manager. Raises AmiRefused."""

    def __init__(
        self,
        port: int,
        user: str,
        secret: str,
        *,
        host: str = "127.0.0.1",
        timeout_s: float = 5.0,
    ) -> None:
        self._timeout_s = timeout_s
        self._buffer = b""
        self._kept: list[Message] = []
        self._serial = 0
        try:
            self._socket = socket.create_connection((host, port), timeout=timeout_s)
        except OSError as error:
            raise AmiRefused(f"Asterisk 管理接口 {host}:{port} 无法连接：{error}") from error
        try:
            self._read_until(b"\r\n")  # the greeting line
            self.action("Login", Username=user, Secret=secret)
        except AmiRefused:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def action(self, name: str, **headers: str) -> Message:
        """Send an action and return its response; events that come between are kept."""
        self._serial += 1
        identity = f"probe-{self._serial}"
        lines = [("Action", name), ("ActionID", identity), *headers.items()]
        if any(CONTROL.search(value) for _, value in lines):
            raise AmiRefused("管理指令中含有控制字符，已拒绝发送")
        text = "".join(f"{key}: {value}\r\n" for key, value in lines) + "\r\n"
        try:
            self._socket.sendall(text.encode())
        except OSError as error:
            raise AmiRefused(f"Asterisk 管理接口已断开：{error}") from error
        deadline = time.monotonic() + self._timeout_s
        while True:
            message = self._next_message(deadline)
            if message.get("ActionID") == identity and "Response" in message:
                if message["Response"] == "Error":
                    raise AmiRefused(f"Asterisk 拒绝 {name}：{message.get('Message', '')}")
                return message
            self._kept.append(message)

    def wait_for(self, event: str, *, timeout_s: float, **headers: str) -> Message:
        """The next event of this name and these header values; raises AmiRefused when late."""
        deadline = time.monotonic() + timeout_s
        wanted = {"Event": event, **headers}
        for message in self._messages(deadline):
            if all(message.get(key) == value for key, value in wanted.items()):
                return message
        raise AssertionError("unreachable: messages() raises at the deadline")

    def variable(self, name: str) -> str:
        """Value of a global variable or function."""
        return self.action("Getvar", Variable=name).get("Value", "")

    def _messages(self, deadline: float) -> Iterator[Message]:
        while True:
            yield self._kept.pop(0) if self._kept else self._next_message(deadline)

    def _next_message(self, deadline: float) -> Message:
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        raw = self._read_until(b"\r\n\r\n").decode("utf-8", "replace")
        pairs = (line.partition(": ") for line in raw.split("\r\n") if line)
        return {key: value for key, _, value in pairs}

    def _read_until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            try:
                chunk = self._socket.recv(65536)
            except TimeoutError as error:
                raise AmiRefused("Asterisk 管理接口在限定时间内没有应答") from error
            except OSError as error:
                raise AmiRefused(f"Asterisk 管理接口已断开：{error}") from error
            if not chunk:
                raise AmiRefused("Asterisk 管理接口已断开")
            self._buffer += chunk
        message, self._buffer = self._buffer.split(end, 1)
        return message
