"""The worker that puts recordings into words, one after the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from dispatch.bus import Database
from dispatch.domain.errors import HotlineError
from dispatch.domain.ports import Transcriber
from dispatch.files.recordings import RecordingFolder
from dispatch.files.sound import Sound
from dispatch.service import transcripts
from dispatch.service.transcripts import Claimed

log = logging.getLogger("hotline.transcribing")

TELL_EVERY = timedelta(seconds=5)

Part = list[Any]
"""[start s, end s, channel, words]"""


class TranscriptWorker:
    """Takes recordings from the queue until it is empty; several may work at once."""

    def __init__(
        self,
        database: Database,
        folder: RecordingFolder,
        transcriber: Transcriber,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._folder = folder
        self._transcriber = transcriber
        self._clock = clock
        self._stopping = threading.Event()

    def work(self) -> int:
        """Put what waits into words; return how many were finished."""
        finished = 0
        while not self._stopping.is_set():
            with self._database.work() as session:
                claimed = transcripts.claim(session, now=self._clock())
            if claimed is None:
                break
            finished += self._transcribe(claimed)
        return finished

    def run(self, _now: datetime) -> None:
        """The same as a timer's job."""
        if finished := self.work():
            log.info("recordings put into words: %d", finished)

    def stop(self) -> None:
        """Give the recording under work back after its present sentence."""
        self._stopping.set()

    def _transcribe(self, claimed: Claimed) -> bool:
        try:
            parts = self._parts(claimed)
        except (HotlineError, OSError, RuntimeError) as error:
            # RuntimeError is how the model's own library says that it ran out of memory.
            log.warning("recording %s not transcribed: %s", claimed.recording_id, error)
            with self._database.work() as session:
                transcripts.failed(session, claimed, now=self._clock())
            return False
        if parts is None:
            return False
        parts.sort(key=lambda part: (part[0], part[2]))
        with self._database.work() as session:
            return transcripts.done(
                session, claimed, parts, model=self._transcriber.name, now=self._clock()
            )

    def _parts(self, claimed: Claimed) -> list[Part] | None:
        """Every sentence; None when stopped, or when the recording was given to another."""
        sound = self._folder.load(claimed.path, claimed.key_id)
        parts: list[Part] = []
        told_at = self._clock()
        for part in self._heard(sound):
            parts.append(part)
            if self._stopping.is_set():
                with self._database.work() as session:
                    transcripts.give_back(session, claimed, now=self._clock())
                return None
            if self._clock() - told_at >= TELL_EVERY:
                told_at = self._clock()
                with self._database.work() as session:
                    if not transcripts.progress(session, claimed, parts, now=told_at):
                        return None
        return parts

    def _heard(self, sound: Sound) -> Iterator[Part]:
        for channel in range(sound.channels):
            voice = sound.samples[:, channel].astype("<i2").tobytes()
            for said in self._transcriber.sentences(voice, sound.rate):
                yield [said.start, said.end, channel, said.words]
