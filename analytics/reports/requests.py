"""What people asked for: kinds, channels, sources, the most frequent and the rising subjects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analytics.document import (
    Block,
    Chart,
    Column,
    Paragraph,
    Row,
    Section,
    Series,
    Shape,
    Table,
)
from analytics.reports.gathered import Counts, Gathered
from analytics.reports.tables import counted, rows_link, ticket_link
from analytics.reports.words import Three, moment
from analytics.scope import NOTHING
from analytics.tallies import OPENED
from analytics.topics import RISING_AT_LEAST, SPANS_BEFORE
from dispatch.domain.limits import SourceLevel
from dispatch.domain.vocabulary import Channel, Labelled, RequestKind

TOP = 10
"""Categories listed; the others stand together."""


def requests(found: Gathered) -> Section:
    """诉求构成: kinds, channels and the levels that sent requests down."""
    total = found.tickets
    kinds = _labelled(found, "kind", found.kinds, RequestKind)
    channels = _labelled(found, "channel", found.channels, Channel)
    sources = _labelled(found, "source", found.sources, SourceLevel, "未注明")
    tables = (
        counted(found, "诉求类型", "类型", kinds, total=total, link=_opened(found)),
        counted(found, "受理渠道", "渠道", channels, total=total, link=_opened(found)),
        counted(found, "诉求来源", "来源", sources, total=total, link=_opened(found)),
    )
    top = [f"{name} {three.now:,} 件" for name, three, _ in kinds][:3]
    words = [Paragraph(f"受理最多的类型：{'、'.join(top)}。")] if found.tickets.now else []
    return Section("requests", "诉求构成", (*words, *tables))


def _labelled(
    found: Gathered, by: str, counts: Counts, words: type[Labelled], nothing: str = "未填写"
) -> list[tuple[str, Three, str]]:
    labels = {one.value: one.label for one in words}
    return [
        (labels.get(code, code) or nothing, three, _opened(found, **{by: code or NOTHING}))
        for code, three in counts.items()
    ]


def _opened(found: Gathered, **more: str) -> str:
    """The address of the tickets that were opened in the span."""
    return rows_link(OPENED, found.span.period, **more)


def topics(found: Gathered) -> Section:
    """热点诉求: the most frequent subjects beside the span before, what rises, and cases."""
    top = [
        (found.names.get(id_, f"{id_}"), three, _category(found, id_))
        for id_, three in found.categories.items()
    ][:TOP]
    blocks: list[Block] = [Paragraph(words) for words in _sentences(found, top)]
    blocks.append(counted(found, "高频事项", "事项", top, total=found.tickets, link=_opened(found)))
    if top:
        series = (
            Series(found.span.this, [three.now for _, three, _ in top]),
            Series(found.span.last, [three.before for _, three, _ in top]),
        )
        labels = [name for name, _, _ in top]
        blocks.append(Chart("高频事项", Shape.BAR, labels, series, unit="件"))
    blocks.append(_cases(found))
    return Section("topics", "热点诉求", blocks)


def _category(found: Gathered, id_: int) -> str:
    """What a category opens; not one with others below it, whose tickets the filter counts too."""
    code = found.leaves.get(id_)
    return _opened(found, category=code) if code else ""


def _sentences(found: Gathered, top: Iterable[tuple[str, Three, str]]) -> Iterator[str]:
    names = [f"{name} {three.now:,} 件" for name, three, _ in list(top)[:3] if three.now]
    if names:
        yield f"诉求最多的事项：{'、'.join(names)}。"
    for topic in found.rising:
        place = f"，{topic.where.place}最多" if topic.where.place else ""
        unit = f"，主要由{topic.where.unit}承办" if topic.where.unit else ""
        yield (
            f"“{topic.category}”上升：{found.span.this} {topic.count:,} 件，"
            f"此前 {SPANS_BEFORE} 期平均 {topic.usual} 件{place}{unit}。"
        )
    if found.tickets.now and not found.rising:
        yield (
            f"没有明显上升的事项（不少于 {RISING_AT_LEAST} 件，"
            f"且明显多于此前 {SPANS_BEFORE} 期平均）。"
        )


def _cases(found: Gathered) -> Table:
    rows = [
        Row(
            (topic.category, case.number, case.title, case.place, moment(case.at)),
            ticket_link(case.number),
        )
        for topic in found.rising
        for case in topic.where.samples
    ]
    return Table(
        "典型案例",
        (Column("事项"), Column("工单"), Column("标题"), Column("地点"), Column("受理时间")),
        rows,
        note="取上升事项中最近受理的工单；保密工单不列。",
        empty="没有上升的事项，不列案例。",
    )
