"""The weekly report as a file: one HTML page that needs nothing else, or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analytics.rates import Rate
from analytics.sentences import changed, headline, moved, week
from analytics.tallies import FollowUpTally
from analytics.weekly import Change, WeeklyReport
from dispatch.domain.errors import InvalidInput
from dispatch.domain.worktime import SHANGHAI

FOLDER = Path(__file__).parent / "templates"


def render(report: WeeklyReport, format_: str, *, city: str) -> str:
    """The report's text in one of FORMATS.

    Raises:
        InvalidInput: there is no such format.
    """
    write = FORMATS.get(format_)
    if write is None:
        raise InvalidInput(f"没有 {format_[:20]} 格式；可用的有：{'、'.join(FORMATS)}")
    return write(report, city)


def _html(report: WeeklyReport, city: str) -> str:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, changed=changed, moved=moved, moment=_moment)
    return environment.get_template("weekly.html").render(
        report=report, headline=headline(report), sentences=week(report), city=city
    )


def percent(rate: Rate) -> str:
    """91.91%, or the words for no data."""
    return "无数据" if rate.percent is None else f"{rate.percent}%"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _json(report: WeeklyReport, city: str) -> str:
    return json.dumps(as_json(report, city=city), ensure_ascii=False, indent=2) + "\n"


def as_json(report: WeeklyReport, *, city: str) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "city": city,
        "week": report.week,
        "from": report.period.first.isoformat(),
        "to": report.period.last.isoformat(),
        "finished": report.finished,
        "made_at": report.made_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "headline": headline(report),
        "sentences": week(report),
        "totals": {
            name: _change(getattr(report, name))
            for name in ("calls", "tickets", "dispatched", "closed")
        },
        "figures": [
            {
                "code": code,
                "name": line.figure.name,
                **_rate(line.rate),
                "before": _rate(line.before),
                "formula": line.figure.formula,
            }
            for code, line in report.figures.items()
        ],
        "dispositions": {
            (ending.value if ending else "unrecorded"): count
            for ending, count in report.dispositions.items()
        },
        "kinds": {kind.value: count for kind, count in report.kinds.items()},
        "categories": [{"name": c.name, **_change(c.count)} for c in report.categories],
        "lines": [
            {"number": x.number, "name": x.name, "direct_answer": _rate(x.direct)}
            for x in report.lines
        ],
        "classes": [
            {
                "class": c.kind.value,
                "name": c.kind.label,
                "dispatched": c.dispatched,
                "in_time": c.in_time,
                "late": c.late,
                "open": c.open,
                "overdue": c.overdue,
            }
            for c in report.classes
        ],
        "late_units": [
            {"unit": u.name, "class": u.kind.value, "on_time": _rate(u.in_time)}
            for u in report.late_units
        ],
        "overdue": {
            "count": report.overdue_count,
            "oldest": [
                {
                    "number": t.number,
                    "title": t.title,
                    "department": t.department,
                    "due_at": t.due_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
                }
                for t in report.overdue
            ],
        },
        "follow_up": _follow_up(report.follow_up),
        "rising": [
            {
                "category": topic.category,
                "count": topic.count,
                "usual": float(topic.usual),
                "place": topic.where.place,
                "unit": topic.where.unit,
                "tickets": [sample.number for sample in topic.where.samples],
                "days": {day.isoformat(): count for day, count in topic.days},
            }
            for topic in report.rising
        ],
    }


def _rate(rate: Rate) -> dict[str, Any]:
    shown = rate.percent
    return {
        "hits": rate.hits,
        "judged": rate.judged,
        "percent": None if shown is None else float(shown),
    }


def _change(change: Change) -> dict[str, Any]:
    by = change.percent
    return {
        "now": change.now,
        "before": change.before,
        "change_percent": None if by is None else float(by),
    }


def _follow_up(tally: FollowUpTally) -> dict[str, Any]:
    return {
        "asked": tally.asked,
        "reached": tally.reached,
        "answered": tally.answered,
        "rated": tally.rated,
        "satisfied": tally.satisfied,
        "satisfied_of_asked": _rate(tally.of_asked),
        "satisfied_of_reached": _rate(tally.of_reached),
        "satisfied_of_answered": _rate(tally.of_answered),
    }


FORMATS: Mapping[str, Callable[[WeeklyReport, str], str]] = {"html": _html, "json": _json}
