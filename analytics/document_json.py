"""A document as plain JSON and back again: how an issued report is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from analytics.document import (
    Block,
    Chart,
    Column,
    Document,
    Kind,
    Paragraph,
    Row,
    Section,
    Series,
    Shape,
    Table,
)


def to_json(document: Document) -> dict[str, Any]:
    """The document as plain values; `from_json` makes the same document of them."""
    return {
        "title": document.title,
        "kind": document.kind,
        "city": document.city,
        "period": document.period,
        "made_at": document.made_at,
        "headline": document.headline,
        "sections": [
            {
                "code": section.code,
                "title": section.title,
                "blocks": [_block(block) for block in section.blocks],
            }
            for section in document.sections
        ],
        "notes": list(document.notes),
    }


def from_json(values: Mapping[str, Any]) -> Document:
    """The document that `to_json` wrote down.

    Raises:
        KeyError: the values are of no document.
    """
    return Document(
        title=values["title"],
        kind=values["kind"],
        city=values["city"],
        period=values["period"],
        made_at=values["made_at"],
        headline=values["headline"],
        sections=tuple(
            Section(
                section["code"],
                section["title"],
                tuple(_read_block(block) for block in section["blocks"]),
            )
            for section in values["sections"]
        ),
        notes=tuple(values["notes"]),
    )


def digest(values: Mapping[str, Any]) -> str:
    """SHA-256 of the values, the same whatever order their names stand in."""
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"paragraph": block.words, "link": block.link}
    if isinstance(block, Table):
        return {
            "table": block.name,
            "columns": [{"heading": c.heading, "kind": c.kind.value} for c in block.columns],
            "rows": [_row(row) for row in block.rows],
            "total": None if block.total is None else _row(block.total),
            "note": block.note,
            "empty": block.empty,
        }
    return {
        "chart": block.name,
        "shape": block.shape.value,
        "labels": list(block.labels),
        "series": [{"name": one.name, "values": list(one.values)} for one in block.series],
        "unit": block.unit,
        "band": None if block.band is None else [list(side) for side in block.band],
    }


def _row(row: Row) -> dict[str, Any]:
    return {"cells": list(row.cells), "link": row.link, "links": list(row.links)}


def _read_block(values: Mapping[str, Any]) -> Block:
    if "paragraph" in values:
        return Paragraph(values["paragraph"], values["link"])
    if "table" in values:
        return Table(
            name=values["table"],
            columns=tuple(Column(c["heading"], Kind(c["kind"])) for c in values["columns"]),
            rows=tuple(_read_row(row) for row in values["rows"]),
            total=None if values["total"] is None else _read_row(values["total"]),
            note=values["note"],
            empty=values["empty"],
        )
    band = values["band"]
    return Chart(
        name=values["chart"],
        shape=Shape(values["shape"]),
        labels=tuple(values["labels"]),
        series=tuple(Series(one["name"], tuple(one["values"])) for one in values["series"]),
        unit=values["unit"],
        band=None if band is None else (tuple(band[0]), tuple(band[1])),
    )


def _read_row(values: Mapping[str, Any]) -> Row:
    return Row(tuple(values["cells"]), values["link"], tuple(values["links"]))
