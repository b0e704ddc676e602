"""Two hundred softphones registering at once, beside as many greetings over the same way."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.lines import Line, MeasurementFailed, PartMissing, percentile
from benchmarks.plan import Plan
from benchmarks.workshop import progress, temporary_folder
from telephony.asterisk.errors import ProgramMissing
from telephony.asterisk.program import find_asterisk, find_sipp
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk

PHONES = 200
LIMIT = "as many WebSocket connections to the same Asterisk, each with one OPTIONS and its answer"
WITHIN_S = 60.0
SIP = Subprotocol("sip")
Step = Callable[[AsteriskUnderTest, str], Awaitable[None]]


def measure(plan: Plan) -> Iterator[Line]:
    """Register every extension of a fresh Asterisk, all beginning at the same moment."""
    del plan
    try:
        find_asterisk(), find_sipp()
    except ProgramMissing as missing:
        raise PartMissing(str(missing)) from missing
    agents = tuple(str(8000 + number) for number in range(PHONES))
    with temporary_folder() as folder, private_asterisk(folder, agents=agents) as asterisk:
        progress(f"registrations: {PHONES} softphones")
        greeted, _ = asyncio.run(_all(asterisk, agents, _greet))
        registered, took = asyncio.run(_all(asterisk, agents, _register))
        yield Line(
            figure="registrations_per_s",
            value=PHONES / registered,
            unit="softphones/s",
            limit=LIMIT,
            limit_value=PHONES / greeted,
            n=PHONES,
            note=f"all begin at once; p95 of one {percentile(took, 0.95) * 1000:.0f} ms",
        )


async def _all(
    asterisk: AsteriskUnderTest, agents: tuple[str, ...], step: Step
) -> tuple[float, list[float]]:
    """Seconds for all of them, and for each."""
    began = time.perf_counter()

    async def one(agent: str) -> float:
        await step(asterisk, agent)
        return time.perf_counter() - began

    took = await asyncio.wait_for(asyncio.gather(*map(one, agents)), WITHIN_S)
    return time.perf_counter() - began, list(took)


def _line(asterisk: AsteriskUnderTest) -> connect:
    url = f"ws://127.0.0.1:{asterisk.settings.http_port}/ws"
    return connect(url, subprotocols=[SIP], proxy=None)


async def _greet(asterisk: AsteriskUnderTest, agent: str) -> None:
    async with _line(asterisk) as line:
        await _ask(line, "OPTIONS", agent, 1)


async def _register(asterisk: AsteriskUnderTest, agent: str) -> None:
    """Ask, be challenged, prove the password, and be let in (RFC 3261, RFC 7616)."""
    async with _line(asterisk) as line:
        challenge = await _ask(line, "REGISTER", agent, 1)
        proof = _proof(challenge, agent, asterisk.sip_password(agent))
        answer = await _ask(line, "REGISTER", agent, 2, proof)
        if not answer.startswith("SIP/2.0 200"):
            raise MeasurementFailed(f"{agent}: {answer.splitlines()[0]}")


async def _ask(
    line: ClientConnection, method: str, agent: str, number: int, proof: str = ""
) -> str:
    await line.send(
        f"{method} sip:hotline SIP/2.0\r\n"
        f"Via: SIP/2.0/WS bench.invalid;branch=z9hG4bK{uuid.uuid4().hex}\r\n"
        f"From: <sip:{agent}@hotline>;tag={agent}\r\nTo: <sip:{agent}@hotline>\r\n"
        f"Call-ID: {agent}-{method}\r\nCSeq: {number} {method}\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:{agent}@bench.invalid;transport=ws>;expires=120\r\n"
        f"{proof}Content-Length: 0\r\n\r\n"
    )
    return str(await line.recv(decode=True))


def _proof(challenge: str, agent: str, password: str) -> str:
    told = dict(re.findall(r'(\w+)="?([^",\r\n]+)"?', challenge.split("Digest", 1)[1]))
    secret = _md5(f"{agent}:{told['realm']}:{password}")
    asked = _md5("REGISTER:sip:hotline")
    answer = _md5(f"{secret}:{told['nonce']}:00000001:bench:auth:{asked}")
    opaque = f', opaque="{told["opaque"]}"' if "opaque" in told else ""
    return (
        f'Authorization: Digest username="{agent}", realm="{told["realm"]}", '
        f'nonce="{told["nonce"]}", uri="sip:hotline", response="{answer}", algorithm=MD5, '
        f'cnonce="bench", qop=auth, nc=00000001{opaque}\r\n'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
