// Fetches the charts again whenever newer results are stored. A chart out of sight is left alone.
"use strict";

const drawn = new Map();
const seen = new Set();

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) { seen.add(entry.target); refresh(entry.target); } else seen.delete(entry.target);
  }
});

const url = (element) => {
  const symbol = element.dataset.chart === "prices" ? the("symbol").value : "";
  return symbol ? `${element.dataset.url}&symbol=${encodeURIComponent(symbol)}` : element.dataset.url;
};

const refresh = async (element) => {
  const asked = url(element);
  const known = drawn.get(element);
  const tag = known?.asked === asked ? known.tag : null;
  try {
    const answer = await fetch(asked, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status !== 200) return;
    const numbers = await answer.json();
    if (numbers === null || asked !== url(element)) return;
    if (numbers.waits) sayWhy(element, numbers.waits);
    else drawIn(element, asked, numbers, answer.headers.get("ETag"));
  } catch { /* the page says that it is not live */ }
};

const sayWhy = (element, text) => {
  const empty = element.querySelector(".empty");
  if (empty) empty.textContent = text;
};

const drawIn = (element, asked, numbers, tag) => {
  const known = drawn.get(element);
  const drawing = known?.drawing ?? drawings[element.dataset.chart](element);
  if (!known) paint(drawing);
  draw(drawing, numbers, known?.asked !== asked);
  drawn.set(element, { asked, drawing, tag });
  element.setAttribute("aria-label", numbers.label);
  element.parentElement.querySelector(".as-of").textContent = numbers.as_of;
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

const charts = document.querySelectorAll("[data-chart]");
const askAgain = () => {
  if (document.hidden) return;
  offerSymbols();
  seen.forEach(refresh);
};

the("symbol")?.addEventListener("change", () => refresh(the("prices")));
offerSymbols().then(() => charts.forEach((each) => watcher.observe(each)));
if (charts.length) new MutationObserver(askAgain).observe(the("as-of-performance"), { childList: true });
dark.addEventListener("change", () => drawn.forEach(({ drawing }) => paint(drawing)));
