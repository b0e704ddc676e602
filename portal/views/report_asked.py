"""Which report an address asks for: its kind, its span, and of a special one the part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from analytics.reports.spans import Span, last_finished, read_span, span_of
from analytics.scope import EVERYTHING, Scope
from dispatch.domain.errors import NotFound
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.worktime import SHANGHAI
from portal.deps import Now

Of = Annotated[str, Query(max_length=40)]


def kind_of(code: str) -> ReportKind:
    """The kind in an address.

    Raises:
        NotFound: there is no such kind.
    """
    try:
        return ReportKind(code)
    except ValueError as error:
        raise NotFound("没有这种报表") from error


def _span(kind: str, of: str, now: Now) -> Span:
    wanted = kind_of(kind)
    return read_span(wanted, of) if of else current(wanted, now)


def current(kind: ReportKind, now: Now) -> Span:
    """What one opens first: the day before for a day, else the span that runs."""
    if kind is ReportKind.DAILY:
        return last_finished(kind, now)
    return span_of(kind, now.astimezone(SHANGHAI).date())


@dataclass(frozen=True)
class Asked:
    """Which report is asked for: its span, and of a special one the part of the city."""

    span: Span
    scope: Scope

    @property
    def query(self) -> str:
        """As the part of an address."""
        of = urlencode({"of": self.span.code})
        return f"{of}&{self.scope.query}" if self.scope.chosen else of


def asked(request: Request, now: Now, kind: str, of: Of = "") -> Asked:
    """Read what is asked for from the address."""
    given = request.query_params
    if not of and given.get("from"):
        of = f"{given['from']}..{given.get('to', given['from'])}"
    span = _span(kind, of or given.get("week", ""), now)
    scope = Scope.read(given) if span.kind is ReportKind.SPECIAL else EVERYTHING
    return Asked(span, scope)


AskedFor = Annotated[Asked, Depends(asked)]
