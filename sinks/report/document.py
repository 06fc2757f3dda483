"""The file: one view, or several of which one is seen at a time, and all that they need."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from sinks.report import texts
from sinks.report.charts import Chart, Figure


class View(NamedTuple):
    """What is seen at a time."""

    name: str
    id: str
    content: Markup
    figures: dict[str, Figure]
    """By what the content calls their places."""


def view(template: str, name: str, number: int, drawn: Sequence[Chart | None], **facts: Any) -> View:
    """`number`: among several views, whose parts must not have the same ids; 0: the only one."""
    prefix = f"view-{number}-" if number else ""
    content = _environment().get_template(template).render(prefix=prefix, **facts)
    figures = {f"{prefix}{each.name}": each.figure for each in drawn if each is not None}
    return View(name, f"view-{number}", Markup(content), figures)


def document(
    title: str, period: str, views: Sequence[View], written: datetime, refresh: int | None = None
) -> str:
    """The file's text."""
    scripts = [_plotly(), _part("drawing.js"), _part("page.js")]
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            title=title,
            period=period,
            views=views,
            written=written,
            refresh=refresh,
            figures=json_in_html({name: each for found in views for name, each in found.figures.items()}),
            style=Markup(_part("colours.css") + _part("page.css")),
            scripts=[Markup(each) for each in scripts],
            script_hashes=Markup(" ".join(f"'sha256-{_hash(each)}'" for each in scripts)),
        )
    )


def json_in_html(value: Any) -> Markup:
    """That no `</script>` in it can end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_part),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(texts.FILTERS)
    return environment


@cache
def _plotly() -> str:
    """The library that draws, as it goes into the page; its file's text ends no script."""
    text = resources.files("plotly").joinpath("package_data", "plotly.min.js").read_text("utf-8")
    return text.replace("</script", "<\\/script")


def _part(name: str) -> str:
    return resources.files("sinks.report").joinpath(name).read_text("utf-8")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
