// Charts of the leader's and the model's page: each element carries its numbers in data-chart.
import echarts from "./vendor/echarts.js";

/** Colours come from the page's own tokens, resolved for light or dark. */
function palette(element) {
  const style = getComputedStyle(element);
  return { strong: style.color, weak: style.borderTopColor, text: style.outlineColor };
}

const PERCENT = (value) => `${Math.round(value * 1000) / 10}%`;

/** What all plots with two axes share. */
function plot(colours, xAxis, yAxis, series, tooltip) {
  const axis = { axisLine: { lineStyle: { color: colours.weak } }, axisLabel: { color: colours.text, fontSize: 11 }, splitLine: { lineStyle: { color: colours.weak, opacity: 0.35 } }, nameTextStyle: { color: colours.text } };
  return {
    animation: false,
    aria: { enabled: true },
    grid: { left: 8, right: 16, top: 28, bottom: 4, containLabel: true },
    legend: { show: series.filter((line) => line.name).length > 1, top: 0, textStyle: { color: colours.text } },
    tooltip: { renderMode: "richText", ...tooltip },
    xAxis: { ...axis, ...xAxis },
    yAxis: { ...axis, ...yAxis },
    series,
  };
}

const SHAPES = {
  /** How sure against how right: on the diagonal the model is honest. */
  calibration(data, colours) {
    const most = Math.max(...data.points.map(([, , n]) => n));
    const share = { type: "value", min: 0, max: 1, axisLabel: { color: colours.text, fontSize: 11, formatter: PERCENT } };
    return plot(colours, share, share, [
      { type: "line", silent: true, symbol: "none", lineStyle: { type: "dashed", color: colours.weak }, data: [[0, 0], [1, 1]] },
      { type: "line", data: data.points, encode: { x: 0, y: 1 }, symbol: "circle", symbolSize: ([, , n]) => 6 + 16 * Math.sqrt(n / most), lineStyle: { color: colours.strong, width: 1 }, itemStyle: { color: colours.strong, opacity: 0.8 } },
    ], { trigger: "item", formatter: ({ value }) => `把握 ${PERCENT(value[0])}，实际正确 ${PERCENT(value[1])}，${value[2]} 条` });
  },
  /** What more texts bring. */
  curve(data, colours) {
    const line = (name, at, color) => ({ name, type: "line", data: data.points.map((point) => [point[0], point[at]]), symbolSize: 7, lineStyle: { color }, itemStyle: { color } });
    return plot(colours, { type: "value", min: 0 }, { type: "value", scale: true, axisLabel: { color: colours.text, fontSize: 11, formatter: PERCENT } },
      [line("正确率", 1, colours.strong), line("宏 F1", 2, colours.text)],
      { trigger: "axis", valueFormatter: PERCENT });
  },
  /** A report's chart: lines, bars beside each other, or stacked; the band is what was expected. */
  report(data, colours) {
    const looks = [{ color: colours.strong }, { color: colours.text }, { color: colours.weak }, { color: colours.strong, opacity: 0.45 }];
    const bars = data.shape !== "line";
    const band = data.band ? [
      { type: "line", name: "", data: data.band[0], stack: "band", symbol: "none", silent: true, lineStyle: { opacity: 0 } },
      { type: "line", name: "", data: data.band[1].map((high, at) => (high == null ? null : high - data.band[0][at])), stack: "band", symbol: "none", silent: true, lineStyle: { opacity: 0 }, areaStyle: { color: colours.weak, opacity: 0.35 } },
    ] : [];
    const drawn = data.lines.map(([name, values], at) => ({ name, type: bars ? "bar" : "line", stack: data.shape === "stacked" ? "all" : undefined, data: values, symbolSize: 6, lineStyle: looks[at % 4], itemStyle: looks[at % 4], barMaxWidth: 28 }));
    return plot(colours, { type: "category", data: data.labels, axisLabel: { color: colours.text, fontSize: 11, interval: "auto", hideOverlap: true } }, { type: "value", min: 0, minInterval: 1, name: data.unit },
      [...band, ...drawn], { trigger: "axis", valueFormatter: (value) => (value == null ? "—" : `${value} ${data.unit}`) });
  },
  /** Shares by week; a week without data is a gap. */
  weeks(data, colours) {
    const looks = [{ color: colours.strong }, { color: colours.text }, { color: colours.strong, type: "dashed" }];
    return plot(colours, { type: "category", data: data.weeks }, { type: "value", min: 0, axisLabel: { color: colours.text, fontSize: 11, formatter: PERCENT } },
      data.lines.map(([name, values], at) => ({ name, type: "line", data: values, symbolSize: 6, lineStyle: looks[at % 3], itemStyle: { color: looks[at % 3].color } })),
      { trigger: "axis", valueFormatter: (value) => (value == null ? "—" : PERCENT(value)) });
  },
};

function options(data, colours) {
  if (data.kind) return SHAPES[data.kind](data, colours);
  const recent = data.counts.length - data.week;
  return {
    animation: false,
    aria: { enabled: true },
    grid: { left: 4, right: 4, top: 8, bottom: 18 },
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, formatter: "{b}：{c} 件" },
    xAxis: {
      type: "category",
      data: data.days,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.weak } },
      axisLabel: { color: colours.text, fontSize: 11, interval: (i) => i === 0 || i === recent || i === data.counts.length - 1, alignMinLabel: "left", alignMaxLabel: "right" },
    },
    yAxis: { type: "value", show: false },
    series: [
      {
        type: "bar",
        barCategoryGap: "25%",
        data: data.counts.map((value, i) => ({ value, itemStyle: { color: i < recent ? colours.weak : colours.strong } })),
      },
    ],
  };
}

function draw(element) {
  const chart = echarts.getInstanceByDom(element) ?? echarts.init(element, null, { renderer: "canvas" });
  chart.setOption(options(JSON.parse(element.dataset.chart), palette(element)), true);
  return chart;
}

const elements = [...document.querySelectorAll("[data-chart]")];
const charts = elements.map(draw);
const watch = new ResizeObserver(() => charts.forEach((chart) => chart.resize()));
elements.forEach((element) => watch.observe(element));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => elements.forEach(draw));

// The choice of a week takes effect at once.
document.querySelector("[data-week]")?.addEventListener("change", (event) => {
  if (event.target.value) event.target.form.requestSubmit();
});
