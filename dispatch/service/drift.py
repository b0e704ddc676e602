"""漂移报告: by week, how sure the models were, what came in, and what people made of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, select

from dispatch.db import Session
from dispatch.domain.drift import DriftFigure, by_chance, divergence
from dispatch.domain.people import Actor
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible_to
from dispatch.service.training_rows import city_words

USUAL_WEEKS = 8
"""What a week's mix of categories is compared with: the weeks before it."""

MOST_BEHIND = 500
"""Numbers listed behind one figure."""

WEEK = timedelta(days=7)

_MODEL = Ticket.suggestion["model"].as_string()
_BEST = Ticket.suggestion[("categories", 0, 0)].as_string()
_CHANCE = Ticket.suggestion[("categories", 0, 1)].as_float()
_SURE = Ticket.suggestion["sure"].as_boolean()


@dataclass(frozen=True, kw_only=True)
class DriftWeek:
    """One week of one model, or of all of them (`version` ""), by when the tickets were taken.

    Shares are 0 to 1 and None where nothing can be said: `sure_share` of the tickets proposed
    for, `taken_share` of those that have a category, `return_share` of those that were
    dispatched. `mix_shift` is in bits, `mix_noise` what it would be by chance alone.
    """

    monday: date
    version: str
    tickets: int
    confidence: float | None
    sure_share: float | None
    taken_share: float | None
    return_share: float | None
    mix_shift: float | None
    mix_noise: float | None


@dataclass(frozen=True)
class _Seen:
    monday: date
    version: str
    best: str
    chance: float
    sure: bool | None
    category: str | None
    returned: bool
    dispatched: bool


def weekly(session: Session, *, until: datetime, weeks: int = 12) -> list[DriftWeek]:
    """The newest so many weeks, the newest first; of each all models together, then each model."""
    last = _monday(until.astimezone(SHANGHAI).date())
    first = last - (weeks - 1) * WEEK
    groups: defaultdict[tuple[date, str], list[_Seen]] = defaultdict(list)
    for seen in _read(session, first - USUAL_WEEKS * WEEK, last + WEEK):
        groups[seen.monday, ""].append(seen)
        groups[seen.monday, seen.version].append(seen)
    tops = _tops(city_words(session).parents)
    mixes = {
        monday: _mix(listed, tops) for (monday, version), listed in groups.items() if not version
    }
    found = []
    for monday, version in sorted(groups, key=lambda key: (-key[0].toordinal(), key[1])):
        if monday >= first:
            usual = sum(
                (mixes.get(monday - n * WEEK, Counter()) for n in range(1, USUAL_WEEKS + 1)),
                Counter[str](),
            )
            listed = groups[monday, version]
            found.append(_week(monday, version, listed, _mix(listed, tops), usual))
    return found


def tickets_behind(
    session: Session, reader: Actor, *, monday: date, figure: DriftFigure, version: str = ""
) -> list[str]:
    """The numbers of the tickets of a week that a figure counts, as far as the reader sees them."""
    query = select(Ticket.number).outerjoin(Category, Category.id == Ticket.category_id)
    query = query.where(_proposed(monday, monday + WEEK), _WHICH[figure])
    if version:
        query = query.where(version == _MODEL)
    newest = query.order_by(Ticket.created_at.desc(), Ticket.id.desc()).limit(MOST_BEHIND)
    return list(session.scalars(visible_to(reader, newest)))


_WHICH: Mapping[DriftFigure, ColumnElement[bool]] = {
    DriftFigure.ALL: Ticket.id > 0,
    DriftFigure.UNSURE: _SURE.is_(False),
    DriftFigure.NOT_TAKEN: Category.code != _BEST,
    DriftFigure.RETURNED: Ticket.returns > 0,
}


def _read(session: Session, first: date, end: date) -> Iterator[_Seen]:
    query = (
        select(
            Ticket.created_at,
            _MODEL,
            _BEST,
            _CHANCE,
            _SURE,
            Category.code,
            Ticket.returns,
            Ticket.dispatches,
        )
        .select_from(Ticket)
        .outerjoin(Category, Category.id == Ticket.category_id)
    )
    for row in session.execute(query.where(_proposed(first, end))).yield_per(1000):
        at, version, best, chance, sure, category, returns, dispatches = row
        day = at.astimezone(SHANGHAI).date()
        yield _Seen(
            _monday(day),
            version or "",
            best,
            chance or 0.0,
            sure,
            category,
            returns > 0,
            dispatches > 0,
        )


def _proposed(first: date, end: date) -> ColumnElement[bool]:
    begin, stop = (datetime.combine(day, time(), SHANGHAI) for day in (first, end))
    return and_(Ticket.created_at >= begin, Ticket.created_at < stop, _BEST.is_not(None))


def _week(
    monday: date, version: str, listed: Sequence[_Seen], mix: Counter[str], usual: Counter[str]
) -> DriftWeek:
    return DriftWeek(
        monday=monday,
        version=version,
        tickets=len(listed),
        confidence=sum(seen.chance for seen in listed) / len(listed),
        sure_share=_share(seen.sure for seen in listed if seen.sure is not None),
        taken_share=_share(seen.best == seen.category for seen in listed if seen.category),
        return_share=_share(seen.returned for seen in listed if seen.dispatched),
        mix_shift=divergence(mix, usual),
        mix_noise=by_chance(mix, usual),
    )


def _share(said: Iterable[bool]) -> float | None:
    listed = list(said)
    return sum(listed) / len(listed) if listed else None


def _mix(listed: Iterable[_Seen], tops: Mapping[str, str]) -> Counter[str]:
    """How many tickets each category of the first level has."""
    return Counter(tops.get(seen.category, seen.category) for seen in listed if seen.category)


def _tops(parents: Mapping[str, str]) -> dict[str, str]:
    """The category of the first level above each."""
    tops: dict[str, str] = {}
    for code in parents:
        top, steps = code, 0
        while top in parents and steps < len(parents):
            top, steps = parents[top], steps + 1
        tops[code] = top
    return tops


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
