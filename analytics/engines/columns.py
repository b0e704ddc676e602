"""What an archive holds: the columns figures are counted from, and nothing a person said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    Alias,
    BinaryExpression,
    BindParameter,
    Boolean,
    Column,
    Float,
    Integer,
    Null,
    String,
    Table,
)
from sqlalchemy.sql import operators, visitors

from dispatch.db import Base, UtcDateTime
from dispatch.models.catalog import Category, Division, Line
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.handling import Application
from dispatch.models.judging import Exclusion
from dispatch.models.people import Department, Staff
from dispatch.models.telephone import AgentInterval, CallBack
from dispatch.models.tickets import Assignment, Ticket

CODE = 40
"""Text as short as this is a code or a state; longer text is what somebody wrote."""

PRIVATE = frozenset(
    {"caller", "phone", "query_code", "number", "call_id", "call_uuid", "ticket_ref", "channel_id"}
)
"""Short texts that lead to a person or to one conversation."""

MARK = "*"
"""What stands in an archive for a text that is there; an empty one and none stay what they are."""


def _table(model: type[Base]) -> Table:
    found = model.__table__
    assert isinstance(found, Table)
    return found


CONTACT, TICKET = _table(Contact), _table(Ticket)
OF_TICKETS = tuple(_table(model) for model in (Assignment, FollowUp, Application))
"""Tables whose rows belong to a ticket and change only when a fact of the ticket is recorded."""

COUNTED = (TICKET, CONTACT, *OF_TICKETS)
"""The tables that grow with every call, and of which every change is told by a fact or seen."""

OF_SEATS = tuple(_table(model) for model in (CallBack, AgentInterval))
"""Tables that change without a fact: kept for a far engine, here always asked live."""

ARCHIVED = (*COUNTED, *OF_SEATS)
"""All that an archive keeps in blocks."""

_SMALL = (Department, Category, Division, Line, Staff, Exclusion)
SMALL = tuple(_table(model) for model in _SMALL)
"""Tables of a city's size: read whole from the live database, so that they are always true."""


def _kind(column: Column[Any]) -> str | None:
    """The column's type in an archive; None for what is not kept there."""
    if isinstance(column.type, UtcDateTime):
        return "TIMESTAMP"
    if isinstance(column.type, Boolean):
        return "BOOLEAN"
    if isinstance(column.type, Integer):
        return "BIGINT"
    if isinstance(column.type, Float):
        return "DOUBLE"
    if isinstance(column.type, String) and not isinstance(column.type, JSON):
        return "VARCHAR"
    return None


def _short(column: Column[Any]) -> bool:
    length = column.type.length if isinstance(column.type, String) else 0
    return length is not None and length <= CODE


def _kept(table: Table) -> dict[str, str]:
    return {column.name: kind for column in table.columns if (kind := _kind(column))}


def _public(table: Table) -> dict[str, str]:
    """A small table's codes, and its names but for those of persons."""
    named = ("login",) if table.name == "staff" else ("name", "short_name")
    return {
        name: kind
        for name, kind in _kept(table).items()
        if name in named or (_short(table.c[name]) and name != "phone")
    }


COLUMNS: Mapping[str, Mapping[str, str]] = {
    **{table.name: _kept(table) for table in ARCHIVED},
    **{table.name: _public(table) for table in SMALL},
}
"""By table: the columns an archive answers for, with their types."""

MARKED = frozenset(
    (table.name, name)
    for table in ARCHIVED
    for name in COLUMNS[table.name]
    if name in PRIVATE or not _short(table.c[name])
)
"""Columns of which an archive tells only whether there is a text."""


@dataclass(frozen=True)
class Reach:
    """What a statement reads: tables, columns, and whether it asks for texts themselves."""

    tables: frozenset[str]
    columns: frozenset[tuple[str, str]]
    texts: bool

    @property
    def archived(self) -> bool:
        """Whether an archive can answer: it knows every column, and a large table is read."""
        known = all(name in COLUMNS.get(table, {}) for table, name in self.columns)
        large = any(table.name in self.tables for table in COUNTED)
        seats = any(table.name in self.tables for table in OF_SEATS)
        told = not seats and all(table in COLUMNS for table in self.tables)
        return known and large and told and not self.texts


def reach(statement: Any) -> Reach:
    """What a statement reads. Whole rows count as every column of their table."""
    tables: set[str] = set()
    read: Counter[tuple[str, str]] = Counter()
    compared: Counter[tuple[str, str]] = Counter()
    for described in getattr(statement, "column_descriptions", ()):
        entity = described["expr"]
        if isinstance(entity, type) and issubclass(entity, Base):
            read.update((entity.__tablename__, column.name) for column in _table(entity).columns)
    for element in visitors.iterate(statement):
        if isinstance(element, Table):
            tables.add(element.name)
        elif (one := named(element)) is not None:
            read[one] += 1
        elif isinstance(element, BinaryExpression) and for_presence(element):
            compared.update(filter(None, [named(element.left)]))
    texts = any(read[one] > compared[one] for one in read if one in MARKED)
    return Reach(frozenset(tables | {table for table, _ in read}), frozenset(read), texts)


def named(element: Any) -> tuple[str, str] | None:
    """A column with its table, whatever the statement calls that table."""
    if not isinstance(element, Column):
        return None
    table: Any = element.table
    while isinstance(table, Alias):
        table = table.element
    return (table.name, element.name) if isinstance(table, Table) else None


def for_presence(asked: BinaryExpression[Any]) -> bool:
    """Whether a comparison asks only if there is a text: with NULL, or with the empty one."""
    if isinstance(asked.right, Null):
        return asked.operator in (operators.is_, operators.is_not)
    empty = isinstance(asked.right, BindParameter) and asked.right.value == ""
    return empty and asked.operator in (operators.eq, operators.ne)
