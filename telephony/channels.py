"""What a channel's name tells: the endpoint behind it and, for an agent's phone, its extension."""

from __future__ import annotations

import re

_INSTANCE = re.compile(r"-[0-9a-fA-F]{8,}(?:;[12])?$|;[12]$")
_EXTENSION = re.compile(r"\d{2,6}")
_NUMBER = re.compile(r"\+?\d+")
_UNIQUE_ID = re.compile(r"(?:^(.*)-|^)(\d{9,11})\.\d+$")


def endpoint_of(channel: str) -> str:
    """Return the endpoint of a channel or interface: `PJSIP/8001-0000000d` gives `8001`."""
    _, _, rest = channel.partition("/")
    return _INSTANCE.sub("", rest).partition("@")[0]


_LINES = ("PJSIP/", "SIP/", "IAX2/", "DAHDI/", "OOH323/", "mISDN/", "Khomp/")


def is_line(channel: str) -> bool:
    """Say whether the channel is a real line to somebody, not a helper inside the system."""
    return channel.startswith(_LINES)


def is_local(channel: str) -> bool:
    """Say whether the channel is a proxy inside the telephone system."""
    return channel.startswith("Local/")


def extension_of(channel: str) -> str | None:
    """Return the extension of an agent's phone; None for a trunk or a proxy.

    Agents' endpoints are named by their extension, two to six digits; trunks are not.
    """
    if is_local(channel) or "/" not in channel:
        return None
    endpoint = endpoint_of(channel)
    return endpoint if _EXTENSION.fullmatch(endpoint) else None


def number_in(dial_string: str) -> str | None:
    """Return the number dialled in `PJSIP/136…@trunk`, `136…@trunk` or `trunk/sip:136…@host`."""
    for part in reversed(dial_string.split("/")):
        number = part.removeprefix("sip:").partition("@")[0]
        if _NUMBER.fullmatch(number):
            return number
    return None


def begun_at(unique_id: str) -> int | None:
    """Return the second (Unix time) the channel began, as its unique id tells, if it does."""
    found = _UNIQUE_ID.search(unique_id)
    return int(found.group(2)) if found else None


def node_of(unique_id: str) -> str | None:
    """Return the name of the telephone system that gave the id; None for an id of our own."""
    found = _UNIQUE_ID.search(unique_id)
    return found.group(1) if found else None


CALLING_BACK = "cb-"
"""How the unique ids of call-backs begin: the citizen who picks up waits for an agent."""
