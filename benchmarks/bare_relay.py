"""The least that can carry a ring to a page: one AMI reader, one text/event-stream, no more.

    python -m benchmarks.bare_relay AMI_PORT USER   (the secret on standard input)

Prints its own port. Each ring, and each telephone taken up, is sent with the moment at which
this process read it off the socket, so it is the clock of both streams as well as the limit;
`stamp` is the moment at which Asterisk told it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

RINGS = (b"Event: AgentCalled\r\n", b"Event: DialBegin\r\n")
STATE = b"Event: Newstate\r\n"
UP = b"ChannelState: 6\r\n"
PAGE = b"<!doctype html><meta charset=utf-8><title>relay</title>"


class Relay:
    """Everyone who listens hears every ring."""

    def __init__(self) -> None:
        self._listeners: list[asyncio.StreamWriter] = []

    async def follow(self, port: int, user: str, secret: str) -> None:
        """Sign in and pass rings on until the connection ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(f"Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\n\r\n".encode())
        while True:
            block = await reader.readuntil(b"\r\n\r\n")
            at = time.time()
            # The greeting stands before the first message, hence `in` and not startswith.
            if any(ring in block for ring in RINGS):
                self._tell("ring", block, at)
            elif STATE in block and UP in block:
                self._tell("up", block, at)

    def _tell(self, name: str, block: bytes, at: float) -> None:
        headers = dict(line.split(": ", 1) for line in block.decode().split("\r\n") if ": " in line)
        ring = {
            "event": headers["Event"],
            "call_id": headers.get("Linkedid") or headers.get("DestLinkedid", ""),
            "channel": headers.get("DestChannel") or headers.get("Channel", ""),
            "at": at * 1000,
            "stamp": float(headers["Timestamp"]) * 1000,
        }
        text = f"event: {name}\ndata: {json.dumps(ring)}\n\n".encode()
        self._listeners = [one for one in self._listeners if not one.is_closing()]
        for listener in self._listeners:
            listener.write(text)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The page at /, the stream at /rings."""
        request = await reader.readuntil(b"\r\n\r\n")
        if request.startswith(b"GET /rings"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n")
            self._listeners.append(writer)
            return
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(PAGE) + PAGE
        )
        await writer.drain()
        writer.close()


async def run(port: int, user: str, secret: str) -> None:
    """Serve until killed."""
    relay = Relay()
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await relay.follow(port, user, secret)


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), sys.argv[2], sys.stdin.readline().strip()))
