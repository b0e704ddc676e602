"""Simulated telephones over SIP: a citizen who rings, a telephone that is rung.

SIPp signals, `MediaEndpoint` speaks; used by the demonstration and by the tests.
"""

import re
import shlex
import socket
import string
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from telephony.asterisk.errors import CallFailed
from telephony.asterisk.media import MediaEndpoint
from telephony.asterisk.phones import CallResult, SimulatedPhone
from telephony.asterisk.program import Program

SETUP_LIMIT_S = 30.0
FOREVER_S = 3600.0
ONLY_CALL = '<action><exec int_cmd="stop_gracefully"/></action>'
"""This one was the call it waited for: it takes no other and ends with it."""

SAFE_NUMBER = re.compile(r"[+0-9*#A-Za-z_.-]*")


class Manner(StrEnum):
    """What a rung telephone does."""

    ANSWER = "answer"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    NO_SUCH_NUMBER = "no-such-number"


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
        self,
        number: str,
        line: str,
        *,
        seconds: float,
        audio: bytes = b"",
        name: str = "",
        keys: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> SimulatedPhone:
        """Ring `line` as `number`; hang up `seconds` after the answer. Returns at once.

        `keys` are pressed one by one after prompts; `headers` go with the INVITE.
        """
        if not SAFE_NUMBER.fullmatch(number) or not SAFE_NUMBER.fullmatch(line) or not line:
            raise CallFailed(f"号码只能由数字和 + * # 组成：{number!r} → {line!r}")
        shown = re.sub(r'[\x00-\x1f"\\\[\]]', "", name)
        caller = f'"{shown}" <sip:{number or "anonymous"}@{self._local_ip}>'
        return _launch(
            self._sipp,
            self._folder,
            scenario=_scenario("caller.xml", headers, stay_ms=seconds * 1000),
            media=MediaEndpoint(self._local_ip, audio=audio, keys=keys),
            local_ip=self._local_ip,
            port=0,
            keys={"line": line, "caller": caller},
            server=self._server,
            limit_s=seconds + SETUP_LIMIT_S,
        )

    def call(
        self,
        number: str,
        line: str,
        *,
        seconds: float,
        audio: bytes = b"",
        name: str = "",
        keys: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> CallResult:
        """`dial` and wait for the end; raises CallFailed when the call is refused."""
        with self.dial(
            number, line, seconds=seconds, audio=audio, name=name, keys=keys, headers=headers
        ) as phone:
            return phone.wait(seconds + SETUP_LIMIT_S)


class SippCallee:
    """A telephone at `address` that takes one call in its manner, or more when `again` is said.

    `keys` are pressed one by one, each when the voice at the other end has stopped. What is still
    told to an earlier telephone of this address, which said no goodbye, is no call.
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
        again: bool = False,
    ) -> None:
        self._sipp = sipp
        self._folder = folder
        self._address = address
        self._scenario = _scenario(
            f"{manner}.xml",
            # 0 would mean: for ever.
            ring_ms=max(1, ring_s * 1000),
            stay_ms=seconds * 1000,
            taken="" if again else ONLY_CALL,
        )
        self._audio = audio
        self._keys = keys

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
        )
        phone.await_listening()
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
) -> SimulatedPhone:
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="sipp-", dir=parent))
    (folder / "scenario.xml").write_text(scenario, encoding="utf-8")
    command = [*sipp.command, "-sf", "scenario.xml", "-i", local_ip]
    port = port or _free_udp_port(local_ip)
    command += ["-p", str(port)]
    command += ["-nostdin", "-timeout", f"{int(limit_s)}s", "-timeout_error"]
    command += ["-trace_msg", "-message_file", "messages"]
    for name, value in {**keys, "rtp_port": str(media.port)}.items():
        command += ["-key", name, value]
    if server is not None:
        command += ["-m", "1", f"{server[0]}:{server[1]}"]
    try:
        return SimulatedPhone(command, folder, media, (local_ip, port))
    except OSError as error:
        media.close()
        raise CallFailed(f"无法启动 SIPp：{shlex.join(command)}：{error}") from error


class _Template(string.Template):
    delimiter = "@@"


def _scenario(
    name: str, headers: Mapping[str, str] = MappingProxyType({}), *, taken: str = "", **ms: float
) -> str:
    text = (resources.files("telephony.asterisk") / "sipp" / name).read_text("utf-8")
    lines = "".join(f"\n{header}: {value}" for header, value in headers.items())
    values = {key: str(int(value)) for key, value in ms.items()}
    return _Template(text).safe_substitute({"headers": lines, "taken": taken, **values})


def _free_udp_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
