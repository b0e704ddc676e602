"""A private Asterisk on free ports, with simulated telephones around it."""

import itertools
import os
import random
import socket
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from telephony.asterisk.callers import Manner, SippCallee, SippCaller
from telephony.asterisk.config import (
    SHIPPED_PROMPTS,
    AsteriskSecrets,
    AsteriskSettings,
    host_ipv4_addresses,
    sip_password,
)
from telephony.asterisk.errors import AmiRefused, ProgramMissing
from telephony.asterisk.media import read_alaw
from telephony.asterisk.probe import AmiProbe
from telephony.asterisk.program import Program, find_asterisk, find_sipp
from telephony.asterisk.runner import AsteriskRunner

CITIZEN_IP = "127.0.0.2"
BROWSER_AGENTS = ("8001", "8002", "8003", "8301", "8401")
DESK_PHONES = ("9001", "9002")
RTP_BLOCK = 400
RTP_PORTS = (10_000, 20_000)
FIRST_PORT, LAST_PORT = 20_000, 32_768
"""Below the kernel's own (ip_local_port_range begins at 32,768), above those of speech."""

WORKERS = 8
ANSWERED_WITHIN_S = 20.0
"""How long Asterisk's management interface may take to answer on a crowded machine."""

HELLO_S = 0.06
"""Too short to be answered by a key: simulated people take any other sound for a question."""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, address: str = "127.0.0.1") -> int:
    """A port that nobody holds at the moment, nor will before it is wanted.

    The kernel never gives these to whoever asks for any port (every call's media, browsers), and
    each worker has its own.
    """
    for port in _PORTS:
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
        return port
    raise AssertionError("unreachable: the ports go round")


def _own_ports() -> Iterator[int]:
    """The worker's ports in turn, beginning anywhere: another run may have the same numbers."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % WORKERS
    each = (LAST_PORT - FIRST_PORT) // WORKERS
    first = FIRST_PORT + worker * each
    start = random.randrange(each)
    return itertools.cycle([*range(first + start, first + each), *range(first, first + start)])


_PORTS = _own_ports()


@dataclass(frozen=True)
class AsteriskUnderTest:
    """A running Asterisk and the telephones one can ring it with."""

    runner: AsteriskRunner
    sipp: Program
    folder: Path

    @property
    def settings(self) -> AsteriskSettings:
        return self.runner.settings

    @property
    def queue_log(self) -> Path:
        return self.settings.log / "queue_log"

    @property
    def cel(self) -> Path:
        return self.settings.log / "cel-custom/full.csv"

    @property
    def cdr(self) -> Path:
        return self.settings.log / "cdr-csv/Master.csv"

    @property
    def voice(self) -> bytes:
        """A citizen's complaint, spoken (A-law)."""
        return read_alaw(SHIPPED_PROMPTS / "demo/demo-caller.wav")

    def sip_password(self, extension: str) -> str:
        return sip_password(self.settings.secrets.sip_master, extension)

    def probe(self) -> AmiProbe:
        """A session that acts; hears nothing but answers."""
        return self.runner.probe(timeout_s=ANSWERED_WITHIN_S)

    def events(self) -> AmiProbe:
        """A session that hears every call."""
        secret = self.settings.secrets.ami_events
        return AmiProbe(
            self.settings.ami_port, "hotline-events", secret, timeout_s=ANSWERED_WITHIN_S
        )

    def citizen(self) -> SippCaller:
        """Citizens who ring the hotline."""
        server = (self.settings.sip_bind, self.settings.sip_port)
        return SippCaller(self.sipp, self.folder, server=server, local_ip=CITIZEN_IP)

    def rung_citizen(
        self,
        manner: Manner = Manner.ANSWER,
        *,
        keys: str = "",
        seconds: float = 60.0,
        audio: bytes = b"",
    ) -> SippCallee:
        """The telephone every follow-up call of this Asterisk reaches."""
        address = _address(self.settings.trunk_contact)
        return SippCallee(
            self.sipp,
            self.folder,
            address=address,
            manner=manner,
            keys=keys,
            seconds=seconds,
            audio=audio,
        )

    def desk_phone(
        self,
        extension: str,
        manner: Manner = Manner.ANSWER,
        *,
        seconds: float = 60.0,
        ring_s: float = 0.2,
        again: bool = False,
    ) -> SippCallee:
        """An agent with an ordinary telephone, who talks for `seconds` and hangs up.

        It takes one call; `again`, every call.
        """
        return SippCallee(
            self.sipp,
            self.folder,
            address=_address(self.settings.desk_phones[extension]),
            manner=manner,
            ring_s=ring_s,
            seconds=seconds,
            audio=self.voice,
            again=again,
        )


@contextmanager
def private_asterisk(folder: Path, **overrides: Any) -> Iterator[AsteriskUnderTest]:
    """Start an Asterisk below `folder`; overrides are fields of AsteriskSettings."""
    under_test = prepare_asterisk(folder, **overrides)
    under_test.runner.start()
    try:
        yield under_test
    finally:
        under_test.runner.stop()


def prepare_asterisk(folder: Path, **overrides: Any) -> AsteriskUnderTest:
    """The same, not started. Skips the test when a program is missing, unless it is required."""
    try:
        program, sipp = find_asterisk(), find_sipp()
    except ProgramMissing as error:
        if os.environ.get("HOTLINE_REQUIRE_ASTERISK") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    rtp_start = random.randrange(*RTP_PORTS, RTP_BLOCK)
    values: dict[str, Any] = {
        "root": folder / "asterisk",
        "recordings": folder / "recordings",
        "secrets": AsteriskSecrets(ami_events="ev", ami_actions="ac", sip_master="test-master"),
        "sip_port": free_port(socket.SOCK_DGRAM),
        "http_port": free_port(),
        "ami_port": free_port(),
        "rtp_ports": (rtp_start, rtp_start + RTP_BLOCK - 1),
        "agents": BROWSER_AGENTS,
        "desk_phones": {
            extension: f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}" for extension in DESK_PHONES
        },
        "trunk_peers": (CITIZEN_IP,),
        "trunk_contact": f"{CITIZEN_IP}:{free_port(socket.SOCK_DGRAM, CITIZEN_IP)}",
        "host_addresses": host_ipv4_addresses(),
        "queue_wait_s": 30,
        "key_wait_s": 2,
    }
    if "prompts" not in overrides:
        values["prompts"] = shortened_prompts(folder / "prompts")
    settings = AsteriskSettings(**{**values, **overrides})
    runner = AsteriskRunner(settings, program, die_with_parent=True)
    return AsteriskUnderTest(runner, sipp, folder / "sipp")


def shortened_prompts(target: Path, seconds: float = 0.5) -> Path:
    """The shipped prompts cut to their first syllables, so that tests do not wait for speech."""
    for source in SHIPPED_PROMPTS.rglob("*.wav"):
        copy = target / source.relative_to(SHIPPED_PROMPTS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(source), "rb") as whole, wave.open(str(copy), "wb") as cut:
            cut.setparams(whole.getparams())
            length = min(seconds, HELLO_S) if source.stem == "hello" else seconds
            cut.writeframes(whole.readframes(int(length * whole.getframerate())))
    return target


@pytest.fixture(scope="session")
def asterisk() -> Iterator[AsteriskUnderTest]:
    """One Asterisk for the whole session; whoever stops it starts it again."""
    with (
        tempfile.TemporaryDirectory(prefix="hotline-asterisk-") as folder,
        private_asterisk(Path(folder)) as running,
    ):
        yield running


@pytest.fixture(autouse=True)
def nobody_left_on_the_line(request: pytest.FixtureRequest) -> Iterator[None]:
    """A simulated caller ends without a goodbye; the next test's agent must not be given him."""
    yield
    if "asterisk" in request.fixturenames:
        hang_up_all(request.getfixturevalue("asterisk"))


def hang_up_all(asterisk: AsteriskUnderTest) -> None:
    """Telephones that are gone without a goodbye leave their legs behind; none is when this ends.

    A leg that is only about to go would be the next test's talk, or hold the id of its channel.
    """
    deadline = time.monotonic() + ANSWERED_WITHIN_S
    # Refused: Asterisk itself is gone.
    with suppress(AmiRefused), asterisk.probe() as probe:
        while time.monotonic() < deadline:
            probe.action("Hangup", Channel="/^PJSIP/")
            done = probe.wait_for("ChannelsHungupListComplete", timeout_s=ANSWERED_WITHIN_S)
            if done["ListItems"] == "0":
                return
            time.sleep(0.05)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)
