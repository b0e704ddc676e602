"""A report for machines: its document, and every figure with both its counts."""

from __future__ import annotations

from typing import Any

from analytics.document import Document, Paragraph
from analytics.document_json import digest, to_json
from analytics.figures import BY_CODE
from analytics.rates import Rate, Value
from analytics.reports.gathered import Gathered


def report_json(found: Gathered, document: Document) -> dict[str, Any]:
    """Plain values: totals, figures of this span, the one before and the year before, sentences."""
    content = to_json(document)
    return {
        "kind": found.span.kind.value,
        "span": found.span.code,
        "from": found.span.period.first.isoformat(),
        "to": found.span.period.last.isoformat(),
        "finished": found.finished,
        "made_at": found.made_at.isoformat(timespec="seconds"),
        "headline": document.headline,
        "sentences": [
            block.words
            for section in document.sections
            for block in section.blocks
            if isinstance(block, Paragraph)
        ],
        "totals": {
            name: {"now": three.now, "before": three.before, "year_ago": three.year_ago}
            for name, three in (
                ("calls", found.calls),
                ("tickets", found.tickets),
                ("dispatched", found.dispatched),
                ("closed", found.closed),
            )
        },
        "figures": [
            {
                "code": code,
                "name": BY_CODE[code].name_in(found.rules),
                **_value(now),
                "before": _value(before),
                "year_ago": _value(year_ago),
                "formula": BY_CODE[code].formula,
            }
            for code, (now, before, year_ago) in found.values.items()
        ],
        "dispositions": {
            (ending.value if ending else "unrecorded"): count
            for ending, count in found.dispositions.items()
        },
        "document": content,
        "digest": digest(content),
    }


def _value(value: Value) -> dict[str, Any]:
    if isinstance(value, Rate):
        shown = value.percent
        percent = None if shown is None else float(shown)
        return {"hits": value.hits, "judged": value.judged, "percent": percent}
    mean = value.seconds
    return {
        "total_ms": value.total,
        "n": value.n,
        "seconds": None if mean is None else float(mean),
    }
