"""Many telephones in two SIPp processes: citizens who ring at a rate, desks that are rung."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path

from benchmarks.workshop import end
from telephony.asterisk.callers import Manner
from tests.fixtures_asterisk import CITIZEN_IP, AsteriskUnderTest

LIMIT_S = 120
RING_MS = 200
FOREVER_MS = 60_000


@contextmanager
def citizens(
    asterisk: AsteriskUnderTest, *, rate: float, calls: int, stay_s: float, prefix: str
) -> Iterator[subprocess.Popen[bytes]]:
    """So many new calls a second of different people, each hung up `stay_s` after the answer.

    `prefix` begins the numbers, five digits follow.
    """
    settings = asterisk.settings
    scenario = _scenario("caller", stay_ms=int(stay_s * 1000))
    scenario = scenario.replace("[caller]", "<sip:[field0]@[local_ip]>")
    with _sipp(
        asterisk,
        scenario.replace("[line]", "12345"),
        CITIZEN_IP,
        *("-inf", "numbers.csv", "-r", str(rate), "-m", str(calls), "-l", str(calls)),
        f"{settings.sip_bind}:{settings.sip_port}",
        numbers=[f"{prefix}{number:05d}" for number in range(calls)],
    ) as process:
        yield process


@contextmanager
def desks(asterisk: AsteriskUnderTest, manner: Manner) -> Iterator[None]:
    """Every desk telephone, all at one address; who answers rings a little before."""
    host, _, port = next(iter(asterisk.settings.desk_phones.values())).rpartition(":")
    scenario = _scenario(manner.value, ring_ms=RING_MS, stay_ms=FOREVER_MS)
    with _sipp(asterisk, scenario, host, "-p", port):
        time.sleep(0.5)  # an INVITE sent before it listens would wait for its repeat
        yield


def _scenario(name: str, **values: int) -> str:
    text = (resources.files("telephony.asterisk") / "sipp" / f"{name}.xml").read_text("utf-8")
    for key, value in {"headers": "", **values}.items():
        text = text.replace(f"@@{{{key}}}", str(value))
    return text


@contextmanager
def _sipp(
    asterisk: AsteriskUnderTest,
    scenario: str,
    address: str,
    *arguments: str,
    numbers: list[str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """One SIPp; what Asterisk says to its calls goes to a socket nobody reads."""
    asterisk.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="crowd-", dir=asterisk.folder))
    (folder / "scenario.xml").write_text(scenario, encoding="utf-8")
    (folder / "numbers.csv").write_text("\n".join(["SEQUENTIAL", *(numbers or [])]) + "\n")
    with ExitStack() as stack:
        deaf = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        deaf.bind((address, 0))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        errors = stack.enter_context((folder / "stderr").open("wb"))
        process = subprocess.Popen(
            [
                *asterisk.sipp.command,
                *("-sf", "scenario.xml", "-i", address, "-nostdin", "-timeout", f"{LIMIT_S}s"),
                *("-key", "rtp_port", str(deaf.getsockname()[1])),
                *arguments,
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        stack.callback(end, process)
        yield process
