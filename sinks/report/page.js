// Draws the page's figures, and again when the light changes; counts down to the next reload.
"use strict";

const figures = JSON.parse(document.getElementById("figures").textContent);

const draw = () => {
  for (const element of document.querySelectorAll("[data-chart]")) drawFigure(element, figures[element.dataset.chart]);
};

draw();
onLight(draw);
addEventListener("beforeprint", draw);

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
