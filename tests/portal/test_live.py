"""Live events over a real server: who hears of what, coming back, and going down."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2 as httpx
import pytest
import uvicorn

from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.service import assignment, intake
from portal.auth import SESSION_COOKIE
from portal.live import QUEUE_LENGTH, Connection, Message
from tests.portal.town import MONDAY, Town

PATIENCE_S = 30
"""Not a measure of speed, which the benchmarks take: how long until it will never come."""

HELD_BACK_S = 60
"""How long a server would wait for streams that do not end by themselves."""


class Server(uvicorn.Server):
    """The server as `hotline serve` runs it: streams end before connections are waited for."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first."""
        self.config.app.state.live.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)


@dataclass
class Site:
    """The town behind a real socket."""

    town: Town
    url: str
    server: Server
    thread: threading.Thread

    def stop(self) -> float:
        """Ask the server to go; return how many seconds it took."""
        started = time.monotonic()
        self.server.should_exit = True
        self.thread.join(HELD_BACK_S)
        assert not self.thread.is_alive()
        return time.monotonic() - started


@pytest.fixture
def site(town: Town) -> Iterator[Site]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(town.app, log_config=None, timeout_graceful_shutdown=HELD_BACK_S)
    server = Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    running = Site(town, f"http://127.0.0.1:{listener.getsockname()[1]}", server, thread)
    yield running
    if thread.is_alive():
        running.stop()


@dataclass
class Listener:
    """A page that listens and remembers."""

    site: Site
    login: str
    last_id: str | None = None
    heard: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    _open: threading.Event = field(default_factory=threading.Event)
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE_S))

    def __enter__(self) -> Listener:
        token = self.site.town.session(self.login).token
        self._client.cookies.set(SESSION_COOKIE, token)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self._open.wait(PATIENCE_S)
        return self

    def _listen(self) -> None:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        event, data = "", ""
        with (
            self._client,
            self._client.stream("GET", f"{self.site.url}/live", headers=headers) as stream,
        ):
            for line in stream.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "id":
                    self.last_id = value
                elif name == "data":
                    data = value
                elif not line and data:
                    # Heard when it is whole: its id comes after what it says.
                    self.heard.append((event, json.loads(data)))
                    self._open.set()
                    data = ""

    def __exit__(self, *_: object) -> None:
        """The stream ends with the server."""

    def wait_for(self, event: str, seconds: float = PATIENCE_S) -> dict[str, object]:
        """The data of the first such event."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name, data in self.heard:
                if name == event:
                    return data
            time.sleep(0.01)
        raise AssertionError(f"{self.login} never heard {event}: {self.heard}")

    def wait_for_count(self, event: str, count: int, seconds: float = PATIENCE_S) -> None:
        """Wait until so many of these events were heard."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.events().count(event) < count:
            time.sleep(0.01)
        assert self.events().count(event) == count

    def events(self) -> list[str]:
        """The names heard, without the greeting."""
        return [name for name, _ in self.heard if name != "hello"]


def ring(town: Town, extension: str, call_id: str = "hot1-1") -> None:
    """Let a call ring at an extension."""
    call = CallRecord(
        call_id=call_id,
        direction=Direction.INBOUND,
        started_at=MONDAY,
        caller="13812345678",
        line="12345",
        ringing=extension,
        queued_at=MONDAY,
    )
    with town.database.work() as session:
        intake.record_call(session, call, now=MONDAY)


def test_a_ringing_call_reaches_its_agent_and_the_supervisors_only(site: Site) -> None:
    with (
        Listener(site, "wang") as wang,
        Listener(site, "zhao") as zhao,
        Listener(site, "ban") as ban,
        Listener(site, "chengguan") as unit,
    ):
        ring(site.town, "8001")
        data = wang.wait_for("call_ringing")
        assert (data["extension"], data["call_id"]) == ("8001", "hot1-1")
        assert "138" not in json.dumps(data)
        ban.wait_for("call_ringing")
        ring(site.town, "8002", "hot1-2")
        zhao.wait_for("call_ringing")
        assert "call_ringing" not in unit.events()
        assert [d["extension"] for e, d in zhao.heard if e == "call_ringing"] == ["8002"]


def test_a_ticket_is_told_to_those_who_may_read_it(site: Site) -> None:
    number = site.town.ticket()
    secret = site.town.ticket(login="zhao", confidential=True)
    with (
        Listener(site, "chengguan") as own,
        Listener(site, "zhujian") as other,
        Listener(site, "wang") as agent,
        Listener(site, "zhao") as taker,
    ):
        actor = site.town.actor("li")
        for ticket in (number, secret):
            with site.town.database.work() as session:
                assignment.dispatch(
                    session, actor, ticket, "CG", site.town.app.state.context.rules, now=MONDAY
                )
        data = own.wait_for("ticket")
        assert data == {"number": number, "kind": "TicketDispatched", "status": "dispatched"}
        own.wait_for("badge")
        agent.wait_for("ticket")
        for page in (own, taker):
            page.wait_for_count("ticket", 2)
            assert [d["number"] for e, d in page.heard if e == "ticket"] == [number, secret]
        assert [d["number"] for e, d in agent.heard if e == "ticket"] == [number]
        assert other.events() == []


def test_a_page_that_comes_back_hears_what_it_missed(site: Site) -> None:
    with Listener(site, "wang") as first:
        ring(site.town, "8001")
        first.wait_for("call_ringing")
        last = first.last_id
    answered = CallRecord(
        call_id="hot1-1",
        direction=Direction.INBOUND,
        started_at=MONDAY,
        agent="8001",
        answered_at=MONDAY + timedelta(seconds=3),
        ended_at=MONDAY + timedelta(seconds=30),
        outcome=CallOutcome.ANSWERED,
    )
    with site.town.database.work() as session:
        intake.record_call(session, answered, now=MONDAY)
    with Listener(site, "wang", last_id=last) as again:
        again.wait_for("call_ended")
        assert again.events()[:2] == ["call_answered", "call_ended"]


def test_open_streams_do_not_hold_the_server_back(site: Site) -> None:
    with Listener(site, "wang"), Listener(site, "ban"):
        assert site.stop() < HELD_BACK_S / 2


def test_many_pages_listen_at_once_without_a_thread_each(site: Site) -> None:
    token = site.town.session("wang").token
    before = threading.active_count()

    async def listen_together(count: int) -> int:
        limits = httpx.Limits(max_connections=count)
        async with httpx.AsyncClient(timeout=PATIENCE_S, limits=limits) as client:
            client.cookies.set(SESSION_COOKIE, token)
            ready = asyncio.Semaphore(0)

            async def one() -> int:
                async with client.stream("GET", f"{site.url}/live") as stream:
                    async for line in stream.aiter_lines():
                        if line.startswith("event: hello"):
                            ready.release()
                        if line.startswith("event: call_ringing"):
                            return 1
                return 0

            tasks = [asyncio.create_task(one()) for _ in range(count)]
            for _ in range(count):
                await ready.acquire()
            await asyncio.to_thread(ring, site.town, "8001")
            return sum(await asyncio.gather(*tasks))

    assert asyncio.run(listen_together(150)) == 150
    # The thread pool of the sign-in checks, and no more than that.
    assert threading.active_count() - before < 60


def test_nobody_listens_without_signing_in(site: Site) -> None:
    answer = httpx.get(f"{site.url}/live", headers={"accept": "text/event-stream"})
    assert answer.status_code == 401


def test_a_page_that_cannot_follow_is_told_to_read_afresh(town: Town) -> None:
    async def overflow() -> list[str]:
        connection = Connection(town.actor("wang"), asyncio.get_running_loop())
        for i in range(QUEUE_LENGTH + 5):
            connection.put([Message("ticket", {}, i)])
        await asyncio.sleep(0.05)
        return [connection.queue.get_nowait().event for _ in range(connection.queue.qsize())]  # type: ignore[union-attr]

    told = asyncio.run(overflow())
    assert told[0] == "resync"
    assert len(told) < QUEUE_LENGTH
