"""A hall of agents at desk telephones, and the streams of events their pages listen to."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
import urllib.parse
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from benchmarks.lines import MeasurementFailed
from benchmarks.workshop import module
from dispatch.domain.vocabulary import Role
from dispatch.service import accounts
from hotline.bootstrap import open_database
from hotline.settings import Settings
from portal.auth import SESSION_COOKIE, hash_password
from tests.fixtures_asterisk import free_port
from tests.fixtures_hotline import HotlineUnderTest

CENTRE = "REXIAN"
STREAM_WITHIN_S = 10.0


@dataclass(frozen=True)
class Person:
    """Somebody signed in; agents have an extension and a desk telephone."""

    token: str
    csrf: str
    extension: str
    phone: str = ""


@dataclass(frozen=True)
class Heard:
    """One event of a stream; `at` is milliseconds since the epoch."""

    event: str
    data: dict[str, Any]
    at: float


def telephones(count: int) -> dict[str, str]:
    """So many desk telephones, all at one address."""
    address = f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    return {str(9100 + number): address for number in range(count)}


def staff(hotline: HotlineUnderTest, now: datetime) -> tuple[list[Person], Person]:
    """An agent for each desk telephone, and a supervisor; all of them signed in."""
    phones = list(hotline.asterisk.settings.desk_phones)
    database = open_database(Settings(data_dir=hotline.folder))
    password = hash_password("nobody signs in with this")
    people = []
    with database.work() as session:
        for number, phone in enumerate([*phones, ""]):
            role = Role.AGENT if phone else Role.SUPERVISOR
            extension = str(8500 + number)
            staff_id = accounts.create_staff(
                session,
                login=f"hall{number}",
                name=f"话务员{number}",
                role=role,
                password_hash=password,
                department=CENTRE,
                extension=extension,
            )
            opened = accounts.start_session(session, staff_id, now=now)
            people.append(Person(opened.token, opened.csrf, extension, phone))
    database.dispose()
    return people[:-1], people[-1]


def be_ready(hotline: HotlineUnderTest, agents: Sequence[Person]) -> None:
    """Each chooses his telephone and becomes ready, as his page would ask for it."""
    line = http.client.HTTPConnection("127.0.0.1", hotline.port, timeout=30)
    for agent in agents:
        _press(line, agent, "/agent/device", number=agent.phone)
        _press(line, agent, "/agent/seat", state="ready")
    line.close()


def _press(line: http.client.HTTPConnection, person: Person, path: str, **typed: str) -> None:
    headers = {
        "Cookie": f"{SESSION_COOKIE}={person.token}",
        "X-CSRF-Token": person.csrf,
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    line.request("POST", path, urllib.parse.urlencode(typed), headers)
    answer = line.getresponse()
    text = answer.read().decode()
    if answer.status != http.client.OK or json.loads(text).get("message"):
        raise MeasurementFailed(f"{path}: {answer.status} {text[:200]}")


@contextmanager
def relay(hotline: HotlineUnderTest) -> Iterator[int]:
    """The port of the shortest way there is, beside this hotline."""
    settings = hotline.asterisk.settings
    arguments = (str(settings.ami_port), "hotline-events")
    secret = settings.secrets.ami_events
    with module("benchmarks.bare_relay", *arguments, first=secret) as child:
        yield int(child.first_line)


@dataclass
class Stream:
    """One open stream of server-sent events and all it told so far."""

    heard: list[Heard] = field(default_factory=list)

    async def follow(self, reader: asyncio.StreamReader) -> None:
        """Until the other side ends it. Lines that say how long a chunk is are passed over."""
        event = ""
        while line := await reader.readline():
            if line.startswith(b"event: "):
                event = line[7:].decode().strip()
            elif line.startswith(b"data: "):
                self.heard.append(Heard(event, json.loads(line[6:]), time.time() * 1000))


@asynccontextmanager
async def listening(port: int, path: str, people: Sequence[Person]) -> AsyncIterator[list[Stream]]:
    """The stream at `path` of each of these people."""
    streams: list[Stream] = []
    writers: list[asyncio.StreamWriter] = []
    following: list[asyncio.Task[None]] = []
    try:
        for person in people:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Cookie: {SESSION_COOKIE}={person.token}\r\n\r\n".encode()
            )
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), STREAM_WITHIN_S)
            if b" 200 " not in head.splitlines()[0]:
                raise MeasurementFailed(f"{path}: {head[:80]!r}")
            streams.append(Stream())
            following.append(asyncio.create_task(streams[-1].follow(reader)))
        yield streams
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        for writer in writers:
            writer.close()
