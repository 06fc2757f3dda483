"""Why something was not allowed: written the same wherever the engine says no."""

from typing import NamedTuple


class Refusal(NamedTuple):
    """The rule that refused, what it measured, and its threshold."""

    reason: str
    measured: float | None = None
    limit: float | None = None
