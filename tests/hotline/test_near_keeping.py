"""The index of tickets follows the database: what is open, closed, merged, and after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from classifier.errors import IndexUnusable
from classifier.near_index import NearIndex
from classifier.near_search import NearSearch
from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.tickets import Ticket
from dispatch.service import alike, intake, merging
from hotline.near_keeping import NearKeeper, Writing
from tests.fixtures_hotline import until

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CENTRE = Actor(name="中心", role=Role.CENTER)
AGENT = Actor(name="小王", role=Role.AGENT, staff_id=77)
HOUR = timedelta(hours=1)
LAMPS = "鼓台街一排路灯都不亮，晚上走路看不见"
AGAIN = "鼓台街的路灯全灭了，天黑走路看不清"


def opened(database: Database, content: str = LAMPS, *, confidential: bool = False) -> str:
    """A request's number."""
    form = intake.RequestForm(
        content=content,
        kind=RequestKind.COMPLAINT,
        place="鼓台街",
        confidential=confidential,
    )
    with database.work() as s:
        return intake.open_ticket(s, CENTRE, form, now=NOW).number


def settled(database: Database, content: str = LAMPS) -> str:
    """A request answered on the call."""
    form = intake.RequestForm(content=content, kind=RequestKind.INQUIRY, place="鼓台街")
    with database.work() as s:
        return intake.answer_on_call(s, CENTRE, form, "已通知路灯所抢修", now=NOW).number


def caught_up(database: Database, folder: Path) -> Writing:
    """An index with everything in it."""
    writing = Writing.begin(database, folder)
    while writing.build():
        pass
    writing.follow()
    return writing


def found(
    database: Database, folder: Path, reader: Actor = CENTRE, *, after: timedelta = HOUR
) -> list[str]:
    """What the console offers for the lamps before anybody chose a category."""
    search = NearSearch(folder, dict)
    assert search.ready
    with database.read() as s:
        near = alike.similar(
            s,
            reader,
            category_id=None,
            division=None,
            days=30,
            search=search,
            content=AGAIN,
            place="鼓台街",
            now=NOW + after,
        )
    return [one.number for one in near]


def test_it_is_built_from_the_database_and_follows_what_is_committed(
    database: Database, tmp_path: Path
) -> None:
    first = opened(database)
    writing = caught_up(database, tmp_path / "near")
    assert found(database, tmp_path / "near") == [first]
    assert not writing.follow()
    second = opened(database, "鼓台街路灯不亮，走路害怕")
    assert writing.follow()
    assert sorted(found(database, tmp_path / "near")) == [first, second]
    writing.index.close()


def test_a_closed_ticket_is_told_as_answered_with_what_was_done(
    database: Database, tmp_path: Path
) -> None:
    done = settled(database)
    writing = caught_up(database, tmp_path / "near")
    writing.index.close()
    assert found(database, tmp_path / "near") == []
    with database.read() as s:
        (one,) = alike.answered(s, AGENT, NearSearch(tmp_path / "near", dict), AGAIN)
    assert (one.number, one.reply, one.unit) == (done, "已通知路灯所抢修", "")
    assert 0 < one.likeness <= 1
    with database.read() as s:
        none = alike.answered(s, AGENT, NearSearch(tmp_path / "no", dict), AGAIN)
    assert none == ()


def test_a_merged_ticket_leaves_and_comes_back_when_the_merge_is_undone(
    database: Database, tmp_path: Path
) -> None:
    main, child = opened(database), opened(database)
    writing = caught_up(database, tmp_path / "near")
    with database.work() as s:
        merging.merge(s, CENTRE, child, main, reason="同一处路灯", now=NOW)
    assert writing.follow()
    assert writing.index.tickets == 1
    assert found(database, tmp_path / "near") == [main]
    with database.work() as s:
        merging.unmerge(s, CENTRE, child, reason="不是同一处", now=NOW)
    assert writing.follow()
    assert sorted(found(database, tmp_path / "near")) == [main, child]
    writing.index.close()


def test_a_confidential_ticket_is_in_the_index_and_shown_only_to_who_may_see_it(
    database: Database, tmp_path: Path
) -> None:
    secret = opened(database, confidential=True)
    caught_up(database, tmp_path / "near").index.close()
    assert found(database, tmp_path / "near", CENTRE) == [secret]
    assert found(database, tmp_path / "near", AGENT) == []


def test_tickets_that_an_import_wrote_without_a_fact_are_found_by_their_numbers(
    database: Database, tmp_path: Path
) -> None:
    writing = caught_up(database, tmp_path / "near")
    number = opened(database)
    with database.read() as s:
        row = s.scalars(select(Ticket).where(Ticket.number == number)).one()
        values = {c.key: getattr(row, c.key) for c in Ticket.__mapper__.column_attrs}
    assert writing.follow()
    with database.work() as s:
        s.add(Ticket(**{**values, "id": values["id"] + 1, "number": "IMPORTED"}))
    assert writing.follow()
    assert sorted(found(database, tmp_path / "near")) == sorted([number, "IMPORTED"])
    writing.index.close()


def test_where_it_stopped_it_goes_on(database: Database, tmp_path: Path) -> None:
    first = opened(database)
    caught_up(database, tmp_path / "near").index.close()
    second = opened(database)
    with database.work() as s:
        s.execute(update(Ticket).where(Ticket.number == first).values(title="改了"))
    again = Writing.begin(database, tmp_path / "near")
    assert not again.build()
    assert again.follow()
    assert sorted(found(database, tmp_path / "near")) == [first, second]
    again.index.close()


def test_a_ticket_older_than_the_policys_days_is_not_offered(
    database: Database, tmp_path: Path
) -> None:
    number = opened(database)
    caught_up(database, tmp_path / "near").index.close()
    folder = tmp_path / "near"
    assert found(database, folder, after=timedelta(days=29)) == [number]
    assert found(database, folder, after=timedelta(days=30)) == []


def test_a_damaged_index_or_one_of_another_database_is_built_anew(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "near"
    number = opened(database)
    caught_up(database, folder).index.close()
    (folder / "meta.json").write_text("{", "utf-8")
    with pytest.raises(IndexUnusable):
        NearIndex(folder)
    caught_up(database, folder).index.close()
    assert found(database, folder) == [number]
    with database.work() as s:
        s.execute(update(Ticket).values(query_code="another"))
    begun = Writing.begin(database, folder)
    assert begun.index.tickets == 0
    begun.index.close()


CHILD = """
import sys, time
from pathlib import Path
from classifier.near_index import Mark
from dispatch.bus import Database
from hotline.near_keeping import Writing
writing = Writing.begin(Database(sys.argv[1]), Path(sys.argv[2]))
while writing.build():
    pass
print("built", flush=True)
sys.stdin.readline()
index = writing.index
index.put([], [], index.mark())
for ticket in range(1, 50):
    index._writer.delete_documents_by_term("id", ticket)
print("half way", flush=True)
time.sleep(60)
"""


def test_a_kill_in_the_middle_loses_nothing(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    numbers = [opened(database) for _ in range(3)]
    command = [sys.executable, "-c", CHILD, sqlite_url]
    with subprocess.Popen(
        [*command, str(tmp_path / "near")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "built\n"
        numbers.append(opened(database))
        child.stdin.write("go\n")
        child.stdin.flush()
        assert child.stdout.readline() == "half way\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
    writing = Writing.begin(database, tmp_path / "near")
    assert not writing.build(), "what was there before the kill is not written again"
    assert writing.follow()
    writing.index.close()
    assert sorted(found(database, tmp_path / "near")) == sorted(numbers)
    database.dispose()


def test_one_of_two_keepers_writes_and_the_other_takes_over(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    first = NearKeeper(database, tmp_path / "near", retry_s=0.2)
    second = NearKeeper(database, tmp_path / "near", retry_s=0.2)
    search = NearSearch(tmp_path / "near", dict)
    first.start()
    until(lambda: search.ready, 30)
    second.start()
    number = opened(database)
    until(lambda: found(database, tmp_path / "near") == [number], 30)
    first.stop()
    later = opened(database)
    until(lambda: sorted(found(database, tmp_path / "near")) == sorted([number, later]), 30)
    second.stop()
    database.dispose()
