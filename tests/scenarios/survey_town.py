"""A town of telephones that follow-up calls reach: one SIPp signals for all, one thread speaks.

Each number has its own telephone, which presses its keys as a person does: when the voice has
stopped. SIPp's log says which number was rung how often, and each telephone what was pressed.
"""

from __future__ import annotations

import selectors
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from telephony.asterisk.media import KEY_EVENTS, PCMA, SILENCE, TELEPHONE_EVENT
from telephony.asterisk.phones import HANG_UP
from tests.fixtures_asterisk import AsteriskUnderTest

SCENARIO = Path(__file__).parent / "sipp" / "town.xml"
FRAME_S = 0.02
QUIET_S = 0.6
"""The voice has stopped when nothing came for so long; its pauses between two prompts are none."""
HEARD = 5
"""Packets that make a prompt."""
KEY_PACKETS, KEY_ENDS = 8, 3


class Does(IntEnum):
    """What the telephone of a number does; the digit after 139."""

    ANSWER = 0
    BUSY = 1
    DECLINE = 2
    UNKNOWN = 3
    """No such number."""
    AWAY = 4
    """Rings until the caller gives up."""
    SHORT = 5
    """Takes the call and hangs up at once."""


@dataclass(frozen=True)
class Habit:
    """What somebody does when rung; who `hangs_up` does so at the prompt after the last key."""

    does: Does = Does.ANSWER
    keys: str = ""
    hangs_up: bool = False


@dataclass
class Telephone:
    """One number's telephone, how often it rang, and the keys pressed in each call it took."""

    number: str
    habit: Habit
    socket: socket.socket
    rung: list[str] = field(default_factory=list)
    """The ids of its calls, as SIPp counts them: no repeats of an INVITE."""
    pressed: list[str] = field(default_factory=list)
    _off_hook: bool = False
    _peer: tuple[str, int] | None = None
    _left: str = ""
    _heard: int = 0
    _heard_at: float = 0.0
    _sequence: int = 0
    _timestamp: int = 0
    _event: list[tuple[bytes, int]] = field(default_factory=list)

    def begin(self, call_id: str) -> None:
        """It rings."""
        self.rung.append(call_id)
        self._off_hook, self._peer = True, None
        self._left, self._heard, self._event = self.habit.keys, 0, []

    def over(self, call_id: str) -> None:
        """The call is over: what is said from now on would be heard in somebody else's."""
        if call_id == self.rung[-1]:
            self._off_hook, self._peer = False, None

    def hear(self, sender: tuple[str, int], now: float) -> None:
        """Take a packet of sound; a last one of a call that is over is nobody to talk to."""
        if not self._off_hook:
            return
        if self._peer is None:
            self._peer = sender
            self.pressed.append("")
        self._heard += 1
        self._heard_at = now

    def speak(self, now: float) -> bool:
        """Send the next 20 ms; True when it is time to hang up."""
        if self._peer is None:
            return False
        quiet = now - self._heard_at > QUIET_S
        if not self._event and self._left and self._heard >= HEARD and quiet:
            key, self._left = self._left[0], self._left[1:]
            self.pressed[-1] += key
            self._heard = 0
            self._event = _key(key, self._timestamp)
        if self._event:
            payload, stamp = self._event.pop(0)
            self._send(TELEPHONE_EVENT, payload, stamp)
        else:
            self._send(PCMA, SILENCE, self._timestamp)
        self._timestamp += len(SILENCE)
        said_all = bool(self.habit.keys) and not self._left and not self._event
        return self.habit.hangs_up and said_all and self._heard >= HEARD

    def _send(self, kind: int, payload: bytes, stamp: int) -> None:
        self._sequence += 1
        source = int(self.number[-5:])
        head = struct.pack("!BBHII", 0x80, kind, self._sequence & 0xFFFF, stamp, source)
        if self._peer is None:
            return
        try:
            self.socket.sendto(head + payload, self._peer)
        except OSError:
            self._peer = None  # the other side is no more


def _key(key: str, stamp: int) -> list[tuple[bytes, int]]:
    """The packets of one key (RFC 4733)."""
    packets = []
    for number in range(KEY_PACKETS + KEY_ENDS):
        lasted = len(SILENCE) * min(number + 1, KEY_PACKETS)
        volume = 10 | (0x80 if number >= KEY_PACKETS else 0)
        packets.append((struct.pack("!BBH", KEY_EVENTS[key], volume, lasted), stamp))
    return packets


class Town:
    """All telephones of a town; the numbers come in the order of the habits."""

    def __init__(self, address: tuple[str, int], habits: Iterable[Habit]) -> None:
        self._address = address
        self.folder = Path(tempfile.mkdtemp(prefix="town-"))
        self.most_at_once = 0
        """The greatest number of calls that rang or were talked in at one moment."""
        self.began: list[float] = []
        """When each call began to ring, in seconds of the monotonic clock."""
        self.ended: list[float] = []
        """When each call was over, likewise."""
        self._under_way: set[str] = set()
        self._log, self._read = self.folder / "calls.log", 0
        self._selector = selectors.DefaultSelector()
        self.telephones: dict[str, Telephone] = {}
        for habit in habits:
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind((address[0], 0))
            one.setblocking(False)
            number = f"139{habit.does:d}{len(self.telephones) % 100:02d}{one.getsockname()[1]:05d}"
            telephone = Telephone(number, habit, one)
            self.telephones[number] = telephone
            self._selector.register(one, selectors.EVENT_READ, telephone)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="town", daemon=True)
        self._thread.start()

    def rung(self) -> Counter[str]:
        """How often each number was rung."""
        return Counter({one.number: len(one.rung) for one in self.telephones.values()})

    def close(self) -> None:
        """Put all receivers down for good."""
        self._stopping.set()
        self._thread.join()
        self._selector.close()
        for telephone in self.telephones.values():
            telephone.socket.close()

    def _follow(self) -> None:
        """Read on in SIPp's log: whose telephone rings, whose call is over."""
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._read)
            lines, _, _ = log.read().rpartition(b"\n")
        self._read += len(lines) + 1 if lines else 0
        under_way = self._under_way
        for line in lines.decode().splitlines():
            word, number, call_id = line.split()
            telephone = self.telephones[number]
            if word == "rung":
                telephone.begin(call_id)
                under_way.add(call_id)
                self.began.append(time.monotonic())
                self.most_at_once = max(self.most_at_once, len(under_way))
            elif call_id in under_way:
                telephone.over(call_id)
                under_way.remove(call_id)
                self.ended.append(time.monotonic())

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            due += FRAME_S
            # At least once a frame: who is behind must not become deaf.
            left = 0.0
            while left >= 0:
                for key, _ in self._selector.select(max(0.0, due - time.monotonic())):
                    self._receive(key.data)
                left = due - time.monotonic()
            self._follow()
            now = time.monotonic()
            due = max(due, now - 1)
            for telephone in self.telephones.values():
                if telephone.speak(now):
                    self._hang_up(telephone)

    def _receive(self, telephone: Telephone) -> None:
        while True:
            try:
                packet, sender = telephone.socket.recvfrom(2048)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # an ICMP refusal of something said after the end
            if len(packet) > 12 and packet[1] & 0x7F == PCMA:
                telephone.hear(sender, time.monotonic())

    def _hang_up(self, telephone: Telephone) -> None:
        host, port = self._address
        call_id = telephone.rung[-1]
        word = HANG_UP.format(call_id=call_id, host=host, port=port)
        telephone.socket.sendto(word.encode(), self._address)
        telephone.over(call_id)


@contextmanager
def town(asterisk: AsteriskUnderTest, habits: Iterable[Habit]) -> Iterator[Town]:
    """Telephones for everybody behind this Asterisk's trunk."""
    host, _, port = asterisk.settings.trunk_contact.rpartition(":")
    made = Town((host, int(port)), habits)
    (made.folder / "town.xml").write_text(SCENARIO.read_text("utf-8"), encoding="utf-8")
    command = [
        *asterisk.sipp.command,
        *("-sf", "town.xml", "-i", host, "-p", port, "-nostdin"),
        *("-trace_logs", "-log_file", "calls.log", "-trace_err", "-error_file", "errors.log"),
    ]
    with (made.folder / "stderr").open("wb") as errors:
        sipp = subprocess.Popen(
            command,
            cwd=made.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        yield made
    finally:
        sipp.kill()
        sipp.wait()
        made.close()
        shutil.rmtree(made.folder)
