"""The manager protocol's bytes as messages; knows neither sockets nor what a header means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import overload

MESSAGE_LIMIT = 1 << 20
BANNER = "Asterisk Call Manager/"


class Headers(Mapping[str, str]):
    """One message; a header that came several times gives its first value, all are in `every`.

    A header is looked for when it is asked for: of the twenty that an event carries a reader
    asks for a few, and cutting all of them apart would be most of the work.
    """

    __slots__ = ("_text", "event")

    def __init__(self, text: str) -> None:
        """Take the lines of one message, parted by newlines."""
        self._text = f"\n{text}\n"
        self.event: str | None
        """The event's name; None for what is no event. It stands first, so it is found at once."""
        if text.startswith("Event: "):
            self.event = self._text[8 : self._text.index("\n", 8)]
        else:
            self.event = self.get("Event")

    @overload  # type: ignore[override]  # only texts are asked for
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a header."""
        text = self._text
        start = text.find(f"\n{name}: ")
        if start < 0:
            values = self.every(name) if f"\n{name}:" in text else ()
            return values[0] if values else default
        start += len(name) + 3
        return text[start : text.index("\n", start)]

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return f"\n{name}:" in self._text

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self.pairs()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def every(self, name: str) -> list[str]:
        """Return all values of a header in order; none give an empty list."""
        return [value for found, value in self.pairs() if found == name]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every header in the order it came; lines that are none are passed over."""
        for line in self._text[1:-1].split("\n"):
            name, colon, value = line.partition(":")
            if colon and name:
                yield name, value.removeprefix(" ")

    def marked(self, name: str, mark: str) -> str | None:
        """Return what follows `mark` in the value of a header that begins with it."""
        sought = f"\n{name}: {mark}"
        text = self._text
        start = text.find(sought)
        if start < 0:
            return None
        start += len(sought)
        return text[start : text.index("\n", start)]


class WireReader:
    """Cuts a byte stream into messages, wherever the network cut it.

    Only whole messages are decoded, so a character divided between two reads is never lost.
    Bytes that are not UTF-8 become U+FFFD and are counted. Both CRLF and LF end a line. With
    `wanted`, other events are passed over unless they answer an action.
    """

    def __init__(self, wanted: frozenset[str] | None = None) -> None:
        self.bad_characters = 0
        self.malformed_lines = 0
        self.oversized = 0
        self.messages = 0
        self._wanted = wanted
        self._rest = b""

    def feed(self, data: bytes) -> list[Headers]:
        """Take the next bytes and return the messages they complete."""
        data = self._rest + data
        cut = len(data) - 1 if data.endswith(b"\r") else len(data)
        whole, blank, rest = data[:cut].replace(b"\r\n", b"\n").rpartition(b"\n\n")
        self._rest = rest + data[cut:]
        if len(self._rest) > MESSAGE_LIMIT:
            self._rest = b""
            self.oversized += 1
        return self._parse_all(whole) if blank else []

    def close(self) -> list[Headers]:
        """Return the last message of a stream that ends without a blank line."""
        rest, self._rest = self._rest, b""
        return self._parse_all(rest.replace(b"\r\n", b"\n").rstrip(b"\r"))

    def _parse_all(self, data: bytes) -> list[Headers]:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode(errors="replace")
            self.bad_characters += text.count("�")
        messages, wanted = [], self._wanted
        for block in text.split("\n\n"):
            if not block or block.startswith("\n"):
                block = block.lstrip("\n")
                if not block:
                    continue
            self.messages += 1
            if wanted is not None and self._passed_over(block, wanted):
                continue
            if block.count("\n") >= block.count(":") and not self._has_headers(block):
                continue
            messages.append(Headers(block))
        return messages

    @staticmethod
    def _passed_over(block: str, wanted: frozenset[str]) -> bool:
        if not block.startswith("Event: "):
            return False
        end = block.find("\n", 7)
        name = block[7:end] if end > 0 else block[7:]
        return name not in wanted and "\nActionID: " not in block

    def _has_headers(self, block: str) -> bool:
        """Count the lines that are no header; say whether any other is there."""
        lines = block.split("\n")
        bad = [line for line in lines if ":" not in line]
        self.malformed_lines += sum(1 for line in bad if not line.startswith(BANNER))
        return len(bad) < len(lines)
