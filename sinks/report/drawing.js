// Draws plotly's figures in the page's colours.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const touched = matchMedia("(pointer: coarse)");

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || name;

const coloured = (value, key = "") => {
  if (Array.isArray(value)) return value.map((each) => coloured(each, key));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, coloured(each, name)]));
  }
  return typeof value === "string" && /color$/.test(key) ? colour(value) : value;
};

const axis = {
  automargin: true, ticklabelstandoff: 4, fixedrange: touched.matches, gridcolor: "grid", zerolinecolor: "axis",
  tickfont: { color: "quiet", size: 12 }, showspikes: false,
};

const layoutOf = (own) => {
  const layout = {
    paper_bgcolor: "transparent", plot_bgcolor: "transparent", showlegend: false, dragmode: touched.matches ? false : "zoom",
    margin: { l: 8, r: 12, t: 8, b: 8 }, separators: ".,",
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: "ink" },
    hoverlabel: { bgcolor: "card", bordercolor: "axis", font: { color: "ink", size: 13 } },
    ...own,
  };
  for (const name of Object.keys(own).filter((each) => /^[xy]axis\d*$/.test(each))) {
    layout[name] = { ...axis, ...own[name] };
  }
  return coloured(layout);
};

const drawFigure = (element, figure) => Plotly.react(
  element, coloured(figure.data), layoutOf(figure.layout), { displayModeBar: false, responsive: true },
);

const onLight = (draw) => dark.addEventListener("change", draw);
