"""The id of a signal that names none: made of what makes it one, so that a repeat has the same."""

from schemas.text.numbers import time_text


def signal_id(source: str, symbol: str, ts: int, side: str) -> str:
    return f"{source}-{symbol}-{time_text(ts)}-{side}"
