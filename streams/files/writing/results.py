"""The result files of one run, in a folder.

Rules of this file: a file appears under its name only when it is whole; memory grows with what is open, never
with rows; the same lines give the same bytes, whoever made them.
"""

import os
from collections.abc import Iterable, Sequence
from heapq import merge
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from streams.files.arrays import from_texts
from streams.files.writing.equity_lines import MinuteLines, in_order
from streams.files.writing.layouts import EQUITY, Layout
from streams.files.writing.lines import LAYOUTS, Line, Lines, OpenLine, line_of

PLACE = attrgetter("row", "number")
BEGAN = attrgetter("began")


class File:
    """A csv file that is written beside its name and moved there at the end."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.path = folder / layout.file
        self.part = folder / f".{layout.file}.part"
        self.text = self.part.open("w", encoding="utf-8", newline="")
        self.text.write(line_of(layout.columns))

    def write(self, line: str) -> None:
        self.text.write(line)

    def write_all(self, lines: pa.Array) -> None:
        _, ends, text = lines.buffers()
        start, end = np.frombuffer(ends, np.int32)[[lines.offset, lines.offset + len(lines)]]
        self.text.flush()
        self.text.buffer.write(text[start:end].to_pybytes())

    def close(self) -> None:
        self.text.close()
        os.replace(self.part, self.path)

    def abandon(self) -> None:
        self.text.close()
        self.part.unlink(missing_ok=True)


class Results:
    """Writes lines into the files; accounts that were run apart give their lines side by side."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.files = {layout.file: File(folder, layout) for layout in LAYOUTS}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self.files.values():
            if kind is None:
                file.close()
            else:
                file.abandon()

    def add(self, parts: Sequence[Lines]) -> None:
        """What came of the same records."""
        equity: list[Line] = []
        for line in sorted((line for part in parts for line in part.singles), key=PLACE):
            if line.file == EQUITY.file:
                equity.append(line)
            else:
                self.files[line.file].write(line.text)
        minutes = [lines for part in parts for lines in part.minutes]
        if equity or minutes:
            self.files[EQUITY.file].write_all(in_order([_column(equity), *minutes]))

    def finish(self, parts: Iterable[Sequence[OpenLine]]) -> None:
        """What is still open goes after what has ended, in the order in which it began."""
        for line in merge(*(sorted(part, key=BEGAN) for part in parts), key=BEGAN):
            self.files[line.file].write(line.text)


def _column(lines: Sequence[Line]) -> MinuteLines:
    rows, numbers = ([getattr(line, name) for line in lines] for name in ("row", "number"))
    texts = from_texts(line.text for line in lines)
    return MinuteLines(np.array(rows, np.int64), np.array(numbers, np.int64), texts)
