"""Which model answers: the register of trained models, of which exactly one is active.

The row decides and the files follow: activation and the step back are one transaction each, so
that a process killed in the middle leaves the model that was active before. A process that finds
the files of the active model damaged keeps the last good one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, NotFound
from dispatch.domain.events import ModelChanged
from dispatch.domain.learning_terms import ModelState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.learning import ModelRelease
from dispatch.models.people import Staff
from dispatch.service.access import require_role

_MASTERS = (Role.CENTER, Role.ADMIN, Role.SYSTEM)
"""Who may put a model into use."""

_MAY_ACTIVATE = frozenset({ModelState.CANDIDATE, ModelState.RETIRED})


@dataclass(frozen=True, kw_only=True)
class Made:
    """A trained model as its files describe it; `folder` is its place below the models'."""

    version: str
    folder: str
    texts: int
    data_sha256: str
    metrics: Mapping[str, Any]
    trained_at: datetime


@dataclass(frozen=True, kw_only=True)
class Release:
    """A registered model; `report` is how it compared with the one before, `previous` is that."""

    id: int
    version: str
    state: ModelState
    folder: str
    texts: int
    data_sha256: str
    metrics: dict[str, Any]
    report: dict[str, Any]
    trained_at: datetime
    activated_at: datetime | None
    activated_by: str
    retired_at: datetime | None
    previous: str | None

    @property
    def can_activate(self) -> bool:
        """Whether a person may put it into use: it was not refused, and its files are kept."""
        return self.state in _MAY_ACTIVATE and bool(self.folder)


def releases(session: Session, *, limit: int = 20) -> list[Release]:
    """The registered models, the newest first."""
    query = _query().order_by(ModelRelease.id.desc()).limit(limit)
    return [_release(*row) for row in session.execute(query)]


def active(session: Session) -> Release | None:
    """The model in use; None before the first one is registered."""
    row = session.execute(_query().where(ModelRelease.state == ModelState.ACTIVE.value)).first()
    return _release(*row) if row else None


def release_of(session: Session, version: str) -> Release:
    """One of them.

    Raises:
        NotFound: no model of this version is registered.
    """
    row = session.execute(_query().where(ModelRelease.version == version)).first()
    if row is None:
        raise NotFound(
            f"没有版本为 {version[:60]} 的模型；可用的版本见模型页或 hotline classify versions"
        )
    return _release(*row)


def register(
    session: Session,
    actor: Actor,
    made: Made,
    *,
    refused: bool = False,
    report: Mapping[str, Any] | None = None,
    now: datetime,
) -> Release:
    """Write a model down as one that may be activated, or as refused with the report.

    One that is there already stays as it is.
    """
    state = ModelState.REFUSED if refused else ModelState.CANDIDATE
    row = ModelRelease(
        version=made.version,
        state=state.value,
        folder=made.folder,
        texts=made.texts,
        data_sha256=made.data_sha256,
        metrics=dict(made.metrics),
        report=dict(report or {}),
        trained_at=made.trained_at,
    )
    known = select(ModelRelease.id).where(ModelRelease.version == made.version)
    if session.scalar(known) is None:
        # Two processes may find the same model at the same moment: one of them writes it down.
        with suppress(IntegrityError), session.begin_nested():
            session.add(row)
            fact = ModelChanged(at=now, version=made.version, state=state.value)
            record(session, actor, fact)
    return release_of(session, made.version)


def activate(session: Session, actor: Actor, version: str, *, now: datetime) -> Release:
    """启用: this model answers from now on; the one before it is one step back.

    Raises:
        RoleNotAllowed: for the centre and the administrator only.
        NotFound: no model of this version is registered.
        ActionNotAllowed: it was refused, or its files are gone.
    """
    require_role(actor, *_MASTERS)
    chosen = release_of(session, version)
    if chosen.state is ModelState.ACTIVE:
        return chosen
    if chosen.state is ModelState.REFUSED:
        raise ActionNotAllowed(f"模型 {version} 未通过检验，不能启用；原因见检验报告")
    if not chosen.folder:
        raise ActionNotAllowed(f"模型 {version} 的文件已按保留数量清理，不能再启用；请重新训练")
    before = active(session)
    _put_in_use(session, actor, chosen, before, now)
    if before is not None:
        session.execute(
            update(ModelRelease).where(ModelRelease.id == chosen.id).values(previous_id=before.id)
        )
    return release_of(session, version)


def roll_back(session: Session, actor: Actor, *, now: datetime) -> Release:
    """回退: the model before the present one answers again; the present one is retired.

    Raises:
        RoleNotAllowed: for the centre and the administrator only.
        ActionNotAllowed: there is none before it, or its files are gone.
    """
    require_role(actor, *_MASTERS)
    present = active(session)
    if present is None or present.previous is None:
        raise ActionNotAllowed("没有上一个模型可以回退")
    before = release_of(session, present.previous)
    if not before.folder:
        raise ActionNotAllowed(f"上一个模型 {before.version} 的文件已清理，不能回退")
    _put_in_use(session, actor, before, present, now)
    return release_of(session, before.version)


def good_before(session: Session, version: str) -> list[Release]:
    """The models that answered before this one, the last first: where to turn when it fails."""
    chain: list[Release] = []
    seen = {version}
    step = release_of(session, version).previous
    while step is not None and step not in seen:
        seen.add(step)
        chain.append(release_of(session, step))
        step = chain[-1].previous
    return chain


def forget_files(session: Session, *, keep: int) -> list[str]:
    """Choose which folders may be removed: all but the active one's, those before it, the newest.

    `keep` counts the ones kept besides the active one. The rows stay, with their reports; they
    are written without a folder first, so that none leads to files that are being removed.
    """
    present = active(session)
    line = [present, *good_before(session, present.version)] if present else []
    newest = [r for r in releases(session, limit=200) if r.folder]
    wanted = {r.id for r in line[:2]}
    for release in sorted(newest, key=lambda r: (r.state is ModelState.REFUSED, -r.id)):
        if len(wanted) > keep:
            break
        wanted.add(release.id)
    gone = [release for release in newest if release.id not in wanted]
    if gone:
        session.execute(
            update(ModelRelease)
            .where(ModelRelease.id.in_([release.id for release in gone]))
            .values(folder="")
        )
    return [release.folder for release in gone]


def _put_in_use(
    session: Session, actor: Actor, chosen: Release, before: Release | None, now: datetime
) -> None:
    if before is not None:
        # The active one must go first: no two may be active, not even inside a transaction.
        done = session.execute(
            update(ModelRelease)
            .where(ModelRelease.id == before.id, ModelRelease.state == ModelState.ACTIVE.value)
            .values(state=ModelState.RETIRED.value, retired_at=now)
            .returning(ModelRelease.id)
        ).first()
        if done is None:
            raise ActionNotAllowed("刚刚有人更换了模型，请查看现在启用的版本后再操作")
    session.execute(
        update(ModelRelease)
        .where(ModelRelease.id == chosen.id)
        .values(
            state=ModelState.ACTIVE.value,
            activated_at=now,
            activated_by_id=actor.staff_id,
            retired_at=None,
        )
    )
    fact = ModelChanged(
        at=now,
        version=chosen.version,
        state=ModelState.ACTIVE.value,
        previous=before.version if before else "",
    )
    record(session, actor, fact)
    session.flush()


def _query() -> Any:
    before = aliased(ModelRelease)
    return (
        select(ModelRelease, Staff.name, before.version)
        .outerjoin(Staff, Staff.id == ModelRelease.activated_by_id)
        .outerjoin(before, before.id == ModelRelease.previous_id)
        .execution_options(populate_existing=True)
    )


def _release(row: ModelRelease, activated_by: str | None, previous: str | None) -> Release:
    return Release(
        id=row.id,
        version=row.version,
        state=ModelState(row.state),
        folder=row.folder,
        texts=row.texts,
        data_sha256=row.data_sha256,
        metrics=row.metrics,
        report=row.report,
        trained_at=row.trained_at,
        activated_at=row.activated_at,
        activated_by=activated_by or "",
        retired_at=row.retired_at,
        previous=previous,
    )
