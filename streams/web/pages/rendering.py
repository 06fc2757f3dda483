"""Templates, and the words and numbers that they need.

Rules of this file: everything is escaped; what a signal carries is text, never markup.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from schemas.messages import Decision
from schemas.text.numbers import TIME_END
from sinks.report import texts
from streams.clients.reasons import measured
from streams.engine.model.units import SECOND

UNITS = 8
"""Digits behind the point of our integers."""


def units(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-UNITS)


def moment(micros: int | None) -> datetime | None:
    if micros is None or not 0 < micros < TIME_END:
        return None
    return datetime.fromtimestamp(micros // SECOND, UTC)


def clock(micros: int | None) -> str:
    """The time of day."""
    found = moment(micros)
    return texts.UNKNOWN if found is None else f"{found:%H:%M:%S}"


def month_and_day(micros: int | None) -> str:
    found = moment(micros)
    return texts.UNKNOWN if found is None else f"{found:%m-%d}"


def countdown(seconds: float, prefix: str = "") -> str:
    """Until something is due; `prefix` goes before the time that is left."""
    if seconds <= 0:
        return "now"
    whole = int(seconds)
    hours, minutes = whole // texts.HOUR_S, whole % texts.HOUR_S // texts.MINUTE_S
    left = f"{minutes:02}:{whole % texts.MINUTE_S:02}"
    return f"{prefix}{hours}:{left}" if hours else f"{prefix}{left}"


def measured_of(decision: Decision) -> str:
    """What a rule measured, in words."""
    return measured(decision.reason, decision.measured, decision.limit, texts.measure)


FILTERS = {
    **texts.FILTERS,
    **{each.__name__: each for each in (units, moment, clock, month_and_day, countdown)},
    "measured": measured_of,
}


@cache
def environment() -> Environment:
    folder = resources.files("streams.web.pages").joinpath("templates")
    found = Environment(
        loader=FileSystemLoader(str(folder)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters.update(FILTERS)
    return found


@cache
def _macros() -> Any:
    return environment().get_template("pieces.html.jinja").module


def piece(name: str, *facts: Any) -> str:
    """A macro's markup."""
    return str(getattr(_macros(), name)(*facts))


def page(template: str, **facts: Any) -> str:
    return environment().get_template(template).render(**facts)


def marked(text: str) -> Markup:
    """What `piece` made goes into a page as it is."""
    return Markup(text)


SPARK_WIDTH, SPARK_HEIGHT, SPARK_POINTS = 96, 24, 48


def spark(values: list[int]) -> Markup:
    """A line without axes: how equity went lately."""
    if len(values) < 2:
        return Markup("")
    step = max(1, len(values) // SPARK_POINTS)
    shown = [*values[:-1:step], values[-1]]
    low, high = min(shown), max(shown)
    height = (high - low) or 1
    across, up = SPARK_WIDTH / (len(shown) - 1), (SPARK_HEIGHT - 4) / height
    points = " ".join(
        f"{across * at:.1f},{SPARK_HEIGHT - 2 - up * (value - low):.1f}" for at, value in enumerate(shown)
    )
    kind = "gain" if shown[-1] >= shown[0] else "loss"
    return Markup(
        f'<svg class="spark {kind}" viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" aria-hidden="true">'
        f'<polyline points="{points}"/></svg>'
    )
