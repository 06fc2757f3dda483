"""Publishing: what is read from files and lines, sent at a pace, counted and told.

Rules of this file: a row that is no message is counted with what was wrong, and the others go on.
"""

import gzip
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import click
import numpy as np

from schemas.checks import check
from schemas.codec import encode
from schemas.columns import NOT_KNOWN, Columns
from schemas.errors import MessageError
from schemas.kinds import key_of
from schemas.market.tick_writer import tick_batch, write_ticks
from schemas.messages import Bar, Command, Message, Signal
from schemas.text.numbers import time_text
from streams.cli.publishing import documents
from streams.cli.publishing.documents import Cells, Now, Pattern, Usual
from streams.cli.publishing.pacing import LEAST, Pacer
from streams.clients.kafka import Sender
from streams.engine.market.record_checks import own_times, take
from streams.engine.model.units import SECOND
from streams.files.entries import read_signals
from streams.files.market_files import MarketFileReader, possible_times
from streams.files.tables.forms import Form, read_rows
from streams.files.tables.names import COMMANDS
from streams.files.tables.tables import FileBlock
from streams.files.values.faults import BadRow, BadRows

STDIN = "-"
TOGETHER = SECOND
"""Ticks of one batch are that near to each other: what comes behind it keeps about its time."""
TELL_S = 0.2
NOTHING_PUBLISHED = 1

Read = Callable[[Cells, Usual], Message]


class PublishProgress:
    """Says how far it is, on a terminal, and what was done."""

    def __init__(self, what: str, topic: str, *, live: bool | None = None) -> None:
        self.what, self.topic = what, topic
        self.live = sys.stderr.isatty() if live is None else live
        self.count = 0
        self.begun = self.told = time.monotonic()

    def add(self, count: int, event_time: int) -> None:
        self.count += count
        if self.live and time.monotonic() - self.told > TELL_S:
            self.told = time.monotonic()
            click.echo(f"\r\x1b[K{self.count:,} {self.what}, {time_text(event_time)}", nl=False, err=True)

    def finish(self, bad: BadRows, unmatched: int | None, left_out: int) -> None:
        if self.live:
            click.echo("\r\x1b[K", nl=False, err=True)
        seconds = time.monotonic() - self.begun
        said = f"published {self.count:,} {self.what} to {self.topic} in {seconds:.1f} s, {len(bad):,} bad"
        said += f", {left_out:,} left out" if left_out else ""
        click.echo(said if unmatched is None else f"{said}, {unmatched:,} lines without a match")
        for line in [*bad.interval_lines(), *bad.lines()]:
            click.echo(line, err=True)


@dataclass(slots=True)
class Publication:
    """What one call of the command publishes, and what became of it."""

    sender: Sender
    topic: str
    pacer: Pacer
    told: PublishProgress
    now: Now
    """What is meant by a row that names no time."""
    after: int = LEAST
    """What is not later is left out."""
    left_out: int = 0
    bad: BadRows = field(default_factory=BadRows)
    unmatched: int | None = None
    """Lines that a pattern passed over."""

    def send(self, message: Message) -> None:
        if event_time_of(message) <= self.after:
            self.left_out += 1
            return
        self.pacer.wait(event_time_of(message))
        self.sender.send(self.topic, key_of(message), encode(message))
        self.sender.look()
        self.told.add(1, self.pacer.newest)

    def finish(self) -> None:
        """Exit code 1 when there was something and nothing of it was good."""
        self.sender.finish()
        self.told.finish(self.bad, self.unmatched, self.left_out)
        if len(self.bad) and not self.told.count and not self.left_out:
            sys.exit(NOTHING_PUBLISHED)


def event_time_of(message: Any) -> int:
    """When it is known: a bar when it has ended."""
    ended: int = message.ts + (message.interval or 0) if isinstance(message, Bar) else message.ts
    return ended


def stem_of(file: str) -> str:
    return "stdin" if file == STDIN else Path(file).name.split(".")[0]


# Lines -----------------------------------------------------------------------------------------


def publish_lines(
    publication: Publication, file: str, cells_of: Callable[[str], Cells | None], read: Read, usual: Usual
) -> None:
    """A message a line, as the lines come."""
    with _opened(file) as opened:
        for number, line in enumerate(opened, start=1):
            if not line.strip():
                continue
            try:
                cells = cells_of(line)
                message = read(cells, usual) if cells is not None else None
            except MessageError as error:
                publication.bad.add(_bad(stem_of(file), f"line {number}", error))
                continue
            if message is not None:
                publication.send(message)


@contextmanager
def _opened(file: str) -> Iterator[IO[str]]:
    if file == STDIN:
        yield sys.stdin
    else:
        opener: Any = gzip.open if file.endswith(".gz") else open
        with opener(file, "rt", encoding="utf-8", errors="replace") as opened:
            yield opened


def matched(pattern: Pattern, publication: Publication) -> Callable[[str], Cells | None]:
    publication.unmatched = 0

    def cells_of(line: str) -> Cells | None:
        cells = pattern.cells(line.rstrip("\r\n"))
        publication.unmatched = (publication.unmatched or 0) + (cells is None)
        return cells

    return cells_of


def _bad(file: str, row: str, error: MessageError) -> BadRow:
    return BadRow(file, row, error.field, error.found.strip("'\""), error.expected)


# Files -----------------------------------------------------------------------------------------


def publish_signals(publication: Publication, path: Path, usual: Usual, form: Form) -> None:
    """In the order of their time, as a replay takes them."""
    found: list[Signal] = []
    signals = read_signals(
        path, publication.bad, usual.symbol, source=usual.source, side=usual.side, form=form
    )
    for signal in signals:
        try:
            check(signal)
            found.append(signal)
        except MessageError as error:
            publication.bad.add(_bad(path.name, signal.signal_id, error))
    for signal in sorted(found, key=event_time_of):
        publication.send(signal)


def publish_commands(publication: Publication, path: Path, usual: Usual, form: Form) -> None:
    found: list[Command] = []
    for block in read_rows(path, COMMANDS, publication.bad, form):
        for at, cells in enumerate(_rows(block)):
            try:
                found.append(documents.command_of(cells, usual, f"{usual.source}-{block.rows[at]}"))
            except MessageError as error:
                publication.bad.add(_bad(path.name, block.place(at), error))
    for command in sorted(found, key=event_time_of):
        publication.send(command)


def _rows(block: FileBlock) -> Iterator[Cells]:
    """Each row as texts."""
    names = list(block.columns)
    for cells in zip(*(column.to_pylist() for column in block.columns.values()), strict=True):
        yield {n: cell if cell is None else str(cell) for n, cell in zip(names, cells, strict=True)}


def publish_market(publication: Publication, reader: MarketFileReader, file: str, batch: int) -> None:
    if file == STDIN:
        usual = Usual("stdin", publication.now, symbol=reader.symbol)
        publish_lines(publication, file, documents.from_json, documents.market_record_of, usual)
        return
    for columns in reader.read(Path(file)):
        possible = possible_times(columns)
        publication.bad.add_uncounted(Path(file).name, int((~possible).sum()))
        columns = take(columns, possible)
        is_later = own_times(columns) > publication.after
        publication.left_out += int((~is_later).sum())
        columns = take(columns, is_later)
        for run in publication.pacer.runs(own_times(columns)):
            part = take(columns, run)
            keys, values = _records(part, batch)
            publication.sender.send_all(publication.topic, keys, values)
            publication.told.add(len(part), int(own_times(part)[-1]))


def _records(columns: Columns, batch: int) -> tuple[list[bytes], list[bytes]]:
    if columns.kind is None and batch == 1:
        return write_ticks(columns)
    messages: Iterable[Message] = (
        bars_of(columns) if columns.kind is not None else map(tick_batch, batches(columns, batch))
    )
    pairs = [(key_of(message), encode(message)) for message in messages]
    return [key for key, _ in pairs], [value for _, value in pairs]


def bars_of(columns: Columns) -> Iterator[Bar]:
    open_, high, low, interval = columns.open, columns.high, columns.low, columns.interval
    assert open_ is not None and high is not None and low is not None and interval is not None
    fields = (columns.symbol, columns.ts, open_, high, low, columns.price, columns.size, interval)
    for symbol, ts, first, most, least, last, volume, length in zip(
        *(each.tolist() for each in fields), strict=True
    ):
        yield Bar(
            symbol=columns.names[symbol],
            ts=ts,
            open=first,
            high=most,
            low=least,
            close=last,
            volume=None if volume == NOT_KNOWN else volume,
            interval=None if length == NOT_KNOWN else length,
        )


def batches(columns: Columns, size: int) -> Iterator[Columns]:
    """Up to so many ticks of one symbol, none further than `TOGETHER` from the others of its window."""
    times = np.maximum.accumulate(columns.ts)
    window = (times - times[:1]) // TOGETHER
    order = np.lexsort((columns.symbol, window))
    changes = (np.diff(columns.symbol[order]) != 0) | (np.diff(window[order]) != 0)
    bounds = [0, *(np.flatnonzero(changes) + 1).tolist(), len(order)]
    for first, last in pairwise(bounds):
        for start in range(first, last, size):
            yield take(columns, order[start : min(start + size, last)])
