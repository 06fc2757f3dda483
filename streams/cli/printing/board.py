"""A line of state for each part: redrawn in place on a terminal, told when it changes in a pipe.

Rules of this file: in a pipe, which is a log mostly, a part that says the same again and again is told now
and then, with how often it has said so.
"""

import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence

import click

UP_AND_CLEAR = "\x1b[{}A\x1b[J"
NAME_WIDTH = 12
OFTEN = 10
"""So often a line of one kind is told as it comes; numbers make no kind of their own."""
SELDOM_S = 600.0
"""After that, once in so long."""


class Board:
    def __init__(self, *, live: bool | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.live = sys.stdout.isatty() if live is None else live
        self.shown: Sequence[tuple[str, str]] = ()
        self._kinds: dict[str, Kind] = {}
        self._clock = clock

    def show(self, states: Sequence[tuple[str, str]]) -> None:
        if self.live:
            self._clear()
            width = shutil.get_terminal_size().columns - 1
            for each in states:
                click.echo(_line(*each)[:width])
        else:
            for each in states:
                if each not in self.shown:
                    self._tell(_line(*each))
        self.shown = list(states)

    def _tell(self, line: str) -> None:
        kind = self._kinds.setdefault(re.sub(r"\d+", "0", line), Kind())
        suffix = kind.said(self._clock())
        if suffix is not None:
            click.echo(line + suffix)

    def say(self, *lines: str) -> None:
        """Words that stay; on a terminal the states go on below them."""
        states = self.shown
        if self.live:
            self._clear()
        for line in lines:
            click.echo(line)
        if self.live:
            self.show(states)

    def _clear(self) -> None:
        if self.shown:
            click.echo(UP_AND_CLEAR.format(len(self.shown)), nl=False, color=True)
        self.shown = ()


class Kind:
    """How often lines of one kind came, and when one was told."""

    def __init__(self) -> None:
        self.count = 0
        self.left_out = 0
        self.told_at = 0.0

    def said(self, now: float) -> str | None:
        """What is told behind the line; None: it is left out."""
        self.count += 1
        if self.count > OFTEN and now - self.told_at < SELDOM_S:
            self.left_out += 1
            return None
        suffix = f" (and {self.left_out} times since the last such line)" if self.left_out else ""
        self.left_out, self.told_at = 0, now
        return suffix


def _line(name: str, state: str) -> str:
    return f"  {name:{NAME_WIDTH}}{state}"
