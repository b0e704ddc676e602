"""A chart of a report as a Vega-Lite specification: data and marks, no drawing yet.

Words from the report go in as data only, never as an expression of the drawing library's.
"""

from __future__ import annotations

from typing import Any

from analytics.document import Chart, Shape
from analytics.renderers.written import display_width

WIDTH, HEIGHT = 620, 230
"""Of the plotted area, in pixels."""

BAR_HEIGHT = 22
"""Of one bar that lies, in pixels."""

WIDEST_BAR, BAND_EACH = 0.8, 0.18
"""Share of its place that an upright bar takes, and how it shrinks with few bars."""

LONG_LABEL = 8
"""Half-width columns; with labels longer than this, bars lie so that the words stand upright."""

MOST_WRITTEN = 62
"""Marks that still have room for their numbers."""

INK, DIM, RULE, BAND = "#1a2330", "#5d6878", "#e3e7ec", "#c9d8ec"
COLOURS = ("#1b4b8a", "#d98324", "#4a8f6b", "#8b5a9f", "#5d6878", "#b3261e", "#2a9db0", "#a68a2b")
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))
"""Lines differ by more than their colour: a report is copied in black and white."""

FONTS = '"WenQuanYi Micro Hei", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'


def specification(chart: Chart) -> dict[str, Any]:
    """The chart as Vega-Lite."""
    layers = _lines(chart) if chart.shape is Shape.LINE else _bars(chart)
    lying = _lies(chart)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "height": BAR_HEIGHT * _bands(chart) if lying else HEIGHT,
        "background": "white",
        "layer": layers,
        "config": _config(),
    }


def _config() -> dict[str, Any]:
    return {
        "font": FONTS,
        "axis": {
            "labelColor": INK,
            "labelFontSize": 12,
            "titleColor": DIM,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": RULE,
            "domainColor": DIM,
            "tickColor": DIM,
            "labelLimit": 260,
        },
        "legend": {
            "orient": "top",
            "title": None,
            "labelFontSize": 12,
            "labelColor": INK,
            "labelLimit": 220,
            "columns": 4,
            "symbolStrokeWidth": 2,
        },
        "view": {"stroke": None},
        "text": {"fontSize": 11, "color": INK},
    }


def _labels(chart: Chart) -> list[str]:
    """The labels; those that read the same are kept apart by what nobody sees."""
    seen: dict[str, int] = {}
    apart = []
    for label in chart.labels:
        again = seen.get(label, 0)
        seen[label] = again + 1
        apart.append(label + "\u200b" * again)
    return apart


def _values(chart: Chart) -> list[dict[str, Any]]:
    return [
        {"label": label, "series": series.name, "place": place, "value": value}
        for place, series in enumerate(chart.series)
        for label, value in zip(_labels(chart), series.values, strict=True)
    ]


def _lies(chart: Chart) -> bool:
    longest = max((display_width(label) for label in chart.labels), default=0)
    return chart.shape is not Shape.LINE and longest > LONG_LABEL


def _bands(chart: Chart) -> int:
    beside = len(chart.series) if chart.shape is Shape.BAR else 1
    return max(2, len(chart.labels) * max(1, beside))


def _label_axis(chart: Chart) -> dict[str, Any]:
    axis: dict[str, Any] = {"title": None, "grid": False, "labelAngle": 0}
    if not _lies(chart):
        axis["labelOverlap"] = True
    return {"field": "label", "type": "nominal", "sort": None, "axis": axis}


def _value_axis(chart: Chart) -> dict[str, Any]:
    most_ticks = {"tickCount": 5, "title": chart.unit or None}
    if not _lies(chart):
        # The unit stands upright over the axis: turned letters are hard to read in Chinese.
        most_ticks |= {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end"}
        most_ticks |= {"titleX": -30, "titleY": -12}
    return {"field": "value", "type": "quantitative", "axis": most_ticks}


def _colour(chart: Chart) -> dict[str, Any]:
    names = [series.name for series in chart.series]
    scale = {"domain": names, "range": [COLOURS[i % len(COLOURS)] for i in range(len(names))]}
    shown: dict[str, Any] = {"field": "series", "type": "nominal", "scale": scale, "sort": None}
    return shown if len(names) > 1 else {**shown, "legend": None}


def _lines(chart: Chart) -> list[dict[str, Any]]:
    names = [series.name for series in chart.series]
    dashes = [list(DASHES[i % len(DASHES)]) for i in range(len(names))]
    dash: dict[str, Any] = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": names, "range": dashes},
        "sort": None,
    }
    if len(names) < 2:
        dash["legend"] = None
    colour = _colour(chart)
    if len(names) > 1:
        colour["legend"] = {"symbolType": "stroke", "symbolSize": 400}
    encoding = {
        "x": _label_axis(chart),
        # A line may begin above nought: it tells of change, not of size.
        "y": {**_value_axis(chart), "scale": {"zero": False, "nice": True}},
        "color": colour,
    }
    line = {
        "data": {"values": _values(chart)},
        "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 26, "filled": True}},
        "encoding": {**encoding, "strokeDash": dash},
    }
    return [*_band(chart), line]


def _band(chart: Chart) -> list[dict[str, Any]]:
    if chart.band is None:
        return []
    low, high = chart.band
    values = [
        {"label": label, "low": least, "high": most}
        for label, least, most in zip(_labels(chart), low, high, strict=True)
        if least is not None and most is not None
    ]
    area = {
        "data": {"values": values},
        "mark": {"type": "area", "color": BAND, "opacity": 0.6},
        "encoding": {
            "x": _label_axis(chart),
            "y": {**_value_axis(chart), "field": "low"},
            "y2": {"field": "high"},
        },
    }
    return [area]


def _bars(chart: Chart) -> list[dict[str, Any]]:
    values = {"values": _values(chart)}
    along, across = ("y", "x") if _lies(chart) else ("x", "y")
    encoding: dict[str, Any] = {along: _label_axis(chart), across: _value_axis(chart)}
    names = [series.name for series in chart.series]
    if chart.shape is Shape.STACKED:
        encoding[across] = {**encoding[across], "stack": "zero"}
        encoding["order"] = {"field": "place", "type": "quantitative"}
    else:
        encoding[across] = {**encoding[across], "stack": None}
        if len(names) > 1:
            encoding[f"{along}Offset"] = {"field": "series", "sort": names}
    bar: dict[str, Any] = {"type": "bar", "cornerRadiusEnd": 1}
    if f"{along}Offset" not in encoding and not _lies(chart):
        # Two or three bars are not to be as wide as the page.
        bar["width"] = {"band": min(WIDEST_BAR, BAND_EACH * len(chart.labels))}
    bars = {
        "data": values,
        "mark": bar,
        "encoding": {**encoding, "color": _colour(chart)},
    }
    if chart.shape is Shape.STACKED or len(chart.labels) * len(names) > MOST_WRITTEN:
        return [bars]
    aside = {"align": "left", "dx": 4} if _lies(chart) else {"baseline": "bottom", "dy": -3}
    numbers = {
        "data": values,
        "transform": [{"filter": "isValid(datum.value)"}],
        "mark": {"type": "text", **aside},
        "encoding": {**encoding, "text": {"field": "value", "type": "quantitative"}},
    }
    return [bars, numbers]
