"""A rush of calls: from Asterisk's event to the agent's page and to the wallboard."""

from __future__ import annotations

import asyncio
import math
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.crowd import citizens, desks
from benchmarks.hall import Heard, Person, Stream, be_ready, listening, relay, staff, telephones
from benchmarks.lines import Line, MeasurementFailed, PartMissing, percentile
from benchmarks.plan import Plan
from benchmarks.workshop import progress, temporary_folder
from telephony.asterisk.callers import Manner
from telephony.asterisk.errors import ProgramMissing
from telephony.asterisk.program import find_asterisk, find_sipp
from telephony.channels import extension_of
from tests.fixtures_hotline import HotlineUnderTest, private_hotline

AGENTS = 80
SECONDS = 15
RINGING_PER_S = 20
ANSWERED_PER_S = 5
POP_MS = 100
CARD_MS = 250
STAY_S = 2.0
QUIET_S = 2.0
LIMIT = "bare asyncio AMI reader → text/event-stream → the same client"
SHARES = (("p50", 0.5), ("p95", 0.95))


@dataclass(frozen=True)
class Rush:
    """What was heard while the calls came: bare, by the agents, by the supervisor."""

    bare: list[Heard]
    agents: list[Heard]
    supervisor: list[Heard]


@dataclass(frozen=True)
class Told:
    """One moment Asterisk told of, and when it arrived by the bare way; both ms."""

    call_id: str
    extension: str
    state: str
    stamp: float
    bare: float


def measure(plan: Plan) -> Iterator[Line]:
    """Twenty a second ring and give up; then five a second are answered."""
    del plan
    try:
        find_asterisk(), find_sipp()
    except ProgramMissing as missing:
        raise PartMissing(str(missing)) from missing
    with (
        temporary_folder() as folder,
        private_hotline(folder, desk_phones=telephones(AGENTS)) as hotline,
        relay(hotline) as port,
    ):
        progress(f"rush: {AGENTS} agents become ready")
        agents, supervisor = staff(hotline, datetime.now(UTC))
        be_ready(hotline, agents)
        extensions = {agent.phone: agent.extension for agent in agents}
        people = [*agents, supervisor]
        rung = asyncio.run(_rush(hotline, port, people, Manner.NO_ANSWER, RINGING_PER_S))
        yield from screen_pop(rung, extensions)
        answered = asyncio.run(_rush(hotline, port, people, Manner.ANSWER, ANSWERED_PER_S))
        yield from wallboard(answered, extensions)


async def _rush(
    hotline: HotlineUnderTest, port: int, people: list[Person], manner: Manner, rate: int
) -> Rush:
    calls = rate * SECONDS
    prefix = "129000" if manner is Manner.ANSWER else "129001"
    progress(f"rush: {rate} calls a second, {calls} in all")
    async with (
        listening(port, "/rings", people[-1:]) as bare,
        listening(hotline.port, "/live", people) as streams,
    ):
        with (
            desks(hotline.asterisk, manner),
            citizens(
                hotline.asterisk, rate=rate, calls=calls, stay_s=STAY_S, prefix=prefix
            ) as crowd,
        ):
            await _over(crowd)
            await asyncio.sleep(QUIET_S)
        return Rush(_all(bare), _all(streams[:-1]), _all(streams[-1:]))


async def _over(crowd: subprocess.Popen[bytes]) -> None:
    """Until the last citizen hung up; at most three times as long as it should take."""
    for _ in range(10 * 3 * (SECONDS + math.ceil(STAY_S))):
        if crowd.poll() is not None:
            return
        await asyncio.sleep(0.1)
    raise MeasurementFailed("the calls did not end")


def _all(streams: Sequence[Stream]) -> list[Heard]:
    return sorted((heard for one in streams for heard in one.heard), key=lambda one: one.at)


def _told(rush: Rush, extensions: dict[str, str]) -> list[Told]:
    """The first event of each call's ringing at a desk, and of its being answered there."""
    first: dict[tuple[str, str, str], Told] = {}
    for heard in rush.bare:
        extension = extensions.get(extension_of(heard.data.get("channel", "")) or "")
        if extension is not None:
            call, stamp = heard.data["call_id"], heard.data["stamp"]
            state = "ringing" if heard.event == "ring" else "talking"
            told = Told(call, extension, state, stamp, heard.at)
            first.setdefault((call, extension, state), told)
    return sorted(first.values(), key=lambda told: told.stamp)


def screen_pop(rush: Rush, extensions: dict[str, str]) -> Iterator[Line]:
    """Each call's first ring against the first `call_ringing` at the page of the agent rung."""
    rings: dict[str, Told] = {}
    for told in _told(rush, extensions):
        rings.setdefault(told.call_id, told)
    popped: dict[tuple[str, str], float] = {}
    for heard in rush.agents:
        if heard.event == "call_ringing":
            popped.setdefault((heard.data["call_id"], heard.data["extension"]), heard.at)
    arrived = {call: popped.get((call, told.extension)) for call, told in rings.items()}
    ours = [at - rings[call].stamp for call, at in arrived.items() if at is not None]
    least = [told.bare - told.stamp for told in rings.values()]
    note = f"{len(rings) - len(ours)} of {len(rings)} not popped"
    yield from _lines("screen_pop_20_per_s", ours, least, POP_MS, f"{_rate(rings)}; {note}")


def wallboard(rush: Rush, extensions: dict[str, str]) -> Iterator[Line]:
    """Each ringing and each answer against the supervisor's next `seat` event that says so."""
    told = _told(rush, extensions)
    seats = [heard for heard in rush.supervisor if heard.event == "seat"]
    ours: dict[str, list[float]] = {"ringing": [], "talking": []}
    for one in told:
        said = (
            heard.at
            for heard in seats
            if heard.at >= one.stamp
            and (heard.data["extension"], heard.data["state"]) == (one.extension, one.state)
        )
        if (at := next(said, None)) is not None:
            ours[one.state].append(at - one.stamp)
    every = [took for some in ours.values() for took in some]
    apart = ", ".join(f"{k} p95 {percentile(v, 0.95):.0f} ms" for k, v in ours.items() if v)
    rate = _rate({one.call_id: one for one in reversed(told)})
    note = f"{rate}; {apart}; {len(told) - len(every)} of {len(told)} not shown"
    least = [one.bare - one.stamp for one in told]
    yield from _lines("wallboard", every, least, CARD_MS, note)


def _rate(calls: dict[str, Told]) -> str:
    """How many new calls a second there really were."""
    stamps = [told.stamp for told in calls.values()]
    if len(stamps) < 2:
        raise MeasurementFailed(f"{len(stamps)} calls reached a desk")
    return f"{(len(stamps) - 1) * 1000 / (max(stamps) - min(stamps)):.1f} calls/s"


def _lines(
    name: str, ours: list[float], least: list[float], goal_ms: int, note: str
) -> Iterator[Line]:
    if not ours:
        raise MeasurementFailed(f"{name}: nothing arrived ({note})")
    for suffix, share in SHARES:
        yield Line(
            figure=f"{name}_{suffix}",
            value=percentile(ours, share),
            unit="ms",
            limit=LIMIT,
            limit_value=percentile(least, share),
            n=len(ours),
            note=f"goal: p95 {goal_ms} ms; {note}; worst {max(ours):.0f} ms",
        )
