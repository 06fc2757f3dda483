"""A report in a browser, and what it is asked there."""

import time

PATIENCE_S = 30
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}

DRAWN = """charts => charts.map(chart => {
    const shapes = [...chart.querySelectorAll('.scatterlayer path, .barlayer path')];
    const sizes = shapes.map(shape => shape.getBBox());
    return [chart.dataset.chart, sizes.some(size => size.width > 1 && size.height > 0)];
})"""

OUTSIDE = """() => [...document.querySelectorAll('main *')].filter(each => {
    if (each.closest('.wide, .chart, .unseen')) return false;
    return each.getBoundingClientRect().right > innerWidth + 1 || each.scrollWidth > each.clientWidth + 1
        && getComputedStyle(each).display !== 'inline';
}).map(each => each.outerHTML.slice(0, 100))"""

FAINT = """() => {
    const numbers = colour => {
        const found = colour.match(/[\\d.e-]+/g).map(Number);
        return colour.startsWith('color(') ? [...found.slice(0, 3).map(each => each * 255), found[3] ?? 1]
            : [...found.slice(0, 3), found[3] ?? 1];
    };
    const light = colour => {
        const [r, g, b] = colour.map(each => each / 255)
            .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        for (let at = element; at; at = at.parentElement) {
            const colour = numbers(getComputedStyle(at).backgroundColor);
            if (colour[3] > 0) return colour;
        }
        return [255, 255, 255, 1];
    };
    const faint = [];
    for (const each of document.querySelectorAll('body *')) {
        const says = [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
        if (!says || each.closest('script, noscript, style') || !each.checkVisibility()) continue;
        const svg = each.closest('svg');
        const front = numbers(svg ? getComputedStyle(each).fill : getComputedStyle(each).color);
        const [high, low] = [light(front.slice(0, 3)), light(behind(each).slice(0, 3))].sort((a, b) => b - a);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast < 4.5) faint.push(`${each.textContent.trim().slice(0, 30)} ${contrast.toFixed(2)}`);
    }
    return faint;
}"""


class Opened:
    """A page in a browser, and what it complained about."""

    def __init__(self, browser, file, viewport):
        self.complaints: list[str] = []
        self.page = browser.new_page(viewport=viewport, color_scheme="light")
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url[:200]))
        self.page.on("request", self._asked)
        self.page.on("dialog", self._spoke)
        self.url = file.as_uri()
        self.page.goto(self.url)
        self.wait_until_drawn()

    def wait_until_drawn(self):
        """All that is seen."""
        waiting = "document.querySelectorAll('[data-chart]:not(.js-plotly-plot)')"
        self.wait(f"![...{waiting}].some(chart => chart.clientWidth > 0)")

    def wait(self, condition):
        """Asked from outside: the page lets nobody compile a text in it."""
        end = time.monotonic() + PATIENCE_S
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, condition
            self.page.wait_for_timeout(50)

    def _asked(self, request):
        if request.url != self.url and not request.url.startswith("data:"):
            self.complaints.append(request.url)

    def _spoke(self, dialog):
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def table(self, name):
        """The cells' values, row by row: exact where a number says so."""
        return self.page.eval_on_selector_all(
            f"[data-table={name}] tbody tr",
            "rows => rows.map(row => [...row.cells].map(cell => cell.dataset.value ?? cell.textContent.trim()))",
        )

    def tiles(self):
        return dict(
            self.page.eval_on_selector_all(
                "[data-tile]", "tiles => tiles.map(each => [each.dataset.tile, each.dataset.value])"
            )
        )
