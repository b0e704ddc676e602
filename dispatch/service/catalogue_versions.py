"""Versions of the dispatch catalogue: looked at before, loaded with a date, and gone back from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.catalogue_rows import Change, Difference, Preview, Problem, Row
from dispatch.domain.errors import CannotUndo, InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import CatalogueVersion, Category, Division, Responsibility
from dispatch.models.people import Department, Staff
from dispatch.service.access import require_role
from dispatch.service.routing import BETWEEN, EVERYWHERE, in_force, version_on


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version as the page lists it; `until` is the day before the next one begins."""

    id: int
    label: str
    note: str
    rows: int
    effective_from: date
    until: date | None
    loaded_at: datetime
    loaded_by: str
    withdrawn_at: datetime | None
    in_force: bool


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One row of the catalogue in force."""

    category: str
    category_name: str
    division: str
    place: str
    lead: str
    lead_name: str
    supporting: tuple[str, ...]
    supporting_names: tuple[str, ...]
    legal_basis: str


@dataclass(frozen=True)
class _Known:
    """Codes and names that rows may speak of."""

    categories: Mapping[str, tuple[int, str]]
    units: Mapping[str, tuple[int, str, str]]
    places: Mapping[str, str]


def preview(
    session: Session, rows: Iterable[Row], problems: Iterable[Problem] = (), *, on: date
) -> Preview:
    """What loading these rows would change against the catalogue in force on that day.

    Rows that do not hold are named with their line; the good ones are kept all the same.
    """
    known = _known(session)
    good: list[Row] = []
    wrong = list(problems)
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        sentence = _problem(row, known, seen)
        if sentence:
            wrong.append(Problem(row.line, sentence))
            continue
        seen[row.category, row.division] = row.line
        good.append(row)
    before = {(one.category, one.division): _words(one) for one in listed(session, on=on)}
    after = {(row.category, row.division): _row_words(row, known) for row in good}
    return Preview(
        good=tuple(good),
        problems=tuple(sorted(wrong, key=lambda problem: problem.line)),
        differences=tuple(_differences(before, after, known)),
    )


def load_version(
    session: Session,
    actor: Actor,
    rows: Iterable[Row],
    *,
    label: str,
    effective_from: date,
    note: str = "",
    now: datetime,
) -> CatalogueVersion:
    """Put a whole new catalogue in force from a day on.

    The rows in force before hold until the day before; they are kept, so that going back is
    exact. A version of a future day takes effect by itself.

    Raises:
        InvalidInput: no label, a day that is over, or rows that do not hold.
    """
    require_role(actor, Role.ADMIN, Role.CENTER)
    if not label.strip():
        raise InvalidInput("请给这一版目录起一个名字，例如“2026 年 12 月版”", field="label")
    if effective_from < now.astimezone(SHANGHAI).date():
        raise InvalidInput(
            "生效日期不能早于今天：已经派出的工单不能改按新目录", field="effective_from"
        )
    seen = preview(session, rows, on=effective_from)
    if seen.problems:
        first = seen.problems[0]
        raise InvalidInput(
            f"第 {first.line} 行：{first.sentence}（共 {len(seen.problems)} 行有误）", field="file"
        )
    if not seen.good:
        raise InvalidInput("目录里一行也没有，不能生效", field="file")
    version = CatalogueVersion(
        label=label.strip()[:80],
        effective_from=effective_from,
        note=note.strip(),
        rows=len(seen.good),
        loaded_at=now,
        loaded_by_id=actor.staff_id,
    )
    session.add(version)
    session.flush()
    known = _known(session)
    session.add_all(_stored(row, known, version.id, effective_from) for row in seen.good)
    session.flush()
    return version


def withdraw_version(
    session: Session, actor: Actor, version_id: int, *, now: datetime
) -> CatalogueVersion:
    """回退: the catalogue is at once exactly what it would be without this version.

    Raises:
        NotFound: there is no such version.
        CannotUndo: it was withdrawn before, or has been followed by another that holds.
    """
    require_role(actor, Role.ADMIN, Role.CENTER)
    version = session.get(CatalogueVersion, version_id, with_for_update=True)
    if version is None:
        raise NotFound("没有这一版派单目录")
    if version.withdrawn_at is not None:
        raise CannotUndo(f"“{version.label}”已经撤回，不能再次撤回")
    today = now.astimezone(SHANGHAI).date()
    holds = session.scalar(version_on(today))
    if version.effective_from <= today and holds != version.id:
        raise CannotUndo(f"“{version.label}”已被后来的目录取代，不再生效；请撤回现行的一版")
    version.withdrawn_at = now
    session.flush()
    return version


def versions(session: Session, *, today: date) -> tuple[Version, ...]:
    """All versions, the newest first; withdrawn ones stay in the list."""
    rows = session.execute(
        select(CatalogueVersion, Staff.name)
        .outerjoin(Staff, Staff.id == CatalogueVersion.loaded_by_id)
        .order_by(CatalogueVersion.effective_from.desc(), CatalogueVersion.id.desc())
    ).all()
    holds = session.scalar(version_on(today))
    found: list[Version] = []
    next_from: date | None = None
    for row, name in rows:
        standing = row.withdrawn_at is None
        found.append(
            Version(
                id=row.id,
                label=row.label,
                note=row.note,
                rows=row.rows,
                effective_from=row.effective_from,
                until=next_from - timedelta(days=1) if standing and next_from else None,
                loaded_at=row.loaded_at,
                loaded_by=name or "系统",
                withdrawn_at=row.withdrawn_at,
                in_force=row.id == holds,
            )
        )
        next_from = row.effective_from if standing else next_from
    return tuple(found)


def listed(session: Session, *, on: date, search: str = "") -> tuple[Listed, ...]:
    """Rows in force on a day, by category; `search` is in a category's, place's or unit's name."""
    rows = session.execute(
        select(
            Responsibility,
            Category.code,
            Category.name,
            Division.name,
            Department.code,
            Department.short_name,
        )
        .join(Category, Category.id == Responsibility.category_id)
        .join(Department, Department.id == Responsibility.lead_id)
        .outerjoin(Division, Division.code == Responsibility.division)
        .where(in_force(on))
        .order_by(Category.code, Responsibility.division)
    )
    names = dict(session.execute(select(Department.code, Department.short_name)).all())
    found = []
    for row, category, category_name, place, lead, lead_name in rows:
        supporting = tuple(code for code in row.supporting.split(BETWEEN) if code)
        found.append(
            Listed(
                category=category,
                category_name=category_name,
                division=row.division,
                place=place or ("全市" if row.division == EVERYWHERE else row.division),
                lead=lead,
                lead_name=lead_name,
                supporting=supporting,
                supporting_names=tuple(names.get(code, code) for code in supporting),
                legal_basis=row.legal_basis,
            )
        )
    words = search.split()
    return tuple(one for one in found if all(_speaks_of(one, word) for word in words))


def _speaks_of(one: Listed, word: str) -> bool:
    said = (one.category, one.category_name, one.place, one.lead, one.lead_name, one.legal_basis)
    return any(word in text for text in (*said, *one.supporting_names))


def _known(session: Session) -> _Known:
    categories = session.execute(select(Category.code, Category.id, Category.name))
    units: dict[str, tuple[int, str, str]] = {}
    named: dict[str, list[tuple[int, str, str]]] = {}
    for unit in session.scalars(select(Department).where(Department.active.is_(True))):
        one = (unit.id, unit.code, unit.short_name)
        units[unit.code] = one
        for name in {unit.name, unit.short_name}:
            named.setdefault(name, []).append(one)
    # A name that two units share means neither of them.
    units |= {name: ones[0] for name, ones in named.items() if len(ones) == 1 and name not in units}
    places = dict(session.execute(select(Division.code, Division.name)).all())
    return _Known({code: (i, name) for code, i, name in categories}, units, places)


def _problem(row: Row, known: _Known, seen: Mapping[tuple[str, str], int]) -> str:
    if row.category not in known.categories:
        return f"没有编码为“{row.category[:40]}”的事项分类"
    if row.division != EVERYWHERE and row.division not in known.places:
        return f"没有区划代码“{row.division[:40]}”，全市请写 *"
    if (row.category, row.division) in seen:
        return f"与第 {seen[row.category, row.division]} 行是同一事项、同一属地，只能有一个主办单位"
    for name in (row.lead, *row.supporting):
        if name not in known.units:
            return f"没有单位“{name[:40]}”，或有几个单位同名、单位已停用；请填写单位编码"
    if known.units[row.lead] in [known.units[name] for name in row.supporting]:
        return "主办单位不能同时是协办单位"
    return ""


def _stored(row: Row, known: _Known, version_id: int, since: date) -> Responsibility:
    return Responsibility(
        category_id=known.categories[row.category][0],
        division=row.division,
        lead_id=known.units[row.lead][0],
        supporting=BETWEEN.join(known.units[name][1] for name in row.supporting),
        legal_basis=row.legal_basis,
        effective_from=since,
        version_id=version_id,
    )


def _row_words(row: Row, known: _Known) -> str:
    helpers = "、".join(known.units[name][2] for name in row.supporting)
    return _said(known.units[row.lead][2], helpers, row.legal_basis)


def _words(one: Listed) -> str:
    return _said(one.lead_name, "、".join(one.supporting_names), one.legal_basis)


def _said(lead: str, helpers: str, law: str) -> str:
    return "；".join(part for part in (lead, helpers and f"协办 {helpers}", law) if part)


def _differences(
    before: Mapping[tuple[str, str], str], after: Mapping[tuple[str, str], str], known: _Known
) -> Iterable[Difference]:
    for key in sorted({*before, *after}):
        old, new = before.get(key, ""), after.get(key, "")
        if old == new:
            continue
        change = Change.CHANGED if old and new else Change.ADDED if new else Change.REMOVED
        category = known.categories.get(key[0], (0, key[0]))[1]
        place = "全市" if key[1] == EVERYWHERE else known.places.get(key[1], key[1])
        yield Difference(change, f"{category}（{key[0]}）· {place}", old, new)
