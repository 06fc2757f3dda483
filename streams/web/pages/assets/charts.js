// Draws the page's charts, and again when they changed or the light does. A chart out of sight is left alone.
"use strict";

const EVERY = 10_000;
const drawn = new Map();
const seen = new Set();

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) { seen.add(entry.target); refresh(entry.target); } else seen.delete(entry.target);
  }
});

const url = (element) => {
  const symbol = element.id === "prices" ? the("symbol").value : "";
  return symbol ? `${element.dataset.figure}&symbol=${encodeURIComponent(symbol)}` : element.dataset.figure;
};

const refresh = async (element) => {
  const asked = url(element);
  const known = drawn.get(element);
  const tag = known?.asked === asked ? known.tag : null;
  try {
    const answer = await fetch(asked, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status !== 200) return;
    const figure = await answer.json();
    if (figure === null || asked !== url(element)) return;
    drawn.set(element, { asked, figure, tag: answer.headers.get("ETag") });
    draw(element);
  } catch { /* the page says that it is not live */ }
};

const draw = (element) => {
  const { figure } = drawn.get(element);
  if (!element.querySelector(".plot-container")) element.replaceChildren();
  element.setAttribute("aria-label", figure.label);
  drawFigure(element, figure);
};

const offerSymbols = async () => {
  const select = the("symbol");
  if (!select) return;
  try {
    const answer = await fetch(select.dataset.symbols);
    if (!answer.ok) return;
    const known = new Set([...select.options].map((each) => each.value));
    for (const symbol of await answer.json()) {
      if (!known.has(symbol)) select.add(new Option(symbol));
    }
    if (!known.size && select.options.length) refresh(the("prices"));
  } catch { /* again in a while */ }
};

the("symbol")?.addEventListener("change", () => refresh(the("prices")));
const charts = document.querySelectorAll("[data-figure]");
offerSymbols().then(() => charts.forEach((each) => watcher.observe(each)));
setInterval(() => {
  if (document.hidden) return;
  offerSymbols();
  seen.forEach(refresh);
}, EVERY);
onLight(() => drawn.forEach((_, element) => draw(element)));
