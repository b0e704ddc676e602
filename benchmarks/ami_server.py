"""A manager interface that signs anybody in and tells a file as fast as it is read.

    python -m benchmarks.ami_server FILE

Prints its port. It answers actions at once and starts the stream to the newest client when a line
comes on standard input: so both ends are known to be ready before the clock runs.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

READY = "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 100\r\nStatus: Fully Booted\r\n\r\n"
CHANNELS = (
    "Event: CoreShowChannelsComplete\r\nActionID: {id}\r\n"
    "EventList: Complete\r\nListItems: 0\r\n\r\n"
)


class Server:
    """One client at a time is enough."""

    def __init__(self, stream: bytes) -> None:
        self._stream = stream
        self._client: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what is asked."""
        self._client = writer
        writer.write(b"Asterisk Call Manager/12.0.0\r\n")
        while True:
            try:
                asked = (await reader.readuntil(b"\r\n\r\n")).decode()
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            action = dict(line.split(": ", 1) for line in asked.split("\r\n") if ": " in line)
            writer.write(self._answer(action.get("Action", "").lower(), action).encode())

    def _answer(self, name: str, action: dict[str, str]) -> str:
        identity = action.get("ActionID", "")
        listed = "EventList: start\r\n" if name == "coreshowchannels" else ""
        answer = f"Response: Success\r\nActionID: {identity}\r\n{listed}Message: fine\r\n\r\n"
        if name == "login":
            return answer + READY
        return answer + (CHANNELS.format(id=identity) if listed else "")

    async def tell(self) -> None:
        """Send the stream once for each line of standard input."""
        while await asyncio.to_thread(sys.stdin.readline):
            if self._client is not None:
                self._client.write(self._stream)
                await self._client.drain()


async def run(stream: bytes) -> None:
    """Serve until standard input ends."""
    server = Server(stream)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await server.tell()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]).read_bytes()))
