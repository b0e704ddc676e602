"""What a follow-up by voice costs the database, beside the same changes written by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import event, text

from benchmarks.bulk import NOW, the_rules, unit_of
from benchmarks.lines import Line, MeasurementFailed
from benchmarks.workshop import progress
from dispatch.bus import Database
from dispatch.domain.calls import SurveyAnswer, SurveyEnded, SurveyResult
from dispatch.service import campaign, followup
from dispatch.service.campaign import Lines
from tests.scenarios.survey_tickets import make_due

SURVEYS = 200
AT_ONCE = 20


@dataclass
class _Count:
    """Statements sent to the database."""

    statements: int = 0

    def one_more(self, *_: object) -> None:
        """As the driver's hook wants it."""
        self.statements += 1


def store(database: Database, engine: str) -> Iterator[Line]:
    """Surveys from being claimed to their end, both answers given; then the bare changes."""
    progress(f"surveys: {SURVEYS} stored on {engine}")
    rules = the_rules()
    unit_of(database)
    make_due(database, rules, "CG", (f"139{one:08d}" for one in range(SURVEYS)), NOW)
    counter = _Count()
    engines = database.engines
    listened = {id(one): one for one in (engines.read, engines.write)}.values()
    for one in listened:
        event.listen(one, "before_cursor_execute", counter.one_more)
    began = time.perf_counter()
    done = _ask_everybody(database)
    ours = 1000 * (time.perf_counter() - began) / done
    for one in listened:
        event.remove(one, "before_cursor_execute", counter.one_more)
    bare = _bare_ms(database)
    note = (
        "claimed twenty at a time, two answers, end, ticket closed; the call's record is not in it"
    )
    yield Line(
        figure=f"survey_statements_{engine}",
        value=counter.statements / done,
        unit="statements",
        limit="the changes alone: claim, two answers, end, and their facts",
        limit_value=len(BARE),
        n=done,
        note=note,
    )
    yield Line(
        figure=f"survey_ms_{engine}",
        value=ours,
        unit="ms",
        limit="the same changes as statements by hand, in as many transactions",
        limit_value=bare,
        n=done,
        note=note,
    )


def _ask_everybody(database: Database) -> int:
    """Take all that is due, as the telephone system would tell of it; return how many."""
    rules, done = the_rules(), 0
    lines = Lines(most=AT_ONCE)
    while True:
        with database.work() as session:
            calls = campaign.place(session, rules, lines, now=NOW)
        if not calls:
            break
        for call in calls:
            for question in ("solved", "satisfied"):
                answer = SurveyAnswer(
                    follow_up_id=call.follow_up_id,
                    question="solved" if question == "solved" else "satisfied",
                    digit="1",
                    at=NOW,
                )
                with database.work() as session:
                    followup.record_survey_answer(session, answer, now=NOW)
            ended = SurveyEnded(
                follow_up_id=call.follow_up_id,
                result=SurveyResult.COMPLETED,
                at=NOW,
                call_id=call.channel_id,
            )
            with database.work() as session:
                followup.record_survey_end(session, ended, rules, now=NOW)
        done += len(calls)
    if done != SURVEYS:
        raise MeasurementFailed(f"{done} of {SURVEYS} surveys were due")
    return done


FACT = (
    "INSERT INTO ticket_event (ticket_id, kind, at, actor_name, actor_role, details, digest) "
    "SELECT ticket_id, kind, at, actor_name, actor_role, details, digest FROM ticket_event "
    "WHERE id = :event"
)
BARE = (
    "UPDATE follow_up SET state = 'calling', called_at = due_at WHERE id = :id",
    "UPDATE follow_up SET solved = 'resolved' WHERE id = :id",
    FACT,
    "UPDATE follow_up SET rating = 'satisfied' WHERE id = :id",
    FACT,
    "UPDATE follow_up SET state = 'done', ended_at = due_at WHERE id = :id",
    FACT,
    "UPDATE ticket SET status = 'closed' WHERE id = :ticket",
    FACT,
)
TRANSACTIONS = ((0, 1), (1, 3), (3, 5), (5, 9))


def _bare_ms(database: Database) -> float:
    """The changes of a survey and nothing else; ms for each."""
    with database.engines.read.connect() as line:
        rows = [tuple(row) for row in line.execute(text("SELECT id, ticket_id FROM follow_up"))]
        fact = line.scalar(text("SELECT max(id) FROM ticket_event"))
    began = time.perf_counter()
    for follow_up, ticket in rows:
        values = {"id": follow_up, "ticket": ticket, "event": fact}
        for first, last in TRANSACTIONS:
            with database.engines.write.begin() as line:
                for statement in BARE[first:last]:
                    bound = {name: values[name] for name in values if f":{name}" in statement}
                    line.execute(text(statement), bound)
    return 1000 * (time.perf_counter() - began) / len(rows)
