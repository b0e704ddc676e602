"""Simulated telephones over SIP: a citizen who rings, a telephone that is rung.

SIPp signals, `MediaEndpoint` speaks; used by the demonstration and by the tests.
"""

import re
import shlex
import socket
import string
import subprocess
import tempfile
import time
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Self

from telephony.asterisk.errors import CallFailed
from telephony.asterisk.media import MediaEndpoint
from telephony.asterisk.program import Program

SETUP_LIMIT_S = 30.0
FOREVER_S = 3600.0
NOBODY_THERE = "对方没有应答，请确认热线已经启动（make up）、SIP 端口正确"
HANG_UP = (
    "MESSAGE sip:{host}:{port} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKhangup\r\n"
    "From: <sip:hangup@{host}>;tag=hangup\r\nTo: <sip:{host}:{port}>\r\n"
    "Call-ID: {call_id}\r\nCSeq: 99 MESSAGE\r\nContent-Length: 0\r\n\r\n"
)
"""Told to our own SIPp process: its scenario takes it as the person putting down the receiver."""
SAFE_NUMBER = re.compile(r"[+0-9*#A-Za-z_.-]*")


class Manner(StrEnum):
    """What a rung telephone does."""

    ANSWER = "answer"
    BUSY = "busy"
    NO_ANSWER = "no-answer"


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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    @property
    def signalling(self) -> str:
        """Every SIP message so far, as SIPp logged it."""
        log = self._folder / "messages"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    @property
    def ringing(self) -> bool:
        """Whether an INVITE has come in or gone out."""
        return "INVITE sip:" in self.signalling

    def await_reply(self, timeout_s: float = 5.0) -> None:
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

    def hang_up(self, timeout_s: float = 5.0) -> CallResult:
        """Hang up an answered call now; its result. Raises CallFailed as `wait` does."""
        call_id = re.search(r"^Call-ID: (\S+)", self.signalling, re.MULTILINE)
        if call_id is not None and self._process.poll() is None:
            host, port = self._address
            word = HANG_UP.format(call_id=call_id[1], host=host, port=port)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(word.encode(), self._address)
        return self.wait(timeout_s)

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


class SippCaller:
    """Citizens who ring the hotline from `local_ip`, an address the trunk lets in."""

    def __init__(
        self, sipp: Program, folder: Path, *, server: tuple[str, int], local_ip: str = "127.0.0.2"
    ) -> None:
        self._sipp = sipp
        self._folder = folder
        self._server = server
        self._local_ip = local_ip

    def dial(
        self, number: str, line: str, *, seconds: float, audio: bytes = b"", name: str = ""
    ) -> SimulatedPhone:
        """Ring `line` as `number`; hang up `seconds` after the answer. Returns at once."""
        if not SAFE_NUMBER.fullmatch(number) or not SAFE_NUMBER.fullmatch(line) or not line:
            raise CallFailed(f"号码只能由数字和 + * # 组成：{number!r} → {line!r}")
        shown = re.sub(r'[\x00-\x1f"\\\[\]]', "", name)
        caller = f'"{shown}" <sip:{number or "anonymous"}@{self._local_ip}>'
        return _launch(
            self._sipp,
            self._folder,
            scenario=_scenario("caller.xml", stay_ms=seconds * 1000),
            media=MediaEndpoint(self._local_ip, audio=audio),
            local_ip=self._local_ip,
            port=0,
            keys={"line": line, "caller": caller},
            server=self._server,
            limit_s=seconds + SETUP_LIMIT_S,
        )

    def call(
        self, number: str, line: str, *, seconds: float, audio: bytes = b"", name: str = ""
    ) -> CallResult:
        """`dial` and wait for the end; raises CallFailed when the call is refused."""
        with self.dial(number, line, seconds=seconds, audio=audio, name=name) as phone:
            return phone.wait(seconds + SETUP_LIMIT_S)


class SippCallee:
    """A telephone at `address` that takes `calls` calls, one after the other, in its manner.

    `keys` are pressed one by one, each when the voice at the other end has stopped.
    """

    def __init__(
        self,
        sipp: Program,
        folder: Path,
        *,
        address: tuple[str, int],
        manner: Manner = Manner.ANSWER,
        ring_s: float = 0.2,
        seconds: float = FOREVER_S,
        audio: bytes = b"",
        keys: str = "",
        calls: int = 1,
    ) -> None:
        self._sipp = sipp
        self._folder = folder
        self._address = address
        self._scenario = _scenario(f"{manner}.xml", ring_ms=ring_s * 1000, stay_ms=seconds * 1000)
        self._audio = audio
        self._keys = keys
        self._calls = calls

    def start(self) -> SimulatedPhone:
        """Begin to listen; use the result as a context manager."""
        phone = _launch(
            self._sipp,
            self._folder,
            scenario=self._scenario,
            media=MediaEndpoint(self._address[0], audio=self._audio, keys=self._keys),
            local_ip=self._address[0],
            port=self._address[1],
            keys={},
            server=None,
            limit_s=FOREVER_S,
            calls=self._calls,
        )
        _await_listening(self._address)
        return phone


def _launch(
    sipp: Program,
    parent: Path,
    *,
    scenario: str,
    media: MediaEndpoint,
    local_ip: str,
    port: int,
    keys: dict[str, str],
    server: tuple[str, int] | None,
    limit_s: float,
    calls: int = 1,
) -> SimulatedPhone:
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="sipp-", dir=parent))
    (folder / "scenario.xml").write_text(scenario, encoding="utf-8")
    command = [*sipp.command, "-sf", "scenario.xml", "-i", local_ip]
    port = port or _free_udp_port(local_ip)
    command += ["-p", str(port), "-m", str(calls)]
    command += ["-nostdin", "-timeout", f"{int(limit_s)}s", "-timeout_error"]
    command += ["-trace_msg", "-message_file", "messages"]
    for name, value in {**keys, "rtp_port": str(media.port)}.items():
        command += ["-key", name, value]
    if server is not None:
        command.append(f"{server[0]}:{server[1]}")
    try:
        return SimulatedPhone(command, folder, media, (local_ip, port))
    except OSError as error:
        media.close()
        raise CallFailed(f"无法启动 SIPp：{shlex.join(command)}：{error}") from error


class _Template(string.Template):
    delimiter = "@@"


def _scenario(name: str, **milliseconds: float) -> str:
    text = (resources.files("telephony.asterisk") / "sipp" / name).read_text("utf-8")
    return _Template(text).safe_substitute({key: int(ms) for key, ms in milliseconds.items()})


def _free_udp_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def _await_listening(address: tuple[str, int], timeout_s: float = 5.0) -> None:
    """Until somebody holds the UDP port: an INVITE sent earlier would wait for its repeat."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(address)
            except OSError:
                return
        time.sleep(0.02)
    raise CallFailed(f"模拟电话没有在 {address[0]}:{address[1]} 上就绪")
