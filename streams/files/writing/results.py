"""Writes what an engine says into csv files.

Rules of this file: a file appears under its name only when it is whole; memory grows with what is open, never
with rows; the same messages give the same bytes. A text that a spreadsheet would take for a formula has an
apostrophe in front.
"""

import csv
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from schemas.messages import Decision, Equity, Fill, Order, Output, Position, SliceTimer, Trade
from streams.engine.shard.told import Told
from streams.files.writing.equity_lines import SingleLine, lines_in_order
from streams.files.writing.layouts import EVERY_ROW, LAST_STATE, ORDERS, POSITIONS, SLICES, Layout

ENDED = frozenset({"filled", "cancelled", "expired", "rejected", "released", "skipped"})
"""States of orders and slices after which none follows."""


class _Line:
    """What csv writes, as the text itself."""

    @staticmethod
    def write(text: str) -> str:
        return text


ROWS = csv.writer(_Line(), lineterminator="\n")
QUOTED_ROWS = csv.writer(_Line(), lineterminator="\n", quoting=csv.QUOTE_ALL)


class File:
    """A csv file that is written beside its name and moved there at the end."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.path = folder / layout.file
        self.part = folder / f".{layout.file}.part"
        self.writers = layout.writers()
        self.text = self.part.open("w", encoding="utf-8", newline="")
        self.text.write(ROWS.writerow(layout.columns))

    def line(self, message: Output) -> str:
        """With its end."""
        cells = [write(getattr(message, column)) for column, write in self.writers]
        has_return = any("\r" in cell for cell in cells)  # Python 3.11 leaves it bare, and it ends a row
        line: str = (QUOTED_ROWS if has_return else ROWS).writerow(cells)
        return line

    def write(self, message: Output) -> None:
        self.text.write(self.line(message))

    def write_lines(self, lines: pa.Array) -> None:
        """Many, with their ends."""
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
    """The result files of one run in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        layouts = (*EVERY_ROW, *LAST_STATE)
        self.files: dict[type[Any], File] = {layout.message: File(folder, layout) for layout in layouts}
        self.kept: dict[type[Any], dict[tuple[str, str], Any]] = {layout.message: {} for layout in LAST_STATE}

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

    def add(self, told: Told) -> None:
        equity: list[SingleLine] = []
        for part in told.events():
            for output in part.outputs:
                if isinstance(output, Equity):
                    equity.append(SingleLine(part.row, part.number, self.files[Equity].line(output)))
                else:
                    self._add(output)
        for lines in lines_in_order(equity, told.minutes()):
            self.files[Equity].write_lines(lines)

    def _add(self, output: Output) -> None:
        match output:
            case Order():
                self._keep(output, output.order_id, ended=output.state in ENDED)
            case SliceTimer():
                self._keep(output, output.slice_id, ended=output.state in ENDED)
            case Position():
                self._keep(output, output.position_id, ended=output.quantity == 0)
            case Fill() | Trade() | Decision():
                self.files[type(output)].write(output)

    def finish(self) -> None:
        """What is still open goes after what has ended, in the order in which it began."""
        for layout in (ORDERS, SLICES, POSITIONS):
            for message in self.kept[layout.message].values():
                self.files[layout.message].write(message)
            self.kept[layout.message].clear()

    def _keep(self, message: Any, name: str, *, ended: bool) -> None:
        """Waits for the last state of a thing; a position that is gone is no row."""
        kept = self.kept[type(message)]
        key = (message.account, name)
        if not ended:
            kept[key] = message
            return
        kept.pop(key, None)
        if not isinstance(message, Position):
            self.files[type(message)].write(message)
