"""A bar on a terminal that says how much of the files was read; nothing in a pipe."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import click


class Progress:
    def __init__(self, files: Sequence[Path], *, shown: bool | None) -> None:
        show = sys.stderr.isatty() if shown is None else shown
        total = sum(path.stat().st_size for path in files)
        self.bar = click.progressbar(
            length=max(1, total), label="Replaying", file=sys.stderr, show_pos=False, hidden=not show
        )

    def advance(self, count: int) -> None:
        self.bar.update(count)

    def __enter__(self) -> Self:
        self.bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.bar.update(max(0, (self.bar.length or 0) - self.bar.pos))
        self.bar.__exit__(kind, error, trace)
