"""Plain sound in memory: reading what the telephone system wrote, joining, silencing, peaks."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dispatch.domain.errors import RecordingUnavailable

Samples = npt.NDArray[np.int16]
"""One row per moment, one column per channel."""

SLICES = 400
HIGHEST = 32_768
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
PCM, EXTENSIBLE = 1, 0xFFFE


@dataclass(frozen=True)
class Sound:
    """Samples of 16 bit at `rate` a second."""

    samples: Samples
    rate: int

    @property
    def channels(self) -> int:
        """1 or 2; with two the citizen's is the first, the agent's the second."""
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return round(len(self.samples) / self.rate, 3)

    def wav(self) -> bytes:
        """The same as a WAV file."""
        body = self.samples.astype("<i2", copy=False).tobytes()
        width = self.channels * 2
        shape = _FORMAT.pack(PCM, self.channels, self.rate, self.rate * width, width, 16)
        head = _CHUNK.pack(b"fmt ", len(shape)) + shape + _CHUNK.pack(b"data", len(body))
        return _CHUNK.pack(b"RIFF", 4 + len(head) + len(body)) + b"WAVE" + head + body

    def peaks(self) -> list[list[int]]:
        """The loudest value, 0 to 100, of each slice, per channel."""
        edges = np.linspace(0, len(self.samples), SLICES + 1).astype(int)
        loud = np.abs(self.samples.astype(np.int32))
        return [
            [
                round(100 * int(part.max()) / HIGHEST) if len(part) else 0
                for part in (loud[a:b, channel] for a, b in pairwise(edges))
            ]
            for channel in range(self.channels)
        ]

    def silenced(self, spans: Iterable[tuple[float, float]]) -> Sound:
        """The same with nothing to be heard between the given seconds, on any channel."""
        quiet = self.samples.copy()
        for start, end in spans:
            quiet[max(0, int(start * self.rate)) : max(0, -int(-end * self.rate // 1))] = 0
        return Sound(quiet, self.rate)

    def dead_spans(self, least_s: float) -> list[tuple[float, float]]:
        """Seconds where every channel is exactly zero for `least_s` or longer.

        A muted recording is: a telephone line never is, its silence has a pattern.
        """
        dead = np.concatenate(([False], ~self.samples.any(axis=1), [False]))
        edges = np.flatnonzero(dead[1:] != dead[:-1]).reshape(-1, 2)
        return [
            (float(a) / self.rate, float(b) / self.rate)
            for a, b in edges
            if b - a >= least_s * self.rate
        ]


def read_wav(path: Path) -> Sound:
    """Read a WAV file of 16-bit samples, also one whose header was never finished.

    After a crash the telephone system's header counts no data: then all that follows is taken.

    Raises:
        RecordingUnavailable: it is no such file.
    """
    return parse_wav(path.read_bytes(), path.name)


def parse_wav(raw: bytes, name: str) -> Sound:
    """The same from memory; `name` is for the message."""
    if raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise RecordingUnavailable(f"{name} 不是 WAV 文件")
    at, shape = 12, None
    while at + _CHUNK.size <= len(raw):
        kind, size = _CHUNK.unpack_from(raw, at)
        at += _CHUNK.size
        if kind == b"fmt " and size >= _FORMAT.size and at + size <= len(raw):
            shape = _FORMAT.unpack_from(raw, at)
        if kind == b"data" and shape is not None:
            end = at + size if 0 < size <= len(raw) - at else len(raw)
            return _sound(raw[at:end], shape, name)
        at += size + size % 2
    raise RecordingUnavailable(f"{name} 没有声音数据")


def _sound(body: bytes, shape: tuple[int, ...], name: str) -> Sound:
    kind, channels, rate, _, _, bits = shape
    if kind not in (PCM, EXTENSIBLE) or bits != 16 or channels not in (1, 2) or rate <= 0:
        raise RecordingUnavailable(f"{name} 的格式不支持，须为 16 位、单声道或双声道的 WAV")
    whole = len(body) - len(body) % (2 * channels)
    return Sound(np.frombuffer(body[:whole], "<i2").reshape(-1, channels), rate)


def joined(citizen: Sound, agent: Sound) -> Sound:
    """One stereo sound of two; the shorter one ends in silence.

    Raises:
        RecordingUnavailable: they were not recorded at the same rate.
    """
    if citizen.rate != agent.rate:
        raise RecordingUnavailable("录音两侧的采样率不一致")
    both = np.zeros((max(len(citizen.samples), len(agent.samples)), 2), dtype=np.int16)
    both[: len(citizen.samples), 0] = citizen.samples[:, 0]
    both[: len(agent.samples), 1] = agent.samples[:, 0]
    return Sound(both, citizen.rate)
