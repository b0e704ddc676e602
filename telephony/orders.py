"""Orders to the telephone system, given from any thread and carried out on its loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from dispatch.domain.errors import TelephonyUnavailable
from telephony.ami import AmiClient

log = logging.getLogger(__name__)
Result = TypeVar("Result")
REPLY_WITHIN_S = 8.0


class Errands:
    """Work begun on the telephony loop that nobody waits for; what fails is said in the log."""

    def __init__(self, failed: str) -> None:
        self._failed = failed
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Start it; runs on the loop."""
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error(self._failed, exc_info=failure)


class LoopBound:
    """Something that gives orders on the telephony loop and is asked from other threads."""

    def __init__(self, client: AmiClient) -> None:
        self._client = client
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Say on which loop the connection lives; None when it ends."""
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, Result], *, within_s: float = REPLY_WITHIN_S) -> Result:
        """Work on the loop and wait for the result.

        Raises:
            TelephonyUnavailable: the loop does not run, or does not answer in time.
        """
        return on_loop(self._loop, work, within_s=within_s)


def on_loop(
    loop: asyncio.AbstractEventLoop | None,
    work: Coroutine[Any, Any, Result],
    *,
    within_s: float = REPLY_WITHIN_S,
) -> Result:
    """Run a coroutine on the telephony loop from any other thread and wait for its result.

    Raises:
        TelephonyUnavailable: the loop does not run, or does not answer in time.
    """
    if loop is None or not loop.is_running():
        work.close()
        raise TelephonyUnavailable
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result(within_s)
    except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
        future.cancel()
        raise TelephonyUnavailable from None
