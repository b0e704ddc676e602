"""What is typed on a brief, read into domain words and shown again as typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime

from dispatch.domain.errors import InvalidInput
from dispatch.domain.reporting_terms import BriefLevel, Origin
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI, local
from dispatch.service.brief_queries import BriefView
from dispatch.service.briefs import BriefForm


@dataclass(frozen=True)
class TypedBrief:
    """The fields of the form as text."""

    level: str = BriefLevel.ORDINARY.value
    title: str = ""
    place: str = ""
    happened_at: str = ""
    facts: str = ""
    measures: str = ""
    origin: str = Origin.OWN.value
    origin_ref: str = ""
    tickets: str = ""

    @classmethod
    def read(cls, typed: Mapping[str, object]) -> TypedBrief:
        """From a posted form; what is missing is empty."""
        names = {one.name for one in fields(cls)}
        return cls(**{key: str(value) for key, value in typed.items() if key in names})

    @classmethod
    def of(cls, form: BriefForm | BriefView) -> TypedBrief:
        """A form or a brief as text."""
        at = form.happened_at
        return cls(
            level=form.level.value,
            title=form.title,
            place=form.place,
            happened_at=f"{local(at):%Y-%m-%dT%H:%M}" if at else "",
            facts=form.facts,
            measures=form.measures,
            origin=form.origin.value,
            origin_ref=form.origin_ref,
            tickets="、".join(form.tickets),
        )

    @property
    def form(self) -> BriefForm:
        """As the service takes it.

        Raises:
            InvalidInput: a level, an origin or a moment that cannot be.
        """
        try:
            level, origin = BriefLevel(self.level), Origin(self.origin)
        except ValueError:
            raise InvalidInput("请选择要情级别：一般、重要或紧急", field="level") from None
        return BriefForm(
            level=level,
            title=self.title,
            place=self.place,
            happened_at=_moment(self.happened_at),
            facts=self.facts,
            measures=self.measures,
            origin=origin,
            origin_ref=self.origin_ref,
            tickets=tuple(self.tickets.replace("，", "、").replace(",", "、").split("、")),
        )


def close_of_day(typed: str, rules: Rules) -> datetime | None:
    """The close of business of the day that was chosen; None when none was.

    Raises:
        InvalidInput: it is no day.
    """
    if not typed.strip():
        return None
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        raise InvalidInput("日期的格式应为 2026-11-30", field="due") from None
    return rules.calendar.with_hours(rules.profile.hours).close_of(day)


def _moment(typed: str) -> datetime | None:
    if not typed.strip():
        return None
    try:
        return datetime.fromisoformat(typed.strip()).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise InvalidInput("时间的格式应为 2026-11-30 09:30", field="happened_at") from None
