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

from clickhouse_connect.driver.client import Client

from schemas.codec import Codec
from schemas.dead_letters import dead_letter
from schemas.errors import MessageError
from sinks import avro_rows, native_blocks
from sinks.avro_rows import AvroRows
from sinks.inserting import Block, Inserting, RefusedError, WrongError
from sinks.market_rows import MarketRows
from sinks.places import PROGRESS, ends_of, write_progress
from sinks.tables import BARS, TABLES, TICKS, Place, Record, halves, is_market, spans

FOREIGN = frozenset({"signals", "dead-letters"})
"""Topics that others than Ghostfill's desk may write."""
LETTERS = "dead-letters"
MILLISECOND = 1000
STREAK = 20
"""So many rows refused one after the other, and none taken: it is not the rows."""


class Writer:
    """All tables of one database."""

    def __init__(self, client: Client, inserting: Inserting, codec: Codec) -> None:
        self._client = client
        self._inserting = inserting
        self._codec = codec
        self._rows = {
            topic: AvroRows(table, codec, foreign=topic in FOREIGN) for topic, table in TABLES.items()
        }
        self._markets: dict[Place, MarketRows] = {}
        self._market_ends: dict[str, dict[Place, int]] | None = None
        self._refused = 0

    def write(self, records: Sequence[Record]) -> None:
        """Records of one topic; of a market, of one of its partitions. Returns when they are there."""
        if is_market(records[0].topic):
            self._write_market(records)
        else:
            self._refused = 0
            self._write_rows(list(records))

    # Results -------------------------------------------------------------------------------------

    def _write_rows(self, records: list[Record]) -> None:
        try:
            self._insert_rows(records)
        except MessageError:
            self._write_rows_if_any(self._sift(records))
        except RefusedError as error:
            good = self._sift(records)
            if len(good) < len(records):
                self._write_rows_if_any(good)
            elif len(records) > 1:
                for half in halves(records):
                    self._write_rows(half)
            else:
                self._give_up(records[0], error)

    def _write_rows_if_any(self, records: list[Record]) -> None:
        if records:
            self._write_rows(records)

    def _insert_rows(self, records: Sequence[Record]) -> None:
        table, rows = TABLES[records[0].topic].name, self._rows[records[0].topic]
        self._inserting.insert(_row_block(table, rows, records))
        self._refused = 0

    def _sift(self, records: Sequence[Record]) -> list[Record]:
        """Those that are messages; the others become letters."""
        rows = self._rows[records[0].topic]
        good, letters = [], []
        for record in records:
            try:
                rows.check(record)
                good.append(record)
            except MessageError as error:
                letters.append((record, str(error)))
        self._write_letters(letters)
        return good

    def _give_up(self, record: Record, error: RefusedError) -> None:
        self._refused += 1
        if self._refused == STREAK:
            raise WrongError(f"{STREAK} rows one after the other were refused: {error}") from error
        self._write_letters([(record, str(error))])

    def _write_letters(self, letters: Sequence[tuple[Record, str]]) -> None:
        if letters:
            made = [self._letter(record, reason) for record, reason in letters]
            table = TABLES[LETTERS].name
            self._inserting.insert(_row_block(table, self._rows[LETTERS], made))

    def _letter(self, record: Record, reason: str) -> Record:
        """A row of the letters, at the place of the record that it is about."""
        place = record.topic, record.partition, record.offset
        letter = dead_letter(
            *place, ts=record.time * MILLISECOND, key=record.key, value=record.value, reason=reason
        )
        return record._replace(value=self._codec.encode(letter))

    # Markets -------------------------------------------------------------------------------------

    def _write_market(self, records: Sequence[Record]) -> None:
        place = Place(records[0].topic, records[0].partition)
        read = self._market(place).read(records, self._ends_at(place))
        self._write_letters([(record, str(error)) for record, error in read.faults])
        for number, block in enumerate(read.blocks):
            token = f"{_token(records)}:{number}"
            ends = {place: block.last}
            self._inserting.insert(
                Block(block.table, block.names, native_blocks.FORMAT, block.data, ends, token)
            )
        ends = {place: records[-1].offset + 1}
        self._inserting.patiently(PROGRESS, lambda: write_progress(self._client, ends))

    def _market(self, place: Place) -> MarketRows:
        found = self._markets.get(place)
        if found is None:
            found = self._markets[place] = MarketRows(place.topic, self._codec)
        return found

    def _ends_at(self, place: Place) -> Mapping[str, int]:
        """The first record of each table that may not be there as a whole: what a start finds."""
        if self._market_ends is None:
            self._market_ends = {
                table: self._inserting.patiently(table, partial(ends_of, self._client, table))
                for table in (TICKS, BARS)
            }
        return {table: ends.get(place, 0) - 1 for table, ends in self._market_ends.items()}


def _row_block(table: str, rows: AvroRows, records: Sequence[Record]) -> Block:
    ends = {place: last for place, (_, last, _) in spans(records).items()}
    return Block(table, rows.names, avro_rows.FORMAT, rows.block(records), ends, _token(records))


def _token(records: Sequence[Record]) -> str:
    said = ";".join(
        f"{place.topic}/{place.partition}:{first}-{last}/{count}"
        for place, (first, last, count) in sorted(spans(records).items())
    )
    return hashlib.sha256(said.encode()).hexdigest()[:32]
