"""A document goes into JSON and comes back the same."""

from __future__ import annotations

import json

from analytics.document import (
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
from analytics.document_json import digest, from_json, to_json

DOCUMENT = Document(
    title="甲市 12345 热线周报",
    kind="weekly",
    city="甲市",
    period="2026年11月9日至11月15日",
    made_at="2026-11-16 08:00",
    headline="本周来电 1,204 个。",
    sections=(
        Section(
            "volume",
            "总体情况",
            (
                Paragraph("本周来电 1,204 个。", "/figures/direct_answer_rate"),
                Table(
                    "受理",
                    (Column("类型"), Column("件数", Kind.COUNT), Column("占比", Kind.PERCENT)),
                    (Row(("投诉", 10, 62.5), "/x", ("", "/y", "")), Row(("求助", 6, None))),
                    total=Row(("合计", 16, 100.0)),
                    note="未归类的不列。",
                ),
                Chart(
                    "每日来电",
                    Shape.LINE,
                    ("9日", "10日"),
                    (Series("来电", (1.0, None)),),
                    unit="个",
                    band=((0.5, None), (2.0, None)),
                ),
            ),
        ),
    ),
    notes=("算式。",),
)


def test_a_document_comes_back_the_same_through_text() -> None:
    text = json.dumps(to_json(DOCUMENT), ensure_ascii=False)
    assert from_json(json.loads(text)) == DOCUMENT


def test_the_digest_holds_for_any_order_of_names_and_for_no_other_figure() -> None:
    values = to_json(DOCUMENT)
    turned = dict(reversed(values.items()))
    assert digest(turned) == digest(values)
    turned["headline"] = "本周来电 1,205 个。"
    assert digest(turned) != digest(values)
