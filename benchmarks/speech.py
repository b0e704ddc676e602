"""How many characters of spoken Mandarin come out wrong, and how long that takes.

What is spoken are the prompts of the hotline and the caller of its demonstration: generated voices
at the telephone's 8 kHz whose every character is known. People mumble: they are understood worse.
"""

from __future__ import annotations

import importlib.util
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.lines import Line, PartMissing
from benchmarks.plan import Plan
from benchmarks.workshop import progress
from dispatch.files.sound import Sound, read_wav
from telephony.asterisk.config import SHIPPED_PROMPTS
from telephony.speech import WhisperTranscriber, installed, prepare

FOLDERS = {"hotline": "zh/hotline", "system": "zh", "caller": "demo"}
SHORTEST = 12
"""Characters: fragments such as “分钟” become sentences in Asterisk and tell nothing alone."""
DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
LIMIT = "the same model with its defaults: no words to expect, greedy, every silence read"


def measure(_plan: Plan) -> Iterator[Line]:
    """Every sentence of the prompts, by our settings and by the model's own."""
    if not installed():
        raise PartMissing("the extra `speech` is not installed (docs/operations.md, Recordings)")
    spoken = list(sentences())
    seconds = sum(sound.seconds for _, sound in spoken)
    progress(f"speech: {len(spoken)} sentences, {seconds:.0f} s")
    with TemporaryDirectory() as folder:
        ours = WhisperTranscriber(Path(folder))
        bare = bare_model(Path(folder))
        list(ours.sentences(b"\0\0" * 16_000, 8000))  # loaded before the clock starts
        wrong, took = _judge(spoken, lambda sound: _heard(ours, sound))
        bare_wrong, bare_took = _judge(spoken, bare)
    characters = sum(len(_plain(text)) for text, _ in spoken)
    note = f"{characters} characters, {seconds:.0f} s, generated voices at 8 kHz"
    yield Line(
        figure="speech_character_errors",
        value=wrong / characters,
        unit="1",
        limit=LIMIT,
        limit_value=bare_wrong / characters,
        n=len(spoken),
        note=note,
    )
    yield Line(
        figure="speech_s_per_s",
        value=took / seconds,
        unit="s/s",
        limit=LIMIT,
        limit_value=bare_took / seconds,
        n=len(spoken),
        note=note,
    )


def sentences() -> Iterator[tuple[str, Sound]]:
    """What was said, and its sound."""
    texts = tomllib.loads((SHIPPED_PROMPTS / "prompts.toml").read_text("utf-8"))
    for section, folder in FOLDERS.items():
        for name, text in texts[section].items():
            path = SHIPPED_PROMPTS / folder / f"{name}.wav"
            if path.is_file() and len(_plain(text)) >= SHORTEST:
                yield text, read_wav(path)


def bare_model(folder: Path) -> Callable[[Sound], str]:
    """Three lines around the library."""
    whisper = importlib.import_module("faster_whisper")
    model = whisper.WhisperModel(str(prepare(folder)), device="cpu", compute_type="int8")

    def hear(sound: Sound) -> str:
        with TemporaryDirectory() as place:
            path = Path(place) / "a.wav"
            path.write_bytes(sound.wav())
            found, _ = model.transcribe(str(path), language="zh", beam_size=1)
            return "".join(segment.text for segment in found)

    return hear


def _heard(ours: WhisperTranscriber, sound: Sound) -> str:
    said = ours.sentences(sound.samples[:, 0].astype("<i2").tobytes(), sound.rate)
    return "".join(one.words for one in said)


def _judge(spoken: list[tuple[str, Sound]], hear: Callable[[Sound], str]) -> tuple[int, float]:
    wrong, began = 0, time.perf_counter()
    for text, sound in spoken:
        wrong += distance(_plain(text), _plain(hear(sound)))
    return wrong, time.perf_counter() - began


def _plain(text: str) -> str:
    """Only what is spoken: no punctuation, digits as they are said."""
    return re.sub(r"[^\u4e00-\u9fff]", "", text.translate(DIGITS))


def distance(one: str, other: str) -> int:
    """Characters to put in, leave out or change (Levenshtein)."""
    row = list(range(len(other) + 1))
    for number, wanted in enumerate(one, 1):
        fresh = [number]
        for column, found in enumerate(other, 1):
            fresh.append(min(fresh[-1] + 1, row[column] + 1, row[column - 1] + (wanted != found)))
        row = fresh
    return row[-1]
