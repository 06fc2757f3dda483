// Draws the visible charts, and again when dark mode or the view changes; counts down to the next reload.
"use strict";

const figures = JSON.parse(document.getElementById("figures").textContent);

const charts = document.querySelectorAll("[data-chart]");
const draw = (element) => drawFigure(element, figures[element.dataset.chart]);

// A chart in a hidden view has no width: it is drawn when its view is shown.
const sight = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.clientWidth > 0) {
      sight.unobserve(target);
      draw(target);
    }
  }
});

const drawWhenSeen = () => {
  for (const element of charts) {
    sight.unobserve(element);
    sight.observe(element);
  }
};

drawWhenSeen();
onLight(drawWhenSeen);
addEventListener("beforeprint", () => charts.forEach(draw));

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
