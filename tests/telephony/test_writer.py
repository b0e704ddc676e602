"""News reach the store in order, in bursts, and in spite of its failures."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from dispatch.domain.calls import CallRecord, Direction, SurveyEnded, SurveyResult
from dispatch.domain.errors import InvalidInput
from telephony.writer import ListSink, News, Writer
from tests.telephony.fake_ami import until

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def call(number: int, agent: str | None = None) -> CallRecord:
    return CallRecord(
        call_id=f"c{number}", direction=Direction.INBOUND, started_at=NOW, agent=agent
    )


class MoodySink(ListSink):
    """A store that is slow, absent or particular, as told."""

    def __init__(self) -> None:
        super().__init__()
        self.bursts: list[int] = []
        self.open = threading.Event()
        self.open.set()
        self.absent = False
        self.refuses = ""

    def take(self, news: Sequence[News]) -> None:
        self.open.wait(30)
        if self.absent:
            raise OSError("database is locked")
        if any(isinstance(one, CallRecord) and one.call_id == self.refuses for one in news):
            raise InvalidInput("no")
        self.bursts.append(len(news))
        super().take(news)


def run(test: Callable[[MoodySink, Writer], Coroutine[Any, Any, None]]) -> None:
    async def story() -> None:
        sink = MoodySink()
        writer = Writer(sink)
        working = asyncio.ensure_future(writer.run())
        try:
            await asyncio.wait_for(test(sink, writer), 60)
        finally:
            sink.open.set()
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    asyncio.run(story())


def test_a_burst_becomes_one_transaction_in_order() -> None:
    async def story(sink: MoodySink, writer: Writer) -> None:
        sink.open.clear()
        writer.put([call(0)])
        await until(lambda: writer.backlog == 1)
        await asyncio.sleep(0.05)
        for number in range(1, 100):
            writer.put([call(number)])
        sink.open.set()
        await writer.idle()
        assert sink.bursts == [1, 99]
        assert list(sink.calls) == [f"c{number}" for number in range(100)]

    run(story)


def test_only_the_newest_record_of_a_waiting_call_is_written() -> None:
    async def story(sink: MoodySink, writer: Writer) -> None:
        writer.put([call(1)])
        writer.put([call(2)])
        writer.put([call(1, "8001")])
        await writer.idle()
        assert sink.news == [call(1, "8001"), call(2)]

    run(story)


def test_a_store_that_is_away_loses_nothing() -> None:
    async def story(sink: MoodySink, writer: Writer) -> None:
        sink.absent = True
        writer.put([call(1), call(2)])
        await until(lambda: writer.failures >= 2)
        writer.put([call(1, "8001")])
        sink.absent = False
        await writer.idle()
        assert sink.calls == {"c1": call(1, "8001"), "c2": call(2)}
        assert writer.backlog == 0

    run(story)


def test_one_refused_item_holds_up_no_other() -> None:
    async def story(sink: MoodySink, writer: Writer) -> None:
        sink.refuses = "c2"
        end = SurveyEnded(follow_up_id=1, result=SurveyResult.BUSY, at=NOW)
        writer.put([call(1), call(2), end])
        await writer.idle()
        assert sink.news == [call(1), end]
        assert (writer.refused, writer.written) == (1, 2)

    run(story)
