"""Follow-up calls: how fast a given number of lines is kept busy, and what a survey costs to store.

The limit of the first is an Originate given by hand whenever a line is free, to the same Asterisk,
dialplan and telephones; that of the second the same changes as statements written by hand.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.bulk import on_postgres, on_sqlite
from benchmarks.lines import Line, MeasurementFailed, PartMissing
from benchmarks.plan import Plan
from benchmarks.survey_store import store
from benchmarks.workshop import progress, temporary_folder
from hotline.bootstrap import open_database, open_rulebook
from hotline.settings import Settings
from telephony.asterisk.errors import ProgramMissing
from telephony.asterisk.program import find_asterisk, find_sipp
from tests.fixtures_hotline import HotlineUnderTest, private_hotline
from tests.scenarios.survey_tickets import call_at_any_hour, make_due
from tests.scenarios.survey_town import Habit, Town, town

CALLS, LINES = 100, 20
LONGEST_S = 180.0
LOOKS = ((5, "surveys_per_minute"), (1, "surveys_per_minute_looked_1_s"))
"""How often due calls are looked for, seconds (5 is the usual), and the figure's name."""
UNIT = "GOV-990702"
SATISFIED = Habit(keys="12")


def measure(plan: Plan) -> Iterator[Line]:
    """The lines first, on a real Asterisk; then the store, on both databases."""
    del plan
    try:
        find_asterisk(), find_sipp()
    except ProgramMissing as missing:
        raise PartMissing(str(missing)) from missing
    with temporary_folder() as folder, private_hotline(folder) as hotline:
        yield from _lines(hotline)
    with on_sqlite() as database:
        yield from store(database, "sqlite")
    with on_postgres() as database:
        yield from store(database, "postgres")


def _lines(hotline: HotlineUnderTest) -> Iterator[Line]:
    call_at_any_hour(hotline)
    ours: list[tuple[int, str, float, str]] = []
    bare = [_by_hand(hotline)]
    for seconds, figure in LOOKS:
        hotline.stop_web()
        hotline.environment["HOTLINE_FOLLOW_UP_SECONDS"] = str(seconds)
        hotline.environment["HOTLINE_FOLLOW_UP_LINES"] = str(LINES)
        with town(hotline.asterisk, [SATISFIED] * CALLS) as people:
            progress(f"surveys: {CALLS} calls on {LINES} lines, looked for every {seconds} s")
            _make_due(hotline, list(people.telephones))
            hotline.start_web()
            _await(people)
            note = f"a call lasts {_mean_s(people):.1f} s; at most {people.most_at_once} at once"
            ours.append((seconds, figure, _per_minute(people), note))
    # Once before and once after: the better one is nearer to what the machine can do.
    bare.append(_by_hand(hotline))
    for seconds, figure, value, note in ours:
        yield Line(
            figure=figure,
            value=value,
            unit="calls/min",
            limit=f"an Originate by hand whenever one of {LINES} lines is free",
            limit_value=max(bare),
            n=CALLS,
            note=f"{LINES} lines, looked for every {seconds} s; {note}; "
            f"by hand {min(bare):.0f} and {max(bare):.0f}",
        )


def _by_hand(hotline: HotlineUnderTest) -> float:
    """Keep all lines busy with nothing but the manager interface; calls started a minute."""
    progress(f"surveys: {CALLS} calls on {LINES} lines, by hand")
    with (
        town(hotline.asterisk, [SATISFIED] * CALLS) as people,
        hotline.asterisk.probe() as manager,
    ):
        waiting = list(people.telephones)
        while waiting:
            if CALLS - len(waiting) - len(people.ended) >= LINES:
                time.sleep(0.005)
                continue
            manager.action(
                "Originate",
                Channel=f"PJSIP/{waiting.pop()}@trunk",
                Context="follow-up",
                Exten="s",
                Priority="1",
                CallerID="12345",
                Timeout="35000",
                ChannelId=f"bare-{uuid.uuid4().hex}",
                Variable="FOLLOWUPID=0,LANGUAGES=zh,TRIES=2,COMMENTS=0,DETECT=0",
                Async="true",
            )
        _await(people)
        return _per_minute(people)


def _await(people: Town) -> None:
    deadline = time.monotonic() + LONGEST_S
    while len(people.ended) < CALLS:
        if time.monotonic() > deadline:
            raise MeasurementFailed(f"{len(people.ended)} of {CALLS} calls ended")
        time.sleep(0.05)


def _per_minute(people: Town) -> float:
    """Calls started a minute, from the first ring until the last line is free again."""
    return 60 * CALLS / (max(people.ended) - min(people.began))


def _mean_s(people: Town) -> float:
    return (sum(people.ended) - sum(people.began)) / CALLS


def _make_due(hotline: HotlineUnderTest, numbers: list[str]) -> None:
    database = open_database(Settings(data_dir=hotline.folder))
    now = datetime.now(UTC)
    make_due(database, open_rulebook(database).at(now), UNIT, numbers, now)
    database.dispose()
