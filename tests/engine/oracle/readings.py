"""Readings of the rules that are cheap to turn; README.md lists them all."""

CLOSING_IS_GONE = True
"""Whether a same-side signal on a position with a queued close opens a new position after it. Else its plan
belongs to the closing position and ends with it."""
