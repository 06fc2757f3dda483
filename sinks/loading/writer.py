"""Writes records of one topic into its tables; what ClickHouse cannot keep becomes a dead letter.

Rules of this file:
- Records go in the order of their offsets, and a letter goes before what comes behind its record: so what a
  table holds is always the beginning of what it will hold.
- A block that is refused is read here; if nothing is wrong with its messages, it is halved until the row that
  ClickHouse does not take is found.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.codec import Codec
from schemas.dead_letters import dead_letter
from schemas.errors import MessageError
from schemas.topics import Topic
from sinks.blocks import avro_rows, native_blocks
from sinks.blocks.avro_rows import AvroRows
from sinks.blocks.market_rows import MarketBlocks
from sinks.blocks.records import Partition, Record, RecordRun, Span, halves, size_of, spans
from sinks.blocks.tables import BARS, DEAD_LETTERS, TABLES, TICKS, is_market
from sinks.loading.inserting import InsertBlock, Inserting, RefusedRowsError, WrongError
from sinks.loading.places import PROGRESS, ends_of, write_progress

LETTERS = "dead-letters"
STREAK = 20
"""So many rows refused one after the other, and none taken: it is not the rows."""


class Prepared(NamedTuple):
    """Records, and what they are as blocks: results one, or none where one of them is no message."""

    runs: Sequence[RecordRun]
    blocks: Sequence[InsertBlock]
    letters: Sequence[tuple[Record, str]] = ()
    """Records of a market that are no messages."""


class Writer:
    """All tables of one database. It prepares in one thread and writes in another."""

    def __init__(
        self, client: Client, inserting: Inserting, codec: Codec, *, keeps_ticks: bool = True
    ) -> None:
        self._client = client
        self._inserting = inserting
        self._codec = codec
        self._keeps_ticks = keeps_ticks
        self._rows = {
            topic: AvroRows(table, codec, foreign=_is_foreign(codec.catalog.topic(topic)))
            for topic, table in TABLES.items()
        }
        self._markets: dict[Partition, MarketBlocks] = {}
        self._market_ends: dict[str, dict[Partition, int]] | None = None
        self._refused = 0

    def prepare(self, runs: Sequence[RecordRun]) -> Prepared:
        """Records of one topic; of a market, of one of its partitions."""
        if is_market(runs[0].place.topic):
            return self._prepare_market(RecordRun.joined(runs))
        try:
            return Prepared(runs, [self._row_block(runs)])
        except MessageError:
            return Prepared(runs, [])

    def write(self, prepared: Prepared) -> None:
        """Returns when they are there."""
        if is_market(prepared.runs[0].place.topic):
            self._write_market(prepared)
            return
        self._refused = 0
        if prepared.blocks:
            self._write_rows(prepared.runs, *prepared.blocks)
        else:
            self._write_rows_if_any(self._sift(prepared.runs))

    # Results -------------------------------------------------------------------------------------

    def _write_rows(self, runs: Sequence[RecordRun], block: InsertBlock) -> None:
        """`block`: what they are as one."""
        try:
            self._inserting.insert(block)
            self._refused = 0
        except RefusedRowsError as error:
            good = self._sift(runs)
            if size_of(good) < size_of(runs):
                self._write_rows_if_any(good)
            elif size_of(runs) > 1:
                for half in halves(runs):
                    self._write_rows_if_any(half)
            else:
                self._give_up(runs[0], error)

    def _write_rows_if_any(self, runs: Sequence[RecordRun]) -> None:
        if runs:
            self._write_rows(runs, self._row_block(runs))

    def _row_block(self, runs: Sequence[RecordRun]) -> InsertBlock:
        topic = runs[0].place.topic
        return _row_block(TABLES[topic].name, self._rows[topic], runs)

    def _sift(self, runs: Sequence[RecordRun]) -> list[RecordRun]:
        """Those that are messages; the others become letters."""
        rows = self._rows[runs[0].place.topic]
        good = []
        for run in runs:
            kept, letters = [], []
            for record in run.records():
                try:
                    rows.check(run.place, record)
                    kept.append(record)
                except MessageError as error:
                    letters.append((record, str(error)))
            self._write_letters(run.place, letters)
            if kept:
                good.append(RecordRun.of(run.place, kept))
        return good

    def _give_up(self, run: RecordRun, error: RefusedRowsError) -> None:
        self._refused += 1
        if self._refused == STREAK:
            raise WrongError(f"{STREAK} rows one after the other were refused: {error}") from error
        (record,) = run.records()
        self._write_letters(run.place, [(record, str(error))])

    def _write_letters(self, place: Partition, letters: Sequence[tuple[Record, str]]) -> None:
        if letters:
            made = RecordRun.of(place, [self._letter(place, record, reason) for record, reason in letters])
            self._inserting.insert(_row_block(DEAD_LETTERS, self._rows[LETTERS], [made]))

    def _letter(self, place: Partition, record: Record, reason: str) -> Record:
        """A row of the letters, at the place of the record that it is about."""
        letter = dead_letter(
            *place, record.offset,
            ts=record.arrived, key=record.key, value=record.value, reason=reason,
        )  # fmt: skip
        return record._replace(value=self._codec.encode(letter))

    # Markets -------------------------------------------------------------------------------------

    def _prepare_market(self, run: RecordRun) -> Prepared:
        read = self._market(run.place).read(run, self._ends_at(run.place))
        token = _token(spans([run]))
        blocks = [
            InsertBlock(
                each.table,
                each.names,
                native_blocks.FORMAT,
                each.data,
                {run.place: each.last},
                f"{token}:{number}",
            )
            for number, each in enumerate(read.blocks)
        ]
        return Prepared([run], blocks, [(record, str(error)) for record, error in read.faults])

    def _write_market(self, prepared: Prepared) -> None:
        (run,) = prepared.runs
        self._write_letters(run.place, prepared.letters)
        for block in prepared.blocks:
            self._inserting.insert(block)
        progress = {run.place: run.offsets[-1] + 1}
        self._inserting.patiently(PROGRESS, lambda: write_progress(self._client, progress))

    def _market(self, place: Partition) -> MarketBlocks:
        found = self._markets.get(place)
        if found is None:
            found = self._markets[place] = MarketBlocks(
                place.topic, self._codec, keeps_ticks=self._keeps_ticks
            )
        return found

    def _ends_at(self, place: Partition) -> Mapping[str, int]:
        """The first record of each table that may not be there as a whole: what a start finds."""
        if self._market_ends is None:
            self._market_ends = {
                table: self._inserting.patiently(table, partial(ends_of, self._client, table))
                for table in (TICKS, BARS)
            }
        return {table: ends.get(place, 0) - 1 for table, ends in self._market_ends.items()}


def _row_block(table: str, rows: AvroRows, runs: Sequence[RecordRun]) -> InsertBlock:
    found = spans(runs)
    ends = {place: span.last for place, span in found.items()}
    return InsertBlock(table, rows.names, avro_rows.FORMAT, rows.block(runs), ends, _token(found))


def _token(found: Mapping[Partition, Span]) -> str:
    said = "; ".join(f"{place} {span}" for place, span in sorted(found.items()))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _is_foreign(topic: Topic) -> bool:
    """Whether others than Ghostfill's desk may write it."""
    return topic.json or topic.name == LETTERS
