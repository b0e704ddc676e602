"""Moments as whole seconds in SQL: the one function that each database writes in its own way."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

EPOCH = date(1970, 1, 1)
DAY_S = 86_400
MINUTE_S = 60
CITY_S = 8 * 3_600
"""The city's clock runs eight hours before UTC, without summer time since 1992."""


class Epoch(FunctionElement[int]):
    """Whole seconds since 1970 of a time column, fractions cut off."""

    type = BigInteger()
    name = "epoch"
    inherit_cache = True


@compiles(Epoch)
def _standard(element: Epoch, compiler: SQLCompiler, **kw: Any) -> str:
    moment = compiler.process(element.clauses, **kw)
    return f"CAST(floor(EXTRACT(epoch FROM {moment})) AS BIGINT)"


@compiles(Epoch, "sqlite")
def _sqlite(element: Epoch, compiler: SQLCompiler, **kw: Any) -> str:
    return f"unixepoch({compiler.process(element.clauses, **kw)})"


def minute_start(moment: Any) -> Any:
    """The beginning of its minute, in seconds since 1970."""
    seconds = Epoch(moment)
    return seconds - seconds % MINUTE_S


def city_seconds(moment: Any) -> Any:
    """Seconds since 1970 by the city's clock: what remains by the day is the time of day."""
    return Epoch(moment) + CITY_S


def time_of_day(moment: Any) -> Any:
    """Seconds since the city's midnight."""
    return city_seconds(moment) % DAY_S


def day_start(moment: Any) -> Any:
    """The city's midnight, in seconds since 1970 by the city's clock."""
    return city_seconds(moment) - time_of_day(moment)
