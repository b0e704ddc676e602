"""The recordings folder: what the telephone system wrote, and what was put away of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Protocol

from dispatch.domain.errors import RecordingUnavailable
from dispatch.files.sound import Sound, joined, parse_wav, read_wav
from dispatch.files.vault import PIECE, Keyring, Unsealed, seal, write_whole

CITIZEN, AGENT = "-citizen.wav", "-agent.wav"
LEAST_MESSAGE = 32_000
"""Bytes of two seconds on one channel."""
SEALED = ".sealed"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A recording that was put away and read back; `sha256` is of the plain WAV file."""

    size: int
    seconds: float
    channels: int
    sha256: str
    key_id: str | None
    peaks: list[list[int]]
    masks: list[list[float]]


class Playable(Protocol):
    """Plain bytes of a recording, from any place."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in pieces."""


class PlainFile:
    """A recording that lies in the clear."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """See `Playable`."""
        stop = min(stop, self.size)
        with self._path.open("rb") as file:
            file.seek(start)
            while start < stop and (piece := file.read(min(PIECE, stop - start))):
                start += len(piece)
                yield piece


class RecordingFolder:
    """Every path is relative to one folder and never leads out of it, whatever it says."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self.folder = folder.resolve()
        self.keyring = keyring

    def plain(self, path: str) -> Sound | None:
        """What the telephone system wrote of this call; None when there is nothing.

        Raises:
            RecordingUnavailable: there is something that cannot be read as sound.
        """
        said, answered = (self._part(self._side(path, side)) for side in (CITIZEN, AGENT))
        if said is None and answered is None:
            return self._part(self._at(path))
        one = said or answered
        assert one is not None
        nothing = Sound(one.samples[:0], one.rate)
        return joined(said or nothing, answered or nothing)

    def put_away(
        self, path: str, sound: Sound, spans: Sequence[tuple[float, float]], *, encrypt: bool
    ) -> Kept:
        """Silence the spans, write the file and read it back; the plain sides still lie there.

        Raises:
            RecordingUnavailable: what was read back is not what was written.
        """
        quiet = sound.silenced(spans)
        wav = quiet.wav()
        digest = hashlib.sha256(wav).hexdigest()
        if encrypt:
            seal(wav, self._sealed(path), self.keyring)
        else:
            write_whole(self._at(path), wav)
        key_id = self.keyring.current if encrypt else None
        if self.digest(path, key_id) != digest:
            raise RecordingUnavailable(f"录音 {path} 写入后核对不一致，请检查磁盘")
        return Kept(
            size=len(wav),
            seconds=quiet.seconds,
            channels=quiet.channels,
            sha256=digest,
            key_id=key_id,
            peaks=quiet.peaks(),
            masks=[[round(start, 2), round(end, 2)] for start, end in spans],
        )

    def digest(self, path: str, key_id: str | None) -> str:
        """SHA-256 of the plain sound as it can be read now."""
        digest = hashlib.sha256()
        with self.opened(path, key_id) as sound:
            for piece in sound.read(0, sound.size):
                digest.update(piece)
        return digest.hexdigest()

    def load(self, path: str, key_id: str | None) -> Sound:
        """A recording that was put away, as sound."""
        with self.opened(path, key_id) as sound:
            return parse_wav(b"".join(sound.read(0, sound.size)), path)

    @contextmanager
    def opened(self, path: str, key_id: str | None) -> Iterator[Playable]:
        """The plain bytes to be read from any place; `key_id` None: it lies in the clear.

        Raises:
            RecordingUnavailable: the file or its key is not here, or it was changed.
        """
        if key_id is not None and self._sealed(path).is_file():
            with Unsealed(self._sealed(path), self.keyring) as sealed:
                yield sealed
        elif key_id is None and self._at(path).is_file():
            yield PlainFile(self._at(path))
        else:
            raise RecordingUnavailable("录音文件不在了，可能尚未写完，请联系系统管理员")

    def forget_plain(self, path: str, key_id: str | None) -> None:
        """Remove what the telephone system wrote, once what was put away has been verified."""
        for side in (CITIZEN, AGENT):
            self._side(path, side).unlink(missing_ok=True)
        if key_id is not None:
            self._at(path).unlink(missing_ok=True)

    def delete(self, path: str) -> None:
        """Remove every file of a recording."""
        for side in (CITIZEN, AGENT):
            self._side(path, side).unlink(missing_ok=True)
        self._at(path).unlink(missing_ok=True)
        self._sealed(path).unlink(missing_ok=True)

    def left_over(self, days: Iterable[str]) -> list[str]:
        """Recordings of these days' folders of which something lies in the clear too much.

        That is a side of a call, or a whole file beside its sealed one.
        """
        found: set[str] = set()
        for folder in (self.folder / day for day in days):
            for side in (CITIZEN, AGENT):
                found.update(self._name(f, side) for f in folder.glob(f"*{side}"))
            found.update(
                self._name(sealed, f".wav{SEALED}")
                for sealed in folder.glob(f"*{SEALED}")
                if sealed.with_suffix("").is_file()
            )
        return sorted(found)

    def forget_drafts(self, days: Iterable[str], *, before: float) -> None:
        """Remove half-written files that were last touched before this moment (seconds, Unix)."""
        for day in days:
            for draft in (self.folder / day).glob(".*.wav*-*"):
                if draft.stat().st_mtime < before:
                    draft.unlink(missing_ok=True)

    def forget_scraps(self, days: Iterable[str], *, before: float) -> None:
        """Remove messages too short to be anybody's, last touched before this moment (Unix).

        No call names them: the telephone system tells only of two seconds and more.
        """
        for day, kind in product(days, ("voicemail", "comment")):
            for file in (self.folder / day).glob(f"*-{kind}.wav"):
                seen = file.stat()
                if seen.st_mtime < before and seen.st_size < LEAST_MESSAGE:
                    file.unlink(missing_ok=True)

    def _name(self, file: Path, ending: str) -> str:
        whole = file.with_name(file.name.removesuffix(ending) + ".wav")
        return whole.relative_to(self.folder).as_posix()

    @staticmethod
    def _part(file: Path) -> Sound | None:
        return read_wav(file) if file.is_file() else None

    def _at(self, path: str) -> Path:
        file = (self.folder / path).resolve()
        if not file.is_relative_to(self.folder) or file == self.folder:
            raise RecordingUnavailable("录音路径不在录音目录内")
        return file

    def _side(self, path: str, side: str) -> Path:
        file = self._at(path)
        return file.with_name(file.stem + side)

    def _sealed(self, path: str) -> Path:
        file = self._at(path)
        return file.with_name(file.name + SEALED)
