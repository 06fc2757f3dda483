"""The protocol with one rule left out, in the child that runs it: each must be found out by the judge."""

import os
from typing import Any

LEFT_OUT = "GHOSTFILL_CHAOS_LEFT_OUT"
"""Which rule."""


def install() -> None:
    """As the environment says."""


def settings() -> dict[str, Any]:
    """Of `Setup`."""
    return {"lag": 1 << 60} if os.environ.get(LEFT_OUT) == "backlog" else {}
