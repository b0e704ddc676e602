"""From events to stored calls: the one consumer that sees everything in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from dispatch.domain.calls import SurveysAlive
from dispatch.domain.errors import HotlineError
from telephony.agent_states import AgentStates
from telephony.ami import AmiClient, Received
from telephony.calls import CallReducer
from telephony.facts import AnyFact, Fact, OriginateAnswered, SystemReady
from telephony.headers import EventReader
from telephony.joinings import join_ended
from telephony.listenings import ListeningFollower, concerns_listening
from telephony.reconciler import Reconciler
from telephony.resync import Alive, Resync
from telephony.surveys import SurveyFollower
from telephony.talks import is_joining, is_listening
from telephony.wire import Headers
from telephony.writer import CallSink, Writer

log = logging.getLogger(__name__)
POLL_FILES_S = 1.0

ORDERED_AND_UNSEEN = timedelta(seconds=10)
"""An order to dial may take this long to become a call that the telephone system can list."""


class Gateway:
    """Reads events, keeps calls, writes what changed; recovers what a gap hid.

    Everything but the sink and the disk runs on one event loop, so nothing here is locked
    but the files, which are read on a worker thread. `heed` is shown every event first.
    """

    def __init__(
        self,
        client: AmiClient,
        sink: CallSink,
        *,
        reconciler: Reconciler | None,
        now: Callable[[], datetime],
        poll_files_s: float = POLL_FILES_S,
        heed: Callable[[Headers], None] = lambda event: None,
    ) -> None:
        self.writer = Writer(sink)
        self.reducer = CallReducer()
        self._states = AgentStates()
        self.reader = EventReader()
        self._client = client
        self._surveys = SurveyFollower()
        self._listenings = ListeningFollower()
        self._reconciler = reconciler
        self._resync = Resync(client, self.reader)
        self._now = now
        self._heed = heed
        self._poll_files_s = poll_files_s
        self._files = asyncio.Lock()
        self.restarts_seen = 0

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as work:
            work.create_task(self.writer.run())
            if self._reconciler is not None:
                work.create_task(self._follow_files(self._reconciler))
            work.create_task(self._follow_events())

    # --- events -----------------------------------------------------------------------------

    async def _follow_events(self) -> None:
        async for batch in self._client.events():
            for received in batch:
                await self._take(received)
            self._flush()

    async def _take(self, received: Received) -> None:
        self._heed(received.headers)
        for fact in self.reader.facts(received.headers, now=received.at):
            if isinstance(fact, SystemReady):
                self._flush()
                await self._recover(fact)
            else:
                self._fold([fact])

    def _fold(self, facts: Iterable[AnyFact]) -> None:
        for fact in facts:
            if concerns_listening(fact):
                self.writer.put(self._listenings.fold(fact))
                continue
            if isinstance(fact, OriginateAnswered) and is_joining(fact.order):
                self.writer.put([join_ended(fact)])
                continue
            if isinstance(fact, Fact):
                self.reducer.fold(fact)
            if isinstance(fact, Fact | OriginateAnswered):
                self.writer.put(self._surveys.fold(fact))

    def _flush(self) -> None:
        self.writer.put(self.reducer.changed())
        self.reducer.settle()
        self.writer.put(self._states.news(self.reducer))

    # --- after a gap ------------------------------------------------------------------------

    async def _recover(self, ready: SystemReady) -> None:
        """Make good what was missed: the files first, then who is on the line now."""
        restarted = self.reducer.system_ready(ready, lived_until=self._client.lost_at)
        if restarted:
            self.restarts_seen += 1
            log.warning("Asterisk was started anew")
        alive = await self._alive()
        if self._reconciler is not None:
            async with self._files:
                await self._on_disk(self._reconciler.read)
                self._fold(self._reconciler.recover(self.reducer.calls.__contains__))
        if alive is not None:
            self.writer.put([self._listenings.alive(alive.calls, alive.asked_at)])
            self._fold(alive.facts)
            self._close_vanished(alive)
            if restarted:
                ended = self._client.lost_at or self._now()
                self.writer.put(self._surveys.cut_off(ended, alive.calls))
            if self._reconciler is not None:
                # Whatever else was ordered before and is not here now has ended untold: while we
                # were away, or with the telephone system. The files have been heard before.
                died = self._client.lost_at if restarted else None
                before = died or alive.asked_at - ORDERED_AND_UNSEEN
                self.writer.put([SurveysAlive(at=before, channel_ids=frozenset(alive.calls))])
        self._flush()

    async def _alive(self) -> Alive | None:
        try:
            return await self._resync.channels(self._now())
        except HotlineError as failure:
            # Nothing may be concluded; a broken connection comes back here when it is mended.
            log.warning("could not list the channels: %s", failure)
            return None

    def _close_vanished(self, alive: Alive) -> None:
        """Close the calls that ended unseen, and unwritten too: Asterisk itself was killed."""
        for call_id, call in list(self.reducer.calls.items()):
            if call_id not in alive.calls and call.newest < alive.asked_at:
                self.reducer.gone(call_id, lived_until=self._client.lost_at)

    # --- files ------------------------------------------------------------------------------

    async def _follow_files(self, reconciler: Reconciler) -> None:
        while True:
            async with self._files:
                if await self._on_disk(reconciler.read):
                    self._fold(reconciler.missed(self._is_told))
                    self._flush()
            await self.writer.idle()
            async with self._files:
                # Looked at again in one breath: what came meanwhile may not be stored yet.
                if self.writer.backlog == 0:
                    finished = reconciler.finished(self._is_told)
                    await self._on_disk(partial(reconciler.release, finished))
            await asyncio.sleep(self._poll_files_s)

    async def _on_disk(self, work: Callable[[], None]) -> bool:
        """Work on a thread; a disk or store that fails now is asked again at the next turn."""
        attempt = asyncio.ensure_future(asyncio.to_thread(work))
        # Waited for rather than awaited: no failure of a file may end the following of calls.
        await asyncio.wait([attempt])
        failure = attempt.exception()
        if failure is not None:
            log.warning("Asterisk's files: %s", failure)
        return failure is None

    def _is_told(self, call_id: str) -> bool:
        """Whether the events told this call from its beginning to its end."""
        if is_listening(call_id):
            return self._listenings.knows_end(call_id)
        return self.reducer.is_retired(call_id) or self.reducer.is_over(call_id)
