"""Tests that need the running demo ask for `stack`; all of them run in one process (`xdist_group`)."""

from tests.web.stack import stack

__all__ = ["stack"]
