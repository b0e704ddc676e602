"""Trainings: asked for by a person or by the clock; at most one waits and one runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.events import TrainingChanged
from dispatch.domain.learning_terms import TrainingState
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.learning import ModelRelease, TrainingRun
from dispatch.models.people import Staff
from dispatch.service import label_examples
from dispatch.service.access import require_role

SILENT = timedelta(minutes=5)
"""A training that told nothing of itself for so long has died; it is taken up again."""

TRIES = 3
"""Taken up so often and never ended: the next one would die of the same."""

_OPEN = (TrainingState.WAITING.value, TrainingState.RUNNING.value)


@dataclass(frozen=True, kw_only=True)
class TrainingView:
    """One training; `share` is how much is done (0 to 1), `version` the model it made."""

    id: int
    state: TrainingState
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    seen_at: datetime | None
    ended_at: datetime | None
    step: str
    share: float
    problem: str
    version: str | None


@dataclass(frozen=True)
class Claimed:
    """A training that this process does; `since` tells it from a later attempt."""

    run_id: int
    since: datetime


def ask(session: Session, actor: Actor, *, now: datetime) -> TrainingView:
    """Ask for a training; when one waits already, that one is meant.

    Raises:
        RoleNotAllowed: for the centre and the administrator only.
    """
    require_role(actor, Role.CENTER, Role.ADMIN, Role.SYSTEM)
    waits = select(TrainingRun.id).where(TrainingRun.state == TrainingState.WAITING.value)
    found = session.scalar(waits)
    if found is None:
        row = TrainingRun(
            state=TrainingState.WAITING.value, asked_by_id=actor.staff_id, asked_at=now
        )
        try:
            with session.begin_nested():
                session.add(row)
            found = row.id
            _tell(session, actor, row.id, TrainingState.WAITING, now)
        except IntegrityError:
            # Somebody else asked at this moment: there is one that waits, and it is the same.
            found = session.scalars(waits).one()
    return _views(session, TrainingRun.id == found, 1)[0]


def ask_when_due(session: Session, rules: Rules, *, now: datetime) -> bool:
    """Ask for one when `classifier.retrain_after` labels came since the last one began."""
    if open_run(session) is not None:
        return False
    last = session.scalar(select(func.max(TrainingRun.started_at)))
    if label_examples.new_since(session, last) < rules.profile.classifier.retrain_after:
        return False
    ask(session, SYSTEM, now=now)
    return True


def open_run(session: Session) -> TrainingView | None:
    """The training that runs, else the one that waits."""
    found = _views(session, TrainingRun.state.in_(_OPEN), 2)
    running = [run for run in found if run.state is TrainingState.RUNNING]
    return next(iter(running or found), None)


def runs(session: Session, *, limit: int = 10) -> list[TrainingView]:
    """The trainings, the newest first."""
    return _views(session, TrainingRun.id > 0, limit)


def anything_to_do(session: Session, *, now: datetime) -> bool:
    """Whether a training waits, or one that ran has fallen silent."""
    run = open_run(session)
    if run is None or run.state is TrainingState.WAITING:
        return run is not None
    return (run.seen_at or run.asked_at) <= now - SILENT


def claim(session: Session, *, now: datetime) -> Claimed | None:
    """Take up the training that waits, or one that fell silent; None while another runs.

    Two processes never get the same: the row changes only for the one whose update finds it so.
    """
    running = session.scalar(
        select(TrainingRun).where(TrainingRun.state == TrainingState.RUNNING.value)
    )
    if running is not None and (running.seen_at or running.asked_at) > now - SILENT:
        return None
    chosen = running or session.scalar(
        select(TrainingRun).where(TrainingRun.state == TrainingState.WAITING.value)
    )
    if chosen is None:
        return None
    if chosen.tries >= TRIES and chosen.started_at is not None:
        problem = f"训练进程 {TRIES} 次中途退出，已放弃；请查看数据目录下 logs/training.log"
        dead = Claimed(chosen.id, chosen.started_at)
        ended(session, dead, TrainingState.FAILED, problem=problem, now=now)
        return None
    seen = TrainingRun.seen_at
    taken = session.execute(
        update(TrainingRun)
        .where(
            TrainingRun.id == chosen.id,
            TrainingRun.state == chosen.state,
            seen.is_(None) if chosen.seen_at is None else seen == chosen.seen_at,
        )
        .values(
            state=TrainingState.RUNNING.value,
            started_at=now,
            seen_at=now,
            step="准备数据",
            share=0.0,
            tries=TrainingRun.tries + 1,
        )
        .returning(TrainingRun.id)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return None
    _tell(session, SYSTEM, taken[0], TrainingState.RUNNING, now)
    return Claimed(taken[0], now)


def progress(session: Session, claimed: Claimed, *, step: str, share: float, now: datetime) -> bool:
    """Tell how far it is; False when another process has taken it up since."""
    return _write(session, claimed, step=step, share=share, seen_at=now)


def ended(
    session: Session,
    claimed: Claimed,
    state: TrainingState,
    *,
    release_id: int | None = None,
    problem: str = "",
    now: datetime,
) -> bool:
    """Close it with what came of it; False when another process has taken it up since."""
    values: dict[str, Any] = {"state": state.value, "ended_at": now, "seen_at": now}
    values |= {"release_id": release_id, "problem": problem, "step": "", "share": 1.0}
    if state is TrainingState.FAILED:
        values.pop("share")
    if not _write(session, claimed, **values):
        return False
    _tell(session, SYSTEM, claimed.run_id, state, now)
    return True


def _write(session: Session, claimed: Claimed, **values: Any) -> bool:
    changed = session.execute(
        update(TrainingRun)
        .where(
            TrainingRun.id == claimed.run_id,
            TrainingRun.state == TrainingState.RUNNING.value,
            TrainingRun.started_at == claimed.since,
        )
        .values(**values)
        .returning(TrainingRun.id)
        .execution_options(synchronize_session=False)
    ).first()
    return changed is not None


def _tell(session: Session, actor: Actor, run_id: int, state: TrainingState, now: datetime) -> None:
    record(session, actor, TrainingChanged(at=now, training_id=run_id, state=state.value))


def _views(session: Session, which: Any, limit: int) -> list[TrainingView]:
    query = (
        select(TrainingRun, Staff.name, ModelRelease.version)
        .outerjoin(Staff, Staff.id == TrainingRun.asked_by_id)
        .outerjoin(ModelRelease, ModelRelease.id == TrainingRun.release_id)
        .where(which)
        .order_by(TrainingRun.id.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [_view(*row) for row in session.execute(query)]


def _view(row: TrainingRun, asked_by: str | None, version: str | None) -> TrainingView:
    names = ("id", "asked_at", "started_at", "seen_at", "ended_at", "step", "share", "problem")
    values: Mapping[str, Any] = {name: getattr(row, name) for name in names}
    return TrainingView(
        state=TrainingState(row.state),
        asked_by=asked_by or ("" if row.asked_by_id else "系统"),
        version=version,
        **values,
    )
