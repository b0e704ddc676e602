"""One simulated telephone: a SIPp process and its sound, while the call lasts."""

import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from telephony.asterisk.errors import CallFailed
from telephony.asterisk.media import MediaEndpoint
from telephony.asterisk.processes import holds_port

NOBODY_THERE = "对方没有应答，请确认热线已经启动（make up）、SIP 端口正确"
HANG_UP = (
    "MESSAGE sip:{host}:{port} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKhangup\r\n"
    "From: <sip:hangup@{host}>;tag=hangup\r\nTo: <sip:{host}:{port}>\r\n"
    "Call-ID: {call_id}\r\nCSeq: 99 MESSAGE\r\nContent-Length: 0\r\n\r\n"
)
"""Told to our own SIPp process: its scenario takes it as the person putting down the receiver."""


UP_WITHIN_S = 5.0
"""How long after an answer the caller may take to confirm it."""

_MESSAGE = re.compile(r"^(?=-{20,} )", re.MULTILINE)
_CALL_ID = re.compile(r"^Call-ID: (\S+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class CallResult:
    """How a simulated call went; packets are 20 ms of sound each."""

    answered: bool
    released_by_other_side: bool
    duration_s: float
    """From dialling to the end."""
    sent_packets: int
    received_packets: int
    loud_packets: int
    keys_pressed: str


class SimulatedPhone:
    """One SIPp process with its sound; a context manager that never leaves it running."""

    def __init__(
        self, command: list[str], folder: Path, media: MediaEndpoint, address: tuple[str, int]
    ) -> None:
        self.media = media
        self._address = address
        self._folder = folder
        self._began = time.monotonic()
        with (folder / "stderr").open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                # Ctrl-C in the terminal is for us, who then hang up in order.
                start_new_session=True,
            )
        media.hung_up = lambda: self._process.poll() is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    @property
    def signalling(self) -> str:
        """Every SIP message of its calls so far, as SIPp logged it.

        Without what the other side still told an earlier telephone of this address.
        """
        log = self._folder / "messages"
        if not log.exists():
            return ""
        told = [
            (found[1], message)
            for message in _MESSAGE.split(log.read_text("utf-8", "replace"))
            if (found := _CALL_ID.search(message)) is not None
        ]
        calls = {call_id for call_id, message in told if "INVITE sip:" in message}
        return "".join(message for call_id, message in told if call_id in calls)

    @property
    def call_id(self) -> str | None:
        """Of the call it is in, or was in last; None before it said anything to anybody."""
        said = [one for one in _MESSAGE.split(self.signalling) if "message sent" in one]
        found = _CALL_ID.search(said[-1]) if said else None
        return found[1] if found else None

    @property
    def ringing(self) -> bool:
        """Whether an INVITE has come in or gone out."""
        return "INVITE sip:" in self.signalling

    def await_listening(self, timeout_s: float = 20.0) -> None:
        """Until it can be rung: an INVITE sent earlier would wait for its repeat.

        Raises CallFailed when it cannot, because somebody else has its port for example.
        """
        deadline = time.monotonic() + timeout_s
        while not holds_port(self._process.pid, self._address[1]):
            code = self._process.poll()
            if code is not None or time.monotonic() > deadline:
                self.close()
                host, port = self._address
                raise CallFailed(f"模拟电话没有在 {host}:{port} 上就绪：{self._reason(code or 0)}")
            time.sleep(0.02)

    def await_reply(self, timeout_s: float = 10.0) -> None:
        """Until the other side says anything; raises CallFailed when nobody is there."""
        deadline = time.monotonic() + timeout_s
        while not re.search(r"^SIP/2\.0 ", self.signalling, re.MULTILINE):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise CallFailed(f"测试电话未能打通：{NOBODY_THERE}")
            time.sleep(0.05)

    def wait(self, timeout_s: float) -> CallResult:
        """Until the call is over; raises CallFailed when it fails or takes longer."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise CallFailed(f"测试电话在 {timeout_s:.0f} 秒内没有结束") from error
        result = self._result()
        self.close()
        if code != 0:
            raise CallFailed(f"测试电话未能打通：{self._reason(code)}")
        return result

    def hang_up(self, timeout_s: float = 20.0) -> CallResult:
        """Hang up an answered call now; its result. Raises CallFailed as `wait` does."""
        deadline = time.monotonic() + min(timeout_s, UP_WITHIN_S)
        # Told before the telephone knows that the talk has begun, it would not understand.
        while not self._talks() and self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        call_id = self.call_id
        if call_id is not None and self._process.poll() is None:
            host, port = self._address
            word = HANG_UP.format(call_id=call_id, host=host, port=port)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(word.encode(), self._address)
        return self.wait(timeout_s)

    def _talks(self) -> bool:
        """Whether the newest call was answered and the caller knows."""
        ours = [one for one in _MESSAGE.split(self.signalling) if self.call_id in one.split()]
        return any("\nACK sip:" in one for one in ours)

    def close(self) -> None:
        """End the telephone at once; a call still up is left to the other side's timers."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.media.close()

    def _result(self) -> CallResult:
        blocks = re.split(r"^-{10,}.*$", self.signalling, flags=re.MULTILINE)
        return CallResult(
            answered=any("SIP/2.0 200" in block and "INVITE" in block for block in blocks),
            released_by_other_side=any(
                "message received" in block and "\nBYE sip:" in block for block in blocks
            ),
            duration_s=time.monotonic() - self._began,
            sent_packets=self.media.sent_packets,
            received_packets=self.media.received_packets,
            loud_packets=self.media.loud_packets,
            keys_pressed=self.media.keys_pressed,
        )

    def _reason(self, code: int) -> str:
        statuses = re.findall(r"^SIP/2\.0 ([3-6]\d\d [^\r\n]*)", self.signalling, re.MULTILINE)
        if statuses:
            return f"对方应答 {statuses[-1]}"
        if self.signalling and not re.search(r"^SIP/2\.0 ", self.signalling, re.MULTILINE):
            return NOBODY_THERE
        output = (self._folder / "stderr").read_text("utf-8", "replace").strip().splitlines()
        return f"SIPp 返回码 {code}：{output[-1] if output else '没有输出'}"
