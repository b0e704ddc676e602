"""Hands what is new to the store, in order, without ever holding up the events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from dispatch.domain.calls import (
    AgentSeen,
    CallRecord,
    JoinEnded,
    ListeningEnded,
    ListeningsAlive,
    SurveyAnswer,
    SurveyEnded,
    SurveysAlive,
)
from dispatch.domain.errors import HotlineError

log = logging.getLogger(__name__)
News = (
    CallRecord
    | AgentSeen
    | SurveyAnswer
    | SurveyEnded
    | SurveysAlive
    | ListeningEnded
    | ListeningsAlive
    | JoinEnded
)
RETRY_MOST_S = 10.0


class CallSink(Protocol):
    """Where calls and follow-up answers go; shared state is the implementation's business."""

    def take(self, news: Sequence[News]) -> None:
        """Store all of it in one transaction, in this order; runs on a worker thread.

        It may be asked for the same thing twice and must then change nothing. A HotlineError
        for a single item refuses that item for good; any other error means: try again later.
        """


class ListSink:
    """Keeps everything in a list, newest record of each call at hand."""

    def __init__(self) -> None:
        self.news: list[News] = []

    def take(self, news: Sequence[News]) -> None:
        """Append."""
        self.news.extend(news)

    @property
    def calls(self) -> dict[str, CallRecord]:
        """The latest record of each call."""
        return {item.call_id: item for item in self.news if isinstance(item, CallRecord)}


class Writer:
    """One ordered queue before the sink: bursts become one transaction, failures wait."""

    def __init__(self, sink: CallSink) -> None:
        self._sink = sink
        self._waiting: dict[tuple[object, ...], News] = {}
        self._writing: list[News] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.written = 0
        self.failures = 0
        self.refused = 0

    def put(self, news: Sequence[News]) -> None:
        """Queue for writing; a newer record of a call replaces one that still waits."""
        for item in news:
            self._waiting[_key(item)] = item
        if self._waiting:
            self._idle.clear()
            self._wake.set()

    @property
    def backlog(self) -> int:
        """How many items are not yet stored."""
        return len(self._waiting) + len(self._writing)

    async def idle(self) -> None:
        """Wait until everything put so far is stored."""
        await self._idle.wait()

    async def run(self) -> None:
        """Write for ever; cancel to end."""
        pause_s = 0.1
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                self._writing, self._waiting = list(self._waiting.values()), {}
                left = await self._write(self._writing)
                self._writing = []
                if left:
                    self._keep(left)
                    await asyncio.sleep(pause_s)
                    pause_s = min(RETRY_MOST_S, pause_s * 2)
                else:
                    pause_s = 0.1
            self._idle.set()

    def _keep(self, left: list[News]) -> None:
        """Put back what failed, before and never over what came since."""
        self._waiting = {_key(item): item for item in left} | self._waiting

    async def _write(self, news: list[News]) -> list[News]:
        """Store together, or one by one when that fails; return what is to be tried again."""
        failure = await self._attempt(news)
        if failure is None:
            return []
        if len(news) > 1:
            return [item for item in news for _ in await self._write([item])]
        if isinstance(failure, HotlineError):
            self.refused += 1
            log.error("refused by the store: %r", news[0], exc_info=failure)
            return []
        return news

    async def _attempt(self, news: list[News]) -> BaseException | None:
        task = asyncio.ensure_future(asyncio.to_thread(self._sink.take, news))
        # Waited for rather than awaited: any failure of the store is looked at, none escapes.
        await asyncio.wait([task])
        failure = task.exception()
        if failure is None:
            self.written += len(news)
        else:
            self.failures += 1
            log.warning("the store did not take %s items: %s", len(news), failure)
        return failure


def _key(item: News) -> tuple[object, ...]:
    if isinstance(item, CallRecord):
        return ("call", item.call_id)
    if isinstance(item, AgentSeen):
        # Each state an agent was in is part of the past, however short it was.
        return ("agent", item.extension, item.since, item.state)
    if isinstance(item, SurveyAnswer):
        return ("answer", item.follow_up_id, item.question)
    if isinstance(item, ListeningEnded):
        return ("listening", item.listening_id)
    if isinstance(item, JoinEnded):
        return ("join", item.call_id)
    if isinstance(item, ListeningsAlive):
        return ("listenings",)
    if isinstance(item, SurveysAlive):
        return ("surveys",)
    return ("ended", item.follow_up_id)
