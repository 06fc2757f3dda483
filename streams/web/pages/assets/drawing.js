// Draws what a chart is told, in the page's colours: lines, how far below the highest, and marks of fills.
"use strict";

const {
  createChart, createSeriesMarkers, LineSeries, BaselineSeries, LineType, CrosshairMode, ColorType,
} = LightweightCharts;
const dark = matchMedia("(prefers-color-scheme: dark)");
const touched = matchMedia("(pointer: coarse)");
const SHAPES = { slice: "circle", exit: "square" };
const FALL_PX = 84;
const PLAIN = { lastValueVisible: false, priceLineVisible: false };

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const digits = (value, least, most) => value.toLocaleString("en-US", {
  minimumFractionDigits: least, maximumFractionDigits: most, signDisplay: "negative", // no "-0.00"
}).replace("-", "−");
const money = (value) => digits(value, 0, 2);
const price = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 7 });
const percent = (value) => `${Math.abs(value) < 1 ? digits(value, 2, 2) : digits(value, 1, 1)} %`;
const written = (format, minMove) => ({ priceFormat: { type: "custom", formatter: format, minMove } });
const clockOf = (time) => new Date(time * 1_000).toISOString().slice(0, 19).replace("T", " ");
const pairs = (line) => line.map(([time, value]) => ({ time, value }));

const looks = () => ({
  layout: {
    background: { type: ColorType.Solid, color: "transparent" }, textColor: colour("quiet"), attributionLogo: false,
    fontFamily: getComputedStyle(document.body).fontFamily, panes: { separatorColor: colour("grid"), enableResize: false },
  },
  grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
  rightPriceScale: { borderColor: colour("axis") },
  timeScale: { borderColor: colour("axis"), timeVisible: true, minBarSpacing: 0.001 },
});

// A page is scrolled over its charts; a finger moves the page, never the chart.
const chartIn = (element) => {
  element.replaceChildren();
  return createChart(element, {
    ...looks(), autoSize: true, crosshair: { mode: CrosshairMode.Magnet },
    localization: { dateFormat: "yyyy-MM-dd", timeFormatter: clockOf },
    handleScroll: { mouseWheel: false, vertTouchDrag: false, horzTouchDrag: false, pressedMouseMove: !touched.matches },
    handleScale: { mouseWheel: false, pinch: false, axisPressedMouseMove: !touched.matches },
  });
};

const readings = (element, chart, told) => {
  const reading = element.parentElement.querySelector(".reading");
  chart.subscribeCrosshairMove((at) => { reading.textContent = at.time === undefined ? "" : told(at); });
};

// Each answers how its chart is filled, and how it takes on the page's colours.
const drawings = {
  equity: (element) => {
    const chart = chartIn(element);
    const steps = { ...PLAIN, lineType: LineType.WithSteps, lineWidth: 2 };
    const equity = chart.addSeries(LineSeries, { ...steps, ...written(money, 0.01) });
    const falls = chart.addSeries(BaselineSeries, { ...steps, lineWidth: 1, baseValue: { type: "price", price: 0 }, ...written(percent, 0.0001) }, 1);
    chart.panes()[1].setHeight(FALL_PX);
    readings(element, chart, (at) => [
      clockOf(at.time), at.seriesData.has(equity) ? `equity ${money(at.seriesData.get(equity).value)}` : "",
      at.seriesData.has(falls) ? `drawdown ${percent(at.seriesData.get(falls).value)}` : "",
    ].filter(Boolean).join(", "));
    return {
      chart,
      fill: (numbers) => { equity.setData(pairs(numbers.equity)); falls.setData(pairs(numbers.drawdown)); },
      paint: () => {
        equity.applyOptions({ color: colour("gain") });
        falls.applyOptions({ bottomLineColor: colour("loss"), topLineColor: colour("loss"), bottomFillColor1: colour("loss-faint"), bottomFillColor2: colour("loss-faint") });
      },
    };
  },
  prices: (element) => {
    const chart = chartIn(element);
    const line = chart.addSeries(LineSeries, { ...PLAIN, lineWidth: 1, ...written(price, 1e-8) });
    const marks = createSeriesMarkers(line, []);
    let shown = [];
    const put = () => marks.setMarkers(shown.map(({ time, price: at, kind, side, text }) => ({
      time, price: at, id: text, color: colour(kind), position: side === "buy" ? "atPriceBottom" : "atPriceTop",
      shape: SHAPES[kind] ?? (side === "buy" ? "arrowUp" : "arrowDown"),
    })));
    readings(element, chart, (at) => at.hoveredObjectId ?? (at.seriesData.has(line) ? `${clockOf(at.time)}, ${price(at.seriesData.get(line).value)}` : ""));
    return {
      chart,
      fill: (numbers) => { line.setData(pairs(numbers.prices)); shown = numbers.marks; put(); },
      paint: () => { line.applyOptions({ color: colour("line") }); put(); },
    };
  },
};

// What is drawn keeps its place; another symbol is shown whole.
const draw = (drawing, numbers, isNew) => {
  drawing.fill(numbers);
  if (isNew) drawing.chart.timeScale().fitContent();
};

const paint = (drawing) => {
  drawing.chart.applyOptions(looks());
  drawing.paint();
};
