"""The manager protocol's bytes as messages; knows neither sockets nor what a header means."""

from __future__ import annotations

from collections.abc import Iterable

MESSAGE_LIMIT = 1 << 20


class Headers(dict[str, str]):
    """One message; a header that came several times keeps its first value here, all in `every`."""

    __slots__ = ("_repeated",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._repeated: dict[str, list[str]] = {}
        for name, value in pairs:
            self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """Take one more header line."""
        if name in self:
            self._repeated.setdefault(name, [self[name]]).append(value)
        else:
            self[name] = value

    def every(self, name: str) -> list[str]:
        """Return all values of a header in order; none give an empty list."""
        if name in self._repeated:
            return list(self._repeated[name])
        return [self[name]] if name in self else []


class WireReader:
    """Cuts a byte stream into messages, wherever the network cut it.

    A message is decoded only when it is whole, so a character divided between two reads is
    never lost. Bytes that are not UTF-8 become U+FFFD and are counted. Both CRLF and LF end
    a line. With `wanted`, other events are passed over unparsed unless they answer an action.
    """

    def __init__(self, wanted: frozenset[str] | None = None) -> None:
        self.bad_characters = 0
        self.malformed_lines = 0
        self.oversized = 0
        self.messages = 0
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        self._rest = b""

    def feed(self, data: bytes) -> list[Headers]:
        """Take the next bytes and return the messages they complete."""
        data = self._rest + data
        cut = len(data) - 1 if data.endswith(b"\r") else len(data)
        blocks = (data[:cut].replace(b"\r\n", b"\n")).split(b"\n\n")
        self._rest = blocks.pop() + data[cut:]
        if len(self._rest) > MESSAGE_LIMIT:
            self._rest = b""
            self.oversized += 1
        return self._parse_all(blocks)

    def close(self) -> list[Headers]:
        """Return the last message of a stream that ends without a blank line."""
        rest, self._rest = self._rest, b""
        return self._parse_all([rest.replace(b"\r\n", b"\n").rstrip(b"\r")])

    def _parse_all(self, blocks: list[bytes]) -> list[Headers]:
        messages = []
        for block in blocks:
            block = block.lstrip(b"\n")
            if block and not self._passed_over(block):
                message = self._parse(block)
                if message:
                    messages.append(message)
        return messages

    def _passed_over(self, block: bytes) -> bool:
        if self._wanted is None or not block.startswith(b"Event: "):
            return False
        name = block[7 : block.find(b"\n")]
        if name in self._wanted or b"\nActionID: " in block:
            return False
        self.messages += 1
        return True

    def _parse(self, block: bytes) -> Headers:
        self.messages += 1
        try:
            text = block.decode()
        except UnicodeDecodeError:
            text = block.decode(errors="replace")
            self.bad_characters += text.count("�")
        message = Headers()
        for line in text.split("\n"):
            name, colon, value = line.partition(":")
            if not colon or not name:
                self.malformed_lines += 1
            elif name in message:
                message.add(name, value.removeprefix(" "))
            else:
                message[name] = value.removeprefix(" ")
        return message
