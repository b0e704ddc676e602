"""Putting recordings away, and deleting them when their time is over; safe to end at any step.

The order of the steps is the safety: seal, read back, write down, and only then remove what the
telephone system wrote. Whatever is interrupted is found again by the next pass, from the calls
without a recording and from the plain files that still lie there.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from dispatch.bus import Database
from dispatch.domain.call_rules import RecordingRules
from dispatch.domain.call_terms import RecordingState
from dispatch.domain.errors import RecordingUnavailable
from dispatch.domain.worktime import SHANGHAI
from dispatch.files.recordings import Kept, RecordingFolder
from dispatch.service import recordings
from dispatch.service.recordings import Waiting

log = logging.getLogger("hotline.recordings")

BATCH = 50
DRAFT_AGE = timedelta(hours=1)
LEFTOVER_DAYS = 8
"""How many days' folders are looked through for what a crash left in the clear."""

NOT_THERE = "没有找到录音文件"


class RecordingKeeper:
    """One process's hand on the recordings; several may work at once."""

    def __init__(self, database: Database, folder: RecordingFolder, *, transcribe: bool) -> None:
        self._database = database
        self._folder = folder
        self._transcribe = transcribe

    def put_away(self, rules: RecordingRules, now: datetime) -> int:
        """Take in every recording of a finished call; return how many."""
        taken, after = 0, 0
        while True:
            with self._database.read() as session:
                found = recordings.waiting(session, now=now, after=after, limit=BATCH)
            for one in found:
                taken += self._take(one, rules, now)
            if len(found) < BATCH:
                break
            after = found[-1].contact_id
        self.clear_leftovers(now)
        if taken:
            log.info("recordings put away: %d", taken)
        return taken

    def _take(self, one: Waiting, rules: RecordingRules, now: datetime) -> bool:
        try:
            kept = self._seal(one, rules)
        except (RecordingUnavailable, OSError) as error:
            log.warning("recording of contact %s: %s", one.contact_id, error)
            self._tell_missing(one, str(error), now)
            return False
        if kept is None:
            if one.expected and now - one.ended_at > recordings.LOST_AFTER:
                self._tell_missing(one, NOT_THERE, now)
            return False
        with self._database.work() as session:
            stored = recordings.stored(
                session, one, kept, rules, transcribe=self._transcribe, now=now
            )
        self._folder.forget_plain(one.path, kept.key_id)
        return stored

    def _seal(self, one: Waiting, rules: RecordingRules) -> Kept | None:
        sound = self._folder.plain(one.path)
        if sound is None:
            return None
        with self._database.read() as session:
            spans = recordings.spans_to_silence(session, one, sound)
        return self._folder.put_away(one.path, sound, spans, encrypt=rules.encrypt)

    def _tell_missing(self, one: Waiting, problem: str, now: datetime) -> None:
        with self._database.work() as session:
            if recordings.missing(session, one, problem, now=now):
                log.error("recording %s of contact %s: %s", one.path, one.contact_id, problem)

    def clear_leftovers(self, now: datetime) -> None:
        """Remove plain files whose recording is put away or deleted, left by a crash."""
        today = now.astimezone(SHANGHAI).date()
        days = [f"{today - timedelta(days=ago):%Y%m%d}" for ago in range(LEFTOVER_DAYS)]
        old = (now - DRAFT_AGE).timestamp()
        self._folder.forget_drafts(days, before=old)
        self._folder.forget_scraps(days, before=old)
        for path in self._folder.left_over(days):
            with self._database.read() as session:
                held = recordings.held_at(session, path)
                digest = recordings.sha256_of(session, held.recording_id) if held else None
            if held is None:
                continue
            if held.state is RecordingState.DELETED:
                self._folder.delete(path)
            elif held.state is RecordingState.STORED and self._is_whole(path, held.key_id, digest):
                self._folder.forget_plain(path, held.key_id)

    def _is_whole(self, path: str, key_id: str | None, digest: str | None) -> bool:
        try:
            return self._folder.digest(path, key_id) == digest
        except RecordingUnavailable as error:
            log.error("recording %s cannot be read back, its plain file stays: %s", path, error)
            return False

    def delete_old(self, rules: RecordingRules, now: datetime) -> int:
        """Delete what has been kept long enough; return how many."""
        deleted, after = 0, 0
        while True:
            with self._database.read() as session:
                due = recordings.due_for_deletion(session, now=now, after=after, limit=BATCH)
            for recording_id in due:
                with self._database.work() as session:
                    held = recordings.claim_deletion(session, recording_id, rules, now=now)
                    if held is not None:
                        self._folder.delete(held.path)
                        deleted += 1
            if len(due) < BATCH:
                return deleted
            after = due[-1]
