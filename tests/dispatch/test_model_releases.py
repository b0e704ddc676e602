"""One model answers; the step back is one step, and what dies in the middle changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, update

from dispatch.bus import Database
from dispatch.domain.errors import ActionNotAllowed, NotFound, RoleNotAllowed
from dispatch.domain.learning_terms import ModelState, TrainingState
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.catalog import Category
from dispatch.models.learning import LabelledExample
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service import intake, model_releases, training_rows, training_runs
from dispatch.service.model_releases import Made, Release
from dispatch.service.training_runs import SILENT, Claimed

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CENTRE = Actor(name="中心", role=Role.CENTER)


def register(database: Database, *versions: str, refused: bool = False) -> None:
    """Write these models down."""
    with database.work() as s:
        for version in versions:
            made = Made(
                version=version,
                folder=f"versions/{version}",
                texts=9,
                data_sha256="0" * 64,
                metrics={"accuracy": 0.9},
                trained_at=NOW,
            )
            model_releases.register(s, SYSTEM, made, refused=refused, now=NOW)


def activate(database: Database, version: str) -> Release:
    """Put one into use."""
    with database.work() as s:
        return model_releases.activate(s, CENTRE, version, now=NOW)


def states(database: Database) -> dict[str, str]:
    """State by version."""
    with database.read() as s:
        return {r.version: r.state.value for r in model_releases.releases(s)}


def test_the_newly_activated_one_answers_and_the_one_before_is_one_step_back(
    database: Database,
) -> None:
    register(database, "a", "b")
    activate(database, "a")
    assert activate(database, "b").previous == "a"
    assert states(database) == {"a": "retired", "b": "active"}
    with database.work() as s:
        assert model_releases.roll_back(s, CENTRE, now=NOW).version == "a"
    assert states(database) == {"a": "active", "b": "retired"}
    with database.read() as s:
        kinds = list(s.scalars(select(TicketEvent.kind)))
    assert kinds.count("ModelChanged") == 5
    with pytest.raises(ActionNotAllowed, match="没有上一个"), database.work() as s:
        model_releases.roll_back(s, CENTRE, now=NOW)


def test_what_dies_before_the_commit_leaves_the_model_that_was_active(database: Database) -> None:
    register(database, "a", "b")
    activate(database, "a")

    def die_before_the_commit() -> None:
        with database.work() as s:
            model_releases.activate(s, CENTRE, "b", now=NOW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die_before_the_commit()
    assert states(database) == {"a": "active", "b": "candidate"}


def test_a_refused_one_and_one_without_files_are_never_put_into_use(database: Database) -> None:
    register(database, "bad", refused=True)
    with pytest.raises(ActionNotAllowed, match="未通过检验"):
        activate(database, "bad")
    with pytest.raises(NotFound, match="versions"):
        activate(database, "nobody")
    register(database, *"abcdef")
    for version in "abcd":
        activate(database, version)
    with database.work() as s:
        gone = model_releases.forget_files(s, keep=3)
    assert sorted(gone) == ["versions/a", "versions/b", "versions/bad"]
    with pytest.raises(ActionNotAllowed, match="清理"):
        activate(database, "a")
    with database.work() as s:
        assert model_releases.roll_back(s, CENTRE, now=NOW).version == "c"
        with pytest.raises(ActionNotAllowed, match="清理"):
            model_releases.roll_back(s, CENTRE, now=NOW)


def test_only_the_centre_and_the_administrator_change_the_model(database: Database) -> None:
    register(database, "a")
    for role in (Role.AGENT, Role.DISPATCHER, Role.DEPARTMENT, Role.LEADER):
        with pytest.raises(RoleNotAllowed), database.work() as s:
            model_releases.activate(s, Actor(name="x", role=role), "a", now=NOW)
        with pytest.raises(RoleNotAllowed), database.work() as s:
            training_runs.ask(s, Actor(name="x", role=role), now=NOW)


def test_of_two_activations_at_once_one_model_is_active(database: Database) -> None:
    register(database, "a", "b", "c")
    activate(database, "a")
    start = Barrier(2)

    def run(version: str) -> object:
        start.wait(timeout=20)
        try:
            return activate(database, version)
        except ActionNotAllowed as refused:
            return refused

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, ("b", "c")))
    assert sorted(states(database).values()).count("active") == 1


def claim(database: Database, now: datetime) -> Claimed | None:
    """Take up what there is."""
    with database.work() as s:
        return training_runs.claim(s, now=now)


def test_asking_twice_asks_once_and_one_at_a_time_runs(database: Database) -> None:
    with database.work() as s:
        first = training_runs.ask(s, CENTRE, now=NOW)
        assert training_runs.ask(s, CENTRE, now=NOW).id == first.id
    claimed = claim(database, NOW)
    assert claimed is not None
    assert claimed.run_id == first.id
    with database.work() as s:
        assert training_runs.ask(s, CENTRE, now=NOW).id != first.id
    assert claim(database, NOW + MINUTE) is None
    with database.work() as s:
        assert training_runs.progress(s, claimed, step="交叉验证", share=0.5, now=NOW + MINUTE)
    with database.read() as s:
        view = training_runs.open_run(s)
    assert view is not None
    assert (view.id, view.step, view.share) == (first.id, "交叉验证", 0.5)


def test_a_training_that_fell_silent_is_taken_up_and_the_old_process_is_told(
    database: Database,
) -> None:
    with database.work() as s:
        training_runs.ask(s, CENTRE, now=NOW)
    old = claim(database, NOW)
    assert old is not None
    assert claim(database, NOW + SILENT - MINUTE) is None
    later = NOW + SILENT
    new = claim(database, later)
    assert new is not None
    assert new.run_id == old.run_id
    with database.work() as s:
        assert not training_runs.progress(s, old, step="x", share=0.9, now=later)
        assert not training_runs.ended(s, old, TrainingState.DONE, now=later)
        assert training_runs.ended(s, new, TrainingState.DONE, now=later)
        assert training_runs.open_run(s) is None


def test_one_that_dies_three_times_is_given_up(database: Database) -> None:
    with database.work() as s:
        training_runs.ask(s, CENTRE, now=NOW)
    for attempt in range(3):
        assert claim(database, NOW + attempt * SILENT) is not None
    assert claim(database, NOW + 3 * SILENT) is None
    with database.read() as s:
        (run,) = training_runs.runs(s)
    assert run.state is TrainingState.FAILED
    assert "training.log" in run.problem


def texts(database: Database, *contents: str, confidential: Sequence[str] = ()) -> list[int]:
    """Tickets that say this, settled as category a; their ids."""
    with database.work() as s:
        for code in ("a", "b"):
            if s.scalar(select(Category.id).where(Category.code == code)) is None:
                s.add(Category(code=code, name=code, level=1))
        s.flush()
        return [
            intake.open_ticket(
                s,
                SYSTEM,
                intake.RequestForm(
                    content=content,
                    kind=RequestKind.COMPLAINT,
                    category="a",
                    confidential=content in confidential,
                ),
                now=NOW,
            ).id
            for content in contents
        ]


def label(database: Database, ticket: int, code: str, at: datetime = NOW) -> None:
    """A person settles one."""
    with database.work() as s:
        category = s.scalar(select(Category.id).where(Category.code == code))
        s.add(
            LabelledExample(ticket_id=ticket, category_id=category, provenance="dispatched", at=at)
        )


def test_the_newest_label_counts_and_confidential_words_are_not_learned(
    database: Database,
) -> None:
    one, secret, _open = texts(
        database, "路灯不亮", "举报某人", "没有结案", confidential=["举报某人"]
    )
    label(database, one, "a")
    label(database, one, "b", NOW + MINUTE)
    label(database, secret, "b")
    with database.read() as s:
        found = list(training_rows.examples(s))
    assert [(t.text, t.category) for t in found] == [("路灯不亮", "b")]


def test_a_closed_ticket_teaches_its_category_when_solved_and_never_returned(
    database: Database,
) -> None:
    good, unsolved, returned, twice = texts(database, "好", "未解决", "退过", "派过两次")
    closed = {"status": "closed", "closed_at": NOW, "solved": "resolved", "dispatches": 1}
    with database.work() as s:
        for ticket, more in (
            (good, {}),
            (unsolved, {"solved": "unresolved"}),
            (returned, {"returns": 1}),
            (twice, {"dispatches": 2}),
        ):
            s.execute(update(Ticket).where(Ticket.id == ticket).values(**closed | more))
    with database.read() as s:
        found = list(training_rows.examples(s))
        none = list(training_rows.examples(s, since=NOW + MINUTE))
    assert [(t.text, t.provenance.value) for t in found] == [("好", "registered")]
    assert none == []


def test_a_training_is_due_after_so_many_labels_since_the_last_one(
    database: Database, rules: Rules
) -> None:
    enough = rules.profile.classifier.retrain_after
    (ticket,) = texts(database, "路灯不亮")
    with database.work() as s:
        category = s.scalar(select(Category.id))
        for n in range(enough - 1):
            s.add(
                LabelledExample(
                    ticket_id=ticket,
                    category_id=category,
                    provenance="dispatched",
                    at=NOW - n * MINUTE,
                )
            )
        s.flush()
        assert not training_runs.ask_when_due(s, rules, now=NOW)
    label(database, ticket, "a")
    with database.work() as s:
        assert training_runs.ask_when_due(s, rules, now=NOW)
        assert not training_runs.ask_when_due(s, rules, now=NOW)
    claimed = claim(database, NOW)
    assert claimed is not None
    with database.work() as s:
        training_runs.ended(s, claimed, TrainingState.REFUSED, now=NOW)
        assert not training_runs.ask_when_due(s, rules, now=NOW + MINUTE)
    assert ModelState.REFUSED.label == "未通过检验"
