"""A busy hour of manager events, made from one recorded call by giving it new names and times."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

RECORDED = Path(__file__).with_name("one_call.ami")
CALLER, AGENT = "12900000001", "9001"
AGENTS = 8
SPACING_S = 1.0
"""Calls begin so far apart, so that about five run at a time."""

_STAMP = re.compile(r"(?m)^Timestamp: (\d+\.\d+)")
_LEG = re.compile(r"\b(\d{10})\.(\d{1,4})\b")
_CHANNEL = re.compile(r"(PJSIP/[\w]+)-([0-9a-f]{8})")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_AGENT = re.compile(rf"\b{AGENT}\b")


def one_call(path: Path = RECORDED) -> list[str]:
    """The messages of the recorded call, without greeting and sign-in."""
    text = path.read_bytes().decode()
    return [block for block in text.split("\r\n\r\n") if _STAMP.search(block)]


def traffic(calls: int, path: Path = RECORDED) -> bytes:
    """So many calls one after the other, overlapping, as Asterisk would tell them."""
    recorded = one_call(path)
    told = [
        (_time_of(block), number, block)
        for number in range(calls)
        for block in (_renamed(block, number) for block in recorded)
    ]
    told.sort(key=lambda item: item[:2])
    return "".join(f"{block}\r\n\r\n" for _, _, block in told).encode()


def _time_of(block: str) -> float:
    stamp = _STAMP.search(block)
    assert stamp is not None
    return float(stamp[1])


def _renamed(block: str, number: int) -> str:
    """The same message in the call of this number."""
    later = number * SPACING_S
    block = _STAMP.sub(lambda m: f"Timestamp: {float(m[1]) + later:.6f}", block)
    block = _LEG.sub(lambda m: f"{int(m[1]) + int(later)}.{int(m[2]) + number * 10}", block)
    block = _CHANNEL.sub(lambda m: f"{m[1]}-{int(m[2], 16) + number * 4:08x}", block)
    block = _UUID.sub(lambda m: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{m[0]}{number}")), block)
    block = _AGENT.sub(str(8001 + number % AGENTS), block)
    return block.replace(CALLER, f"129{number:08d}")
