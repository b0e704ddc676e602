// Only the charts the portal draws; the whole library is twice the size. On canvas, because the SVG
// renderer writes style attributes, which the content policy forbids (use renderMode "richText" for tooltips).
import { BarChart, HeatmapChart, LineChart, PieChart } from "echarts/charts";
import {
  AriaComponent,
  CalendarComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([
  AriaComponent, BarChart, CalendarComponent, CanvasRenderer, DatasetComponent, GridComponent, HeatmapChart,
  LabelLayout, LegendComponent, LineChart, MarkLineComponent, PieChart,
  TitleComponent, TooltipComponent, VisualMapComponent,
]);

export default echarts;
