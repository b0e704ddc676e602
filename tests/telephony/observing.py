"""What telephones and recordings themselves tell of a call."""

from __future__ import annotations

import re
import wave
from datetime import datetime
from pathlib import Path

from telephony.asterisk.phones import SimulatedPhone
from tests.fixtures_hotline import until

WAV_HEADER = 44
_MESSAGE = re.compile(r"^-{20,} (\S+ \S+)\n(UDP message .*)\n\n([^\n]*)", re.MULTILINE)


def talk_by_sip(phone: SimulatedPhone) -> float:
    """Seconds from the receiver's lifting to its putting down, or the handing on of the citizen."""
    at: dict[str, datetime] = {}
    for moment, _, first in _MESSAGE.findall(phone.signalling.replace("\r", "")):
        seen = datetime.fromisoformat(moment)
        if first.startswith("ACK "):
            at.setdefault("up", seen)
        if first.startswith(("BYE ", "REFER ")):
            at.setdefault("down", seen)
    return (at["down"] - at["up"]).total_seconds()


def closed(file: Path) -> bool:
    """Whether Asterisk has closed the recording: only then its header tells its length."""
    try:
        with wave.open(str(file), "rb") as sound:
            told = sound.getnframes() * sound.getsampwidth() * sound.getnchannels()
    except (EOFError, wave.Error):
        return False
    return told > 0 and file.stat().st_size == WAV_HEADER + told


def recorded_s(file: Path) -> float:
    """Seconds of a recording, once it is closed: a moment after the call."""
    until(lambda: closed(file), why=lambda: f"{file.name} is still open")
    with wave.open(str(file), "rb") as sound:
        return sound.getnframes() / sound.getframerate()
