// Charts of the leader's page.
import echarts from "./vendor/echarts.js";

export { echarts };
