"""Values of headers and channel variables, in the ways the telephone system writes them."""

from __future__ import annotations

from telephony.wire import Headers


def known(value: str | None) -> str | None:
    """Return the value, or None for the ways the system writes that it has none."""
    return None if value in (None, "", "<unknown>", "anonymous", "Anonymous") else value


def variable(headers: Headers, name: str, of: str = "") -> str | None:
    """Return a channel variable the event carries; `of` is the prefix of the channel's headers."""
    return known(headers.marked(f"{of}ChanVariable", f"{name}="))


def whole(value: str | None) -> int | None:
    """Return the number, or None for what is none."""
    return int(value) if value is not None and value.isdecimal() else None
