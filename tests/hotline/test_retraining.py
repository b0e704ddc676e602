"""From corrections to another model and back: judged, put into use, taken up, taken back."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from typer.testing import CliRunner, Result

from classifier.artefact import save_model
from classifier.holdout import Use, use_of
from classifier.training import train
from dispatch.bus import Database
from dispatch.domain.learning_terms import ModelState, TrainingState
from dispatch.domain.people import SYSTEM
from dispatch.models.catalog import Category
from dispatch.models.learning import LabelledExample, ModelRelease
from dispatch.models.tickets import Ticket
from dispatch.service import catalogue, model_releases, training_runs
from dispatch.service.model_releases import Release
from hotline import schema
from hotline.bootstrap import load_rules
from hotline.commands.classify import app
from hotline.model_keeping import ModelKeeper
from hotline.retraining import Retraining
from hotline.settings import Settings
from hotline.suggesting import LOOK_EVERY, ReloadingSuggester
from hotline.training_set import Labelled, samples_of
from tests.fixtures_hotline import until

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WHERE = (
    "我家楼下",
    "学校门口",
    "菜市场旁边",
    "公园里面",
    "医院后面",
    "车站前面",
    "河边",
    "巷子深处",
)
HOW = ("一直", "昨天开始", "半夜", "每天早上", "下雨以后", "周末", "这几天")
SAID = {
    "lamp": ("路灯不亮", "灯杆歪了", "照明坏了"),
    "water": ("自来水停了", "水压太小", "水管爆裂"),
    "noise": ("音响太吵", "打桩扰民", "广场舞喧哗"),
}
REQUESTS = [
    (f"{where}{how}{what}，请处理", code)
    for code, whats in SAID.items()
    for where, how, what in product(WHERE, HOW, whats)
]
NEXT = {"lamp": "water", "water": "noise", "noise": "lamp"}


class Clock:
    """Stands still until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The town's time."""
    return Clock()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A city's folder of models: three texts of its own and the first model, of the old form."""
    folder = tmp_path / "var" / "models"
    folder.mkdir(parents=True)
    first = [("路灯不亮", "lamp"), ("水停了", "water"), ("太吵", "noise"), ("照明", "lamp")]
    with (folder / "founding.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "category"), *first])
    samples = samples_of(Labelled(text, code, None) for text, code in first)
    save_model(train(samples, now=NOW - timedelta(days=90)), folder / "current")
    return folder


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Three categories and 504 requests of a month ago, each settled by a person."""
    database = Database(f"sqlite:///{tmp_path / 'var' / 'hotline.db'}")
    (tmp_path / "var").mkdir(exist_ok=True)
    schema.migrate(database)
    with database.work() as s:
        ids = catalogue.put_categories(
            s, [{"code": code, "name": code, "parent": None, "level": 1} for code in SAID]
        )
        common: dict[str, object] = {
            "query_code": "0",
            "channel": "phone",
            "kind": "complaint",
            "title": "",
        }
        common |= {"urgency": "routine", "status": "dispatched", "created_at": NOW}
        s.execute(
            insert(Ticket),
            [
                {**common, "number": str(n), "content": text, "category_id": ids[code]}
                for n, (text, code) in enumerate(REQUESTS)
            ],
        )
    settle(database, dict(REQUESTS), NOW)
    yield database
    database.dispose()


def settle(database: Database, codes: dict[str, str], at: datetime) -> None:
    """A person says of each of these requests what it is about."""
    with database.work() as s:
        ids = dict(s.execute(select(Category.code, Category.id)).all())
        tickets = dict(s.execute(select(Ticket.content, Ticket.id)).all())
        s.execute(
            insert(LabelledExample),
            [
                {
                    "ticket_id": tickets[text],
                    "category_id": ids[code],
                    "provenance": "dispatched",
                    "at": at,
                }
                for text, code in codes.items()
            ],
        )


@pytest.fixture
def keeper(database: Database, models: Path) -> ModelKeeper:
    """The models with the default policy."""
    rules = load_rules(Settings())
    return ModelKeeper(database, models, lambda now: rules)


def retrain(keeper: ModelKeeper, clock: Clock) -> Release | None:
    """Ask for a training and do it."""
    with keeper.database.work() as s:
        training_runs.ask(s, SYSTEM, now=clock.now)
    return Retraining(keeper.database, keeper, clock).run()


def active(keeper: ModelKeeper) -> str | None:
    """The version in use."""
    return keeper.active_version()


def best(suggester: ReloadingSuggester) -> str:
    """What is proposed for a request that only the newer model understands."""
    return suggester.suggest("公园里面下雨以后灯杆歪了").categories[0].label


def test_corrections_make_a_better_model_that_running_processes_take_up_and_a_step_back(
    keeper: ModelKeeper, clock: Clock, tmp_path: Path
) -> None:
    keeper.adopt_current(now=clock.now)
    first = active(keeper)
    suggester = ReloadingSuggester(keeper, clock)
    release = retrain(keeper, clock)
    assert release is not None
    assert release.state is ModelState.ACTIVE
    assert release.report["accepted"] is True
    assert release.report["held"]["new_macro_f1"] > release.report["held"]["old_macro_f1"]
    assert release.metrics["held_out"]
    assert release.previous == first
    # A process asks at most every few seconds, and never waits for the new one.
    assert suggester.suggest("路灯不亮").model_version == first
    clock.now += LOOK_EVERY
    until(lambda: suggester.suggest("路灯不亮").model_version == release.version, 20)
    assert best(suggester) == "lamp"
    run = CliRunner(env=_environment(tmp_path))
    shown = run.invoke(app, ["versions", "--json"])
    assert shown.exit_code == 0, shown.stderr
    assert f'"version": "{first}", "state": "retired"' in shown.stdout
    assert run.invoke(app, ["rollback"]).exit_code == 0
    assert active(keeper) == first
    refused = run.invoke(app, ["rollback"])
    assert refused.exit_code == 2
    assert "没有上一个" in refused.stderr
    clock.now += LOOK_EVERY
    until(lambda: suggester.suggest("路灯不亮").model_version == first, 20)


def test_a_worse_model_is_refused_with_the_report_and_the_old_one_stays(
    keeper: ModelKeeper, clock: Clock, tmp_path: Path
) -> None:
    good = retrain(keeper, clock)
    assert good is not None
    clock.now += timedelta(days=1)
    # Whoever settled these was mistaken, but not where the model is judged.
    wrong = {
        text: NEXT[code]
        for text, code in REQUESTS
        if use_of(text, at=NOW, now=clock.now, newest_days=30) is Use.LEARN
    }
    settle(keeper.database, wrong, clock.now)
    with keeper.database.work() as s:
        training_runs.ask(s, SYSTEM, now=clock.now)
    told = invoke(tmp_path, "retrain", "--waiting")
    assert told.exit_code == 1
    assert "未通过检验" in told.stderr
    assert "固定检验集" in told.stderr
    assert active(keeper) == good.version
    with keeper.database.read() as s:
        newest = model_releases.releases(s)[0]
        run = training_runs.runs(s)[0]
    assert newest.state is ModelState.REFUSED
    assert not newest.can_activate
    assert run.state is TrainingState.REFUSED
    assert run.version == newest.version
    assert [row["worse"] for row in newest.report["categories"]] == [True, True, True]
    assert invoke(tmp_path, "activate", newest.version).exit_code == 2
    assert active(keeper) == good.version


def test_texts_that_the_old_model_has_learned_prove_nothing(
    keeper: ModelKeeper, clock: Clock
) -> None:
    with (keeper.folders.root / "founding.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "category"), *REQUESTS])
    release = retrain(keeper, clock)
    assert release is not None
    assert release.state is ModelState.REFUSED
    assert "没有学过的检验文本只有 0 条" in release.report["reasons"][0]


def test_damaged_files_of_the_active_model_leave_the_last_good_one(
    keeper: ModelKeeper, clock: Clock
) -> None:
    keeper.adopt_current(now=clock.now)
    first = active(keeper)
    suggester = ReloadingSuggester(keeper, clock)
    release = retrain(keeper, clock)
    assert release is not None
    (arrays,) = (keeper.folders.root / release.folder).glob("arrays-*.npz")
    arrays.write_bytes(b"broken")
    suggester.take_up()
    assert suggester.suggest("路灯不亮").model_version == first
    assert ReloadingSuggester(keeper, clock).suggest("路灯不亮").model_version == first


def test_a_process_killed_between_any_two_steps_leaves_a_model_that_answers(
    keeper: ModelKeeper, clock: Clock
) -> None:
    keeper.adopt_current(now=clock.now)
    first = active(keeper)
    # Files there, nothing written down.
    data = keeper.gather(now=clock.now)
    model = train(data.learned, now=clock.now, names=data.names)
    folder = keeper.folders.put(model, now=clock.now)
    assert active(keeper) == first
    # Written down, not put into use; the training that did it never ended.
    with keeper.database.work() as s:
        training_runs.ask(s, SYSTEM, now=clock.now)
        assert training_runs.claim(s, now=clock.now) is not None
    keeper.register(model, folder, None, now=clock.now)
    assert active(keeper) == first
    assert Retraining(keeper.database, keeper, clock).run() is None
    # It fell silent, and another process takes it up: the same data give another version.
    clock.now += training_runs.SILENT
    release = Retraining(keeper.database, keeper, clock).run()
    assert release is not None
    assert active(keeper) == release.version
    with keeper.database.read() as s:
        assert [run.state for run in training_runs.runs(s)] == [TrainingState.DONE]


def test_what_cannot_be_learned_from_ends_as_failed_and_says_why(
    keeper: ModelKeeper, clock: Clock
) -> None:
    with keeper.database.work() as s:
        s.execute(update(LabelledExample).values(withdrawn_at=NOW))
    (keeper.folders.root / "founding.csv").write_text("text,other\na,b\n", encoding="utf-8")
    assert retrain(keeper, clock) is None
    with keeper.database.read() as s:
        (run,) = training_runs.runs(s)
        assert s.scalar(select(ModelRelease.state)) == "active"
    assert run.state is TrainingState.FAILED
    assert "缺少列" in run.problem
    assert threading.active_count() < 20


def test_a_model_handed_in_waits_for_a_person(
    keeper: ModelKeeper, clock: Clock, tmp_path: Path
) -> None:
    keeper.adopt_current(now=clock.now)
    first = active(keeper)
    texts = [Labelled(text, code, NOW) for text, code in REQUESTS]
    learned = [
        one for one in texts if use_of(one.text, at=NOW, now=clock.now, newest_days=30) is Use.LEARN
    ]
    save_model(train(samples_of(learned), now=clock.now), tmp_path / "elsewhere")
    told = invoke(tmp_path, "import", str(tmp_path / "elsewhere"))
    assert told.exit_code == 0, told.stderr
    assert "待检验" in told.stderr
    assert active(keeper) == first
    with keeper.database.read() as s:
        version = model_releases.releases(s)[0].version
    assert invoke(tmp_path, "activate", version).exit_code == 0
    assert active(keeper) == version


def _environment(tmp_path: Path) -> dict[str, str]:
    return {"HOTLINE_DATA_DIR": str(tmp_path / "var"), "COLUMNS": "200"}


def invoke(tmp_path: Path, *arguments: str) -> Result:
    """A `hotline classify` command over the same city."""
    return CliRunner(env=_environment(tmp_path)).invoke(app, list(arguments))
