"""Files as runs of rows with named columns, whatever their format: csv, parquet or a JSON object a line.

Rules of this file: text stays text; every row knows its line or number, for what is said about it.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from schemas.columns import Ints
from streams.files.csv_rows import SkippedRows, header_of
from streams.files.faults import BadRow, BadRows, FileError

FORMATS = "csv, csv.gz, parquet, jsonl or jsonl.gz"
CSV_BLOCK = 4 << 20
ROWS = 1 << 16
JSON_ROWS = 1 << 13
NULLS = ["", "NaN", "nan", "NULL", "null", "None", "NA", "N/A", "n/a"]

Read = Callable[[int], None]
"""Is told how many bytes of a file were read since it was told before."""


def unheard(count: int) -> None:
    """For whoever need not know how far the reading is."""


@dataclass(slots=True)
class Block:
    """Some rows of a file."""

    file: str
    columns: dict[str, pa.Array]
    """By the name as it stands in the file."""
    rows: Ints
    word: str = "line"

    def place(self, at: int) -> str:
        return f"{self.word} {self.rows[at]}"

    def bad(self, at: int, column: str, expected: str) -> BadRow:
        found = self.columns[column][at].as_py() if column in self.columns else None
        return BadRow(self.file, self.place(at), column, "" if found is None else str(found), expected)


def read_table(path: Path, bad: BadRows, progress: Read = unheard) -> Iterator[Block]:
    """The file's rows, a block at a time; rows that are none go to `bad`."""
    name = path.name.lower()
    try:
        if name.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")):
            yield from _csv(path, bad, progress)
        elif name.endswith((".parquet", ".pq")):
            yield from _parquet(path, progress)
        elif name.endswith((".jsonl", ".jsonl.gz", ".ndjson")):
            yield from _json_lines(path, bad, progress)
        else:
            raise FileError(f"{path}: not a format that can be read; expected {FORMATS}")
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except (OSError, EOFError, UnicodeDecodeError, pa.ArrowException) as error:
        raise FileError(f"{path}: cannot be read: {error}") from None


def _csv(path: Path, bad: BadRows, progress: Read) -> Iterator[Block]:
    header = header_of(path)
    skipped = SkippedRows(path, header, bad)
    with pa.OSFile(str(path)) as raw:
        compressed = path.suffix == ".gz"
        source = pa.CompressedInputStream(raw, "gzip") if compressed else raw
        reader = pyarrow.csv.open_csv(
            source,
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, block_size=CSV_BLOCK, skip_rows=header.line - 1
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=header.delimiter, ignore_empty_lines=False, invalid_row_handler=skipped.handle
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pa.string() for name in header.written},
                strings_can_be_null=True,
                null_values=NULLS,
            ),
        )
        count = told = 0
        for batch in reader:
            if not len(batch):
                continue
            lines = skipped.lines(count, len(batch))
            count += len(batch)
            columns = dict(zip(header.names, batch.columns, strict=True))
            yield _without_blank_rows(Block(path.name, columns, lines))
            progress(raw.tell() - told)
            told = raw.tell()


def _without_blank_rows(block: Block) -> Block:
    """Lines with nothing on them are no rows."""
    columns = list(block.columns.values())
    if any(column.null_count == 0 for column in columns):
        return block
    blank = np.ones(len(block.rows), np.bool_)
    for column in columns:
        blank &= column.is_null().to_numpy(zero_copy_only=False)
    if not blank.any():
        return block
    kept = pa.array(~blank)
    return Block(
        block.file, {name: column.filter(kept) for name, column in block.columns.items()}, block.rows[~blank]
    )


def _parquet(path: Path, progress: Read) -> Iterator[Block]:
    file = pyarrow.parquet.ParquetFile(path)
    total, size, count = max(1, file.metadata.num_rows), path.stat().st_size, 0
    for batch in file.iter_batches(batch_size=ROWS):
        rows = np.arange(count + 1, count + 1 + len(batch), dtype=np.int64)
        yield Block(path.name, dict(zip(batch.schema.names, batch.columns, strict=True)), rows, "row")
        count += len(batch)
        progress(size * count // total - size * (count - len(batch)) // total)


def _json_lines(path: Path, bad: BadRows, progress: Read) -> Iterator[Block]:
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    objects: list[dict[str, msgspec.Raw]] = []
    lines: list[int] = []
    told = 0
    with path.open("rb") as raw, gzip.open(raw) if path.suffix == ".gz" else nullcontext(raw) as opened:
        for number, line in enumerate(opened, start=1):
            if not line.strip():
                continue
            try:
                objects.append(decoder.decode(line))
                lines.append(number)
            except (msgspec.DecodeError, UnicodeDecodeError):
                found = line[:60].decode("utf-8", "replace").strip()
                bad.add(BadRow(path.name, f"line {number}", "", found, "a JSON object"))
            if len(objects) == JSON_ROWS:
                yield _of_objects(path, objects, lines)
                progress(raw.tell() - told)
                told, objects, lines = raw.tell(), [], []
        if objects:
            yield _of_objects(path, objects, lines)


def _of_objects(path: Path, objects: list[dict[str, msgspec.Raw]], lines: list[int]) -> Block:
    names = dict.fromkeys(name for one in objects for name in one)
    columns = {name: pa.array([_json_text(one.get(name)) for one in objects], pa.string()) for name in names}
    return Block(path.name, columns, np.array(lines, np.int64))


def _json_text(value: msgspec.Raw | None) -> str | None:
    """A text, or the JSON of anything else: a number keeps its digits."""
    if value is None:
        return None
    text = bytes(value).decode()
    if text.startswith('"'):
        return msgspec.json.decode(text, type=str)
    return None if text == "null" else text
