"""Many figures in one pass: those of one table and one period rule are counted together.

Each figure keeps its own conditions. What all of a pass have in common, the period, chooses the
rows; a subquery that several ask for is asked once a row; every figure is then a count with a
filter of its own over the same rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    Column,
    and_,
    func,
    select,
    true,
    union_all,
)
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.selectable import Exists, ScalarSelect, SelectBase

from analytics.conditions import Condition, Definition
from analytics.engines.columns import MARKED, for_presence, named
from analytics.engines.dialect import FiguresDialect
from dispatch.db import Session

_DIALECT: Any = FiguresDialect
_WORDS = _DIALECT()

Counts = tuple[int | None, int]
"""Hits, or the sum of a mean which is None of nothing, and how many were judged."""


@dataclass
class _Pass:
    """Definitions with what they have in common, by their places in the list asked for."""

    bound: list[Condition]
    """Who is in it: by one of these, which no row meets twice."""
    common: list[Condition]
    places: list[int]
    met: frozenset[tuple[str, str]] = frozenset()
    """What every row of the pass is known to meet, by its words and values."""

    def left_of(self, judged: Condition) -> Condition:
        """What a row of the pass is still to be asked."""
        return and_(true(), *(part for part in _conjuncts(judged) if _key(part) not in self.met))


def count_together(session: Session, table: Any, definitions: Sequence[Definition]) -> list[Counts]:
    """The counts of each definition, in order; one statement for each period rule."""
    return count_together_by(session, table, definitions, None).get(None, [])


def count_together_by(
    session: Session, table: Any, definitions: Sequence[Definition], by: Any
) -> dict[Any, list[Counts]]:
    """The same for each value of an expression over the table, where there is a row.

    Without an expression it is one value, by the key None.
    """
    keys = () if by is None else (by.label("key"),)
    found: defaultdict[Any, list[Counts]] = defaultdict(lambda: [(None, 0)] * len(definitions))
    for one in _passes(definitions):
        chosen = [definitions[place] for place in one.places]
        for row in session.execute(_statement(table, one, chosen, keys)):
            key, parts = (row[0], row[1:]) if keys else (None, row)
            for place, first, n in zip(one.places, parts[::2], parts[1::2], strict=True):
                found[key][place] = (None if first is None else int(first), n)
    return dict(found)


def _passes(definitions: Sequence[Definition]) -> Iterator[_Pass]:
    """The definitions by the bound of their period; the most common bound first."""
    left = {
        place: {_key(part): part for part in _conjuncts(what.judged)}
        for place, what in enumerate(definitions)
    }
    while left:
        bounds = Counter(key for parts in left.values() for key in parts if _is_bound(parts[key]))
        if not bounds:
            for place in left:
                yield _Pass([true()], [definitions[place].judged], [place])
            return
        shared, _ = bounds.most_common(1)[0]
        places = [place for place, parts in left.items() if shared in parts]
        first, *others = (left.pop(place) for place in places)
        common = [key for key in first if all(key in parts for parts in others)]
        plain = [key for key in common if key != shared and not _asks(first[key])]
        bound = list(_apart(first[shared]))
        yield _Pass(bound, [first[key] for key in plain], places, frozenset({shared, *plain}))


def _apart(bound: Any) -> Iterator[Condition]:
    """The sides of an OR as conditions that no row meets twice; each has its own index, or files.

    An engine that looks a file's least and largest values up can leave it out for a condition,
    not for a choice of two.
    """
    sides = bound.clauses if getattr(bound, "operator", None) is operators.or_ else [bound]
    before: list[Any] = []
    for side in sides:
        yield and_(side, *(~func.coalesce(other, False) for other in before))
        before.append(side)


@lru_cache(maxsize=1000)
def _key(element: Any) -> tuple[str, str]:
    """What two conditions have in common that say the same: their words and their values."""
    written = element.compile(dialect=_WORDS)
    return (str(written), repr(list(written.params.values())))


def _conjuncts(condition: Any) -> Iterator[Any]:
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for part in condition.clauses:
            yield from _conjuncts(part)
    else:
        yield condition


def _is_bound(part: Any) -> bool:
    """Whether a condition chooses rows by a moment they must not lie before."""
    late = getattr(part, "operator", None) in (operators.ge, operators.or_)
    return (
        late
        and not _asks(part)
        and any(
            isinstance(one, BindParameter) and isinstance(one.value, datetime)
            for one in visitors.iterate(part)
        )
    )


def _asks(part: Any) -> bool:
    """Whether a condition asks a subquery."""
    return any(isinstance(one, SelectBase | ScalarSelect) for one in visitors.iterate(part))


def _statement(
    table: Any, one: _Pass, definitions: Sequence[Definition], keys: Sequence[Any]
) -> Any:
    """The one SELECT of a pass: the rows within, the filtered counts over them by the keys."""
    asked: dict[Any, Any] = {}
    read: dict[str, Any] = {}
    wanted = [
        replace(what, judged=one.left_of(what.judged), hit=one.left_of(what.hit))
        for what in definitions
    ]
    for what in wanted:
        for part in (what.judged, what.hit, what.value):
            if part is not None:
                _collect(part, table.__table__, asked, read)
    flags = {name: flag.label(f"asked_{i}") for i, (name, flag) in enumerate(asked.items())}
    rows = _within(one, table.__table__, [*keys, *read.values()], flags.values())

    def put(element: Any, **_: Any) -> Any:
        if _is_flag(element):
            return rows.c[flags[_key(element)].name]
        if isinstance(element, Column) and element.table is table.__table__:
            return rows.c[element.name]
        return None

    parts: list[Any] = []
    for what in wanted:
        judged = visitors.replacement_traverse(what.judged, {}, put)
        n = func.count().filter(judged)
        if what.value is None:
            hit = visitors.replacement_traverse(what.hit, {}, put)
            parts += [func.count().filter(and_(judged, hit)), n]
        else:
            summed = visitors.replacement_traverse(what.value, {}, put)
            parts += [func.sum(summed).filter(judged), n]
    grouped = [rows.c[by.name] for by in keys]
    return select(*grouped, *parts).select_from(rows).group_by(*grouped)


def _within(one: _Pass, table: Any, columns: Sequence[Any], flags: Collection[Any]) -> Any:
    """The rows of a pass, with the columns and flags that its figures ask for.

    An EXISTS is asked once of all of them, not on each side of an OR anew.
    """
    late = [flag for flag in flags if isinstance(flag.element, Exists)]
    early = [flag for flag in flags if not isinstance(flag.element, Exists)]
    wide = {column.name: column for column in (*columns, *early)}
    for flag in late:
        for each in visitors.iterate(flag):
            if isinstance(each, Column) and each.table is table:
                wide.setdefault(each.name, each)
    parts = [
        select(*(wide.values() or table.primary_key.columns)).where(part, *one.common)
        for part in one.bound
    ]
    rows = (parts[0] if len(parts) == 1 else union_all(*parts)).subquery()

    def put(element: Any, **_: Any) -> Any:
        mine = isinstance(element, Column) and element.table is table
        return rows.c[element.name] if mine else None

    asked = [visitors.replacement_traverse(flag, {}, put) for flag in late]
    return select(*rows.c, *asked).subquery() if asked else rows


def _is_flag(element: Any) -> bool:
    """A condition by a subquery, EXISTS or IN over a SELECT; and whether there is a text.

    A text itself never leaves the table: an archive knows only whether there is one.
    """
    if isinstance(element, Exists):
        return True
    if isinstance(element, BinaryExpression) and for_presence(element):
        return named(element.left) in MARKED
    into = getattr(element, "operator", None) in (operators.in_op, operators.not_in_op)
    return into and _asks(element.right)


def _collect(part: Any, table: Any, asked: dict[Any, Any], read: dict[str, Any]) -> None:
    """The distinct subqueries of a condition, and the table's columns outside of them."""
    if _is_flag(part):
        asked.setdefault(_key(part), part)
        return
    if isinstance(part, ScalarSelect):
        raise TypeError("a pass knows conditions by a subquery, not its value")
    if isinstance(part, Column) and part.table is table:
        read[part.name] = part
        return
    for child in part.get_children():
        _collect(child, table, asked, read)
