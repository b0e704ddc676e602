// Charts of the leader's page: each element carries its numbers in data-chart.
import echarts from "./vendor/echarts.js";

/** Colours come from the page's own tokens, resolved for light or dark. */
function palette(element) {
  const style = getComputedStyle(element);
  return { strong: style.color, weak: style.borderTopColor, text: style.outlineColor };
}

function options(data, colours) {
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
