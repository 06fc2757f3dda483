// Draws the figures that are seen, and again when the light or the view changes; counts down to the next reload.
"use strict";

const figures = JSON.parse(document.getElementById("figures").textContent);

const charts = document.querySelectorAll("[data-chart]");
const isSeen = (element) => element.clientWidth > 0;
const draw = (element) => drawFigure(element, figures[element.dataset.chart]);
const drawAll = (wanted) => [...charts].filter(wanted).forEach(draw);

const tellView = () => {
  const [first, ...others] = document.querySelectorAll("nav a");
  const now = others.find((each) => each.hash === location.hash) ?? first;
  for (const each of document.querySelectorAll("nav a")) {
    if (each === now) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  }
};

tellView();
addEventListener("hashchange", tellView);
onLight(() => drawAll(isSeen));
addEventListener("beforeprint", () => drawAll(() => true));

// What comes into view is drawn then: before, it has no width.
const sight = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (isSeen(target)) {
      sight.unobserve(target);
      draw(target);
    }
  }
});
for (const element of charts) sight.observe(element);

const countdown = document.getElementById("countdown");
if (countdown) {
  document.getElementById("refresh").addEventListener("click", () => location.reload());
  const end = performance.now() + 1000 * Number(countdown.dataset.seconds);
  const count = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    countdown.textContent = left;
    if (left === 0) location.reload();
    else setTimeout(count, 250);
  };
  count();
}
