"""A scripted manager interface: says what a test tells it to, byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType

BANNER = b"Asterisk Call Manager/12.0.0\r\n"
READY = "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 100\r\nStatus: Fully Booted\r\n\r\n"
Action = dict[str, str]
Answer = Callable[["FakeAmi", Action], str | None]


def accept(_: FakeAmi, action: Action) -> str:
    """Answer Success to anything."""
    return f"Response: Success\r\nActionID: {action['ActionID']}\r\nMessage: fine\r\n\r\n"


def silence(_: FakeAmi, __: Action) -> None:
    """Answer nothing, as a frozen Asterisk does."""


class FakeAmi:
    """Listens on a free port; `answers` maps an action's name to what is said to it."""

    def __init__(self) -> None:
        self.port = 0
        self.password = "right"
        self.logins = 0
        self.actions: list[Action] = []
        self.answers: dict[str, Answer] = {}
        self.raw = b""
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> FakeAmi:
        await self.listen()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self.stop()

    async def listen(self) -> None:
        """Open the port, the same one again after `stop`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and cut every connection."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """Cut every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def say(self, data: bytes | str) -> None:
        """Send to the newest connection."""
        self._writers[-1].write(data.encode() if isinstance(data, str) else data)

    def named(self, name: str) -> list[Action]:
        """All actions of a name received so far."""
        return [action for action in self.actions if action["Action"] == name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(BANNER)
        async for action in _actions(reader, self):
            self.actions.append(action)
            answer = self.answers.get(action["Action"])
            if answer is None and action["Action"] == "Login":
                answer = _log_in
            said = (answer or accept)(self, action)
            if said is not None and not writer.is_closing():
                writer.write(said.encode())
        writer.close()


def _log_in(server: FakeAmi, action: Action) -> str:
    server.logins += 1
    if action["Secret"] != server.password:
        return f"Response: Error\r\nActionID: {action['ActionID']}\r\nMessage: no\r\n\r\n"
    return accept(server, action) + READY


async def _actions(reader: asyncio.StreamReader, server: FakeAmi) -> AsyncIterator[Action]:
    while True:
        try:
            block = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        server.raw += block
        lines = block.decode().strip().split("\r\n")
        yield dict(line.split(": ", 1) for line in lines if ": " in line)


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # conditions of all kinds
            await asyncio.sleep(0.005)
