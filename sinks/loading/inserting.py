"""Inserts blocks, each exactly once, whatever becomes of the answers.

Rules of this file:
- A block is one insert, which is whole or not at all. Its token makes ClickHouse drop it when it comes twice.
- ClickHouse may remember the token of an insert that died with it: so after a second try the table is asked
  whether it has the rows, and where it has not they go again under another token.
- Three failures, three routes: trouble that passes is waited out; refused rows are the caller's; all else
  ends the sink, because trying again would fail again.
"""

import threading
from collections.abc import Callable, Mapping
from typing import BinaryIO, NamedTuple, TypeVar, cast
from uuid import uuid4

import cramjam
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from sinks.blocks.records import Partition
from sinks.database.database import first_line
from sinks.loading.places import ends_of

PAUSE_FIRST_S, PAUSE_MAX_S = 0.1, 5.0
TRIES = 5
"""How often a block that needs too much memory is tried as a whole."""

REFUSED = frozenset({6, 26, 27, 33, 38, 41, 69, 70, 72, 117, 131, 246, 321, 349, 407, 469, 1001})
"""Codes of rows that cannot be read or kept. 1001 is what the Avro library says."""
TOO_LARGE = 241
WRONG = frozenset({10, 16, 36, 44, 47, 53, 60, 62, 73, 80, 81, 115, 164, 192, 193, 194, 195, 291, 497, 516})
"""Codes of tables, settings and rights that are not what they have to be."""
FULL = "No space left"
SETTINGS = {"async_insert": 0, "insert_deduplicate": 1}

Found = TypeVar("Found")


class InsertBlock(NamedTuple):
    """Rows of one table, as they are sent."""

    table: str
    names: tuple[str, ...]
    form: str
    data: bytes
    ends: Mapping[Partition, int]
    """The offset of the last row of each partition."""
    token: str
    """Says which rows these are."""


class RefusedRowsError(Exception):
    """ClickHouse does not take these rows; says why."""


class WrongError(Exception):
    """ClickHouse will never take any as things are; says what it said."""


class SinkStoppedError(Exception):
    """The sink is to end; the rows go again when it is back."""


class Inserting:
    """One connection for inserts. Its calls return when the rows are there."""

    def __init__(
        self, client: Client, stop: threading.Event, tell: Callable[[str], None], *, compress: bool
    ) -> None:
        self._client = client
        self._stop = stop
        self._tell = tell
        self._compress = compress
        self._epoch = uuid4().hex[:12]

    def insert(self, block: InsertBlock) -> None:
        token = f"{self._epoch}:{block.token}"
        while True:
            tries = self._post_patiently(block, token)
            if tries == 1 or self._has(block):
                return
            token += "+"

    def patiently(self, what: str, call: Callable[[], Found]) -> Found:
        """What the call finds, as soon as ClickHouse answers."""
        found, _ = self._patiently(what, call)
        return found

    def _post_patiently(self, block: InsertBlock, token: str) -> int:
        """How often it was sent until it was acknowledged."""
        _, tries = self._patiently(block.table, lambda: self._post(block, token))
        return tries

    def _post(self, block: InsertBlock, token: str) -> None:
        data = cramjam.zstd.compress(block.data, 1) if self._compress else block.data
        self._client.raw_insert(
            block.table,
            block.names,
            cast(BinaryIO, memoryview(data)),  # bytes would be sent again behind our back
            settings={**SETTINGS, "insert_deduplication_token": token},
            fmt=block.form,
            compression="zstd" if self._compress else None,
        )

    def _has(self, block: InsertBlock) -> bool:
        found = self.patiently(block.table, lambda: ends_of(self._client, block.table))
        return all(found.get(place, 0) > last for place, last in block.ends.items())

    def _patiently(self, what: str, call: Callable[[], Found]) -> tuple[Found, int]:
        """Calls until it succeeds; how often that was."""
        pause, tries = PAUSE_FIRST_S, 0
        while True:
            tries += 1
            try:
                found = call()
            except ClickHouseError as error:
                trouble = _trouble(what, error, tries)
                if tries == 1:
                    self._tell(f"{trouble}; trying again")
            else:
                if tries > 1:
                    self._tell(f"{what}: going on")
                return found, tries
            if self._stop.wait(pause):
                raise SinkStoppedError
            pause = min(PAUSE_MAX_S, 2 * pause)


def _trouble(what: str, error: ClickHouseError, tries: int) -> str:
    """What is the matter, if it may pass."""
    code, said = getattr(error, "code", None), f"{what}: {first_line(error)}"
    if FULL in said:
        return said
    if code in REFUSED or (code == TOO_LARGE and tries == TRIES):
        raise RefusedRowsError(said) from error
    if code in WRONG:
        raise WrongError(said) from error
    return said
