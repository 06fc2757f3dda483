"""What a rule measured when it refused, in words."""

from collections.abc import Callable

HOLDS = {"no_position": "it already holds one"}
"""Rules that ask whether, not how much."""


def measured(
    reason: str, found: float | None, limit: float | None, number: Callable[[float], str] = "{:g}".format
) -> str:
    """Empty where nothing was measured."""
    if found is None or limit is None:
        return ""
    if reason == "late":
        return f"by {number(found)} s"
    return HOLDS.get(reason) or f"was {number(found)}, limit {number(limit)}"
