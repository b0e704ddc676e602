"""The voice of a simulated telephone: RTP out and in, keys, and counts. Needs no root.

SIPp does the signalling; its own audio replay wants raw sockets, so the sound is ours: G.711 A-law
(RFC 3551) every 20 ms and keys as telephone events (RFC 4733).
"""

import secrets
import socket
import struct
import threading
import time
import wave
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path

from telephony.asterisk.errors import CallFailed

FRAME_S = 0.02
FRAME_BYTES = 160
SILENCE = b"\xd5" * FRAME_BYTES
PCMA, TELEPHONE_EVENT = 8, 101
KEY_FRAMES, KEY_END_FRAMES = 8, 3
KEY_EVENTS = {key: code for code, key in enumerate("0123456789*#")}
GAP_BETWEEN_REPEATS_S = 2.0
QUIET_S = 0.4
MIN_PROMPT_PACKETS = 5


class MediaEndpoint:
    """One telephone's sound on a UDP port of `address`; a context manager with its own thread.

    Learns where to send from the first packet it gets. `audio` (A-law) is repeated with pauses.
    Each of `keys` is pressed when the line has fallen quiet after a prompt, as a person does.
    """

    def __init__(self, address: str, *, audio: bytes = b"", keys: str = "") -> None:
        _check_keys(keys)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self.sent_packets = 0
        self.received_packets = 0
        self.loud_packets = 0
        """Received packets that carry more than silence."""
        self.keys_pressed = ""
        self.hung_up: Callable[[], bool] = lambda: False
        """Whether the telephone is down: what it said from then on would be taken for the voice of
        the next call that the other side has on that port."""
        self._frames = _frames(audio)
        self._keys = deque(keys)
        self._pressed_now: deque[str] = deque()
        self._heard_since_key = 0
        self._last_heard_at = 0.0
        self._peer: tuple[str, int] | None = None
        self._key_timestamp = 0
        self._sequence = secrets.randbelow(1 << 15)
        self._timestamp = secrets.randbelow(1 << 31)
        self._source = secrets.randbelow(1 << 32)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"rtp-{self.port}", daemon=True)
        self._thread.start()

    def __enter__(self) -> "MediaEndpoint":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def press(self, keys: str) -> None:
        """Press the keys now, one after the other, whatever is heard; raises CallFailed."""
        _check_keys(keys)
        self._pressed_now.extend(keys)

    def number_from(self, sequence: int) -> None:
        """Number the packets sent from now on from this one; telephones begin anywhere."""
        self._sequence = sequence & 0xFFFF

    def close(self) -> None:
        """End the thread and free the port."""
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        due = time.monotonic()
        key_packets: deque[tuple[bytes, bool]] = deque()
        while not self._stopping.is_set():
            self._receive()
            if self._peer is not None and not self.hung_up():
                if not key_packets and self._pressed_now:
                    key_packets = self._press(self._pressed_now.popleft())
                elif not key_packets and self._may_press():
                    key_packets = self._press(self._keys.popleft())
                if key_packets:
                    payload, first = key_packets.popleft()
                    self._send(TELEPHONE_EVENT, payload, self._key_timestamp, marker=first)
                else:
                    self._send(PCMA, self._next_frame(), self._timestamp)
                self._timestamp += FRAME_BYTES
            due += FRAME_S
            time.sleep(max(0.0, due - time.monotonic()))

    def _receive(self) -> None:
        while True:
            try:
                packet, sender = self._socket.recvfrom(2048)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # an ICMP refusal of something we sent after the other side hung up
            if len(packet) < 12 or packet[1] & 0x7F != PCMA:
                continue
            self._peer = sender
            self.received_packets += 1
            self._heard_since_key += 1
            self._last_heard_at = time.monotonic()
            # A-law inverts even bits: the two quietest steps of either sign are 0x55 and 0xD5.
            if any(byte & 0x7F not in (0x54, 0x55, 0x56, 0x57) for byte in packet[12:]):
                self.loud_packets += 1

    def _may_press(self) -> bool:
        quiet_s = time.monotonic() - self._last_heard_at
        return bool(self._keys) and self._heard_since_key > MIN_PROMPT_PACKETS and quiet_s > QUIET_S

    def _press(self, key: str) -> deque[tuple[bytes, bool]]:
        self.keys_pressed += key
        self._heard_since_key = 0
        self._key_timestamp = self._timestamp
        packets: deque[tuple[bytes, bool]] = deque()
        for number in range(KEY_FRAMES + KEY_END_FRAMES):
            ended = number >= KEY_FRAMES
            duration = FRAME_BYTES * min(number + 1, KEY_FRAMES)
            volume = 10 | (0x80 if ended else 0)
            packets.append((struct.pack("!BBH", KEY_EVENTS[key], volume, duration), number == 0))
        return packets

    def _next_frame(self) -> bytes:
        if not self._frames:
            return SILENCE
        self._frames.rotate(-1)
        return self._frames[-1]

    def _send(self, kind: int, payload: bytes, timestamp: int, *, marker: bool = False) -> None:
        header = struct.pack(
            "!BBHII",
            0x80,
            kind | (0x80 if marker else 0),
            self._sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            self._source,
        )
        self._sequence += 1
        assert self._peer is not None
        try:
            self._socket.sendto(header + payload, self._peer)
        except OSError:
            return  # the other side is gone; signalling will say so
        self.sent_packets += 1


def read_alaw(path: Path) -> bytes:
    """A-law samples of a .alaw file, or of an 8 kHz mono 16-bit .wav; raises CallFailed."""
    if path.suffix == ".alaw":
        return path.read_bytes()
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            samples = file.readframes(file.getnframes())
    except (OSError, wave.Error, EOFError) as error:
        raise CallFailed(f"声音文件 {path} 无法读取：{error}") from error
    if shape != (1, 2, 8000):
        raise CallFailed(f"声音文件 {path} 须为 8 kHz、单声道、16 位的 wav")
    table = _alaw_table()
    return bytes(table[value >> 3] for (value,) in struct.iter_unpack("<h", samples))


def _check_keys(keys: str) -> None:
    unknown = set(keys) - set(KEY_EVENTS)
    if unknown:
        raise CallFailed(f"电话键盘上没有这些按键：{'、'.join(sorted(unknown))}")


def _frames(audio: bytes) -> deque[bytes]:
    if not audio:
        return deque()
    gap = b"\xd5" * int(GAP_BETWEEN_REPEATS_S * 8000)
    whole = audio + b"\xd5" * (-len(audio) % FRAME_BYTES) + gap
    return deque(whole[i : i + FRAME_BYTES] for i in range(0, len(whole), FRAME_BYTES))


@cache
def _alaw_table() -> dict[int, int]:
    """13-bit linear sample -> A-law octet (ITU-T G.711): sign, segment, four bits within it."""
    table: dict[int, int] = {}
    for value in range(-4096, 4096):
        sign, magnitude = (0x80, value) if value >= 0 else (0x00, -value - 1)
        segment = max(0, magnitude.bit_length() - 5)
        within = (magnitude >> max(segment, 1)) & 0x0F
        table[value] = (sign | segment << 4 | within) ^ 0x55
    return table
