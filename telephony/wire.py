"""The manager protocol's bytes as messages; knows neither sockets nor what a header means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

MESSAGE_LIMIT = 1 << 20
BANNER = "Asterisk Call Manager/"


class Headers(dict[str, str]):
    """One message; a header that came several times keeps its first value, all are in `every`."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[tuple[str, str, str]] = ()) -> None:
        """Take (name, separator, value) in the order they came, as `str.partition` cuts them."""
        super().__init__({name: value for name, _, value in reversed(parts)})
        self._parts = parts

    def every(self, name: str) -> list[str]:
        """Return all values of a header in order; none give an empty list."""
        return [part[2] for part in self._parts if part[0] == name]


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
        name = block[7:100].partition(b"\n")[0]
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
        parts = [line.partition(": ") for line in text.split("\n")]
        if "" in [part[1] for part in parts]:
            parts = list(self._mended(parts))
        return Headers(parts)

    def _mended(self, parts: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
        for part in parts:
            # A header without the usual space after its colon came through the cut whole.
            mended = part if part[1] else part[0].partition(":")
            if mended[1]:
                yield mended
            elif not mended[0].startswith(BANNER):
                self.malformed_lines += 1
