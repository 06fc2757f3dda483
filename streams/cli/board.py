"""A line of state for each part: redrawn in place on a terminal, told when it changes in a pipe."""

import shutil
import sys
from collections.abc import Sequence

import click

UP_AND_CLEAR = "\x1b[{}A\x1b[J"
NAME_WIDTH = 12


class Board:
    def __init__(self, *, live: bool | None = None) -> None:
        self.live = sys.stdout.isatty() if live is None else live
        self.shown: Sequence[tuple[str, str]] = ()

    def show(self, states: Sequence[tuple[str, str]]) -> None:
        if self.live:
            self._clear()
            width = shutil.get_terminal_size().columns - 1
            for each in states:
                click.echo(_line(*each)[:width])
        else:
            for each in states:
                if each not in self.shown:
                    click.echo(_line(*each))
        self.shown = list(states)

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


def _line(name: str, state: str) -> str:
    return f"  {name:{NAME_WIDTH}}{state}"
