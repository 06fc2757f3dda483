"""Files as runs of rows with named columns, whatever their format: csv, parquet, feather or JSON.

Rules of this file: text stays text; every row knows its line or number, for what is said about it.
"""

import gzip
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc

from schemas.columns import Ints
from streams.files.arrays import flags_of, from_flags, from_texts
from streams.files.tables.csv_rows import SkippedRows, header_of
from streams.files.values.faults import BadRow, BadRows, FileError

FORMATS = "csv, csv.gz, parquet, feather, jsonl, jsonl.gz or json"
CSV_BLOCK = 4 << 20
ROWS = 1 << 16
JSON_ROWS = 1 << 13
NULLS = ["", "NaN", "nan", "NULL", "null", "None", "NA", "N/A", "n/a"]

Read = Callable[[int], None]
"""Is told how many bytes of a file were read since it was told before."""


def unheard(count: int) -> None:
    """For whoever need not know how far the reading is."""


Wanted = Callable[[Sequence[str]], Collection[str]]
"""Which of a file's columns are read, of those that it has."""


def all_of(found: Sequence[str]) -> Sequence[str]:
    """For whoever needs every column."""
    return found


@dataclass(slots=True)
class FileBlock:
    """Some rows of a file."""

    file: str
    columns: dict[str, pa.Array]
    """By the name as it stands in the file."""
    rows: Ints
    word: str = "line"
    groups: bool = True
    """Whether a comma in a number can only stand between its thousands."""
    said: dict[str, pa.Array] = field(default_factory=dict)
    """The cells as they stand in the file, of columns that were rewritten."""

    def place(self, at: int) -> str:
        return f"{self.word} {self.rows[at]}"

    def bad(self, at: int, column: str, expected: str) -> BadRow:
        cells = self.said.get(column, self.columns.get(column))
        found = cells[at].as_py() if cells is not None else None
        return BadRow(self.file, self.place(at), column, "" if found is None else str(found), expected)


def read_table(
    path: Path,
    bad: BadRows,
    progress: Read = unheard,
    columns: Sequence[str] = (),
    arrays: Sequence[str] = (),
    wanted: Wanted = all_of,
) -> Iterator[FileBlock]:
    """The file's rows, a block at a time; rows that are none go to `bad`.

    `columns` are those of a csv file without a header, `arrays` those of a JSON array.
    """
    name = path.name.lower()
    try:
        if name.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")):
            yield from _csv(path, bad, progress, columns, wanted)
        elif name.endswith((".parquet", ".pq")):
            yield from _parquet(path, progress, wanted)
        elif name.endswith((".feather", ".ft")):
            yield from _feather(path, progress, wanted)
        elif name.endswith((".jsonl", ".jsonl.gz", ".ndjson", ".json", ".json.gz")):
            for block in _json(path, bad, progress, arrays):
                yield _only(block, wanted)
        else:
            raise FileError(f"{path}: not a format that can be read; expected {FORMATS}")
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except (OSError, EOFError, UnicodeDecodeError, pa.ArrowException) as error:
        raise FileError(f"{path}: cannot be read: {error}") from None


def _csv(
    path: Path, bad: BadRows, progress: Read, columns: Sequence[str], wanted: Wanted
) -> Iterator[FileBlock]:
    header = header_of(path, columns)
    written = dict(zip(header.names, header.written, strict=False))
    names = _kept(header.names, wanted)
    skipped = SkippedRows(path, header, bad)
    with pa.OSFile(str(path)) as raw:
        compressed = path.suffix == ".gz"
        source = pa.CompressedInputStream(raw, "gzip") if compressed else raw
        reader = pyarrow.csv.open_csv(
            source,
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=CSV_BLOCK,
                skip_rows=header.skipped,
                column_names=header.given,
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=header.delimiter, ignore_empty_lines=False, invalid_row_handler=skipped.handle
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pa.string() for name in header.written},
                include_columns=[written[name] for name in names],
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
            cells = dict(zip(names, batch.columns, strict=True))
            yield _without_blank_rows(FileBlock(path.name, cells, lines, groups=header.delimiter == ","))
            progress(raw.tell() - told)
            told = raw.tell()


def _kept(names: Sequence[str], wanted: Wanted) -> list[str]:
    """In the file's order; every column where none is wanted."""
    kept = set(wanted(names))
    return [name for name in names if name in kept] or list(names)


def _only(block: FileBlock, wanted: Wanted) -> FileBlock:
    return replace(block, columns={name: block.columns[name] for name in _kept(list(block.columns), wanted)})


def _without_blank_rows(block: FileBlock) -> FileBlock:
    """Lines with nothing on them are no rows."""
    columns = list(block.columns.values())
    if any(column.null_count == 0 for column in columns):
        return block
    blank = np.ones(len(block.rows), np.bool_)
    for column in columns:
        blank &= flags_of(column.is_null())
    if not blank.any():
        return block
    kept = from_flags(~blank)
    columns_kept = {name: column.filter(kept) for name, column in block.columns.items()}
    return replace(block, columns=columns_kept, rows=block.rows[~blank])


def _parquet(path: Path, progress: Read, wanted: Wanted) -> Iterator[FileBlock]:
    import pyarrow.parquet  # a tenth of a run's start, and most files are csv

    file = pyarrow.parquet.ParquetFile(path)
    names = _kept(file.schema_arrow.names, wanted)
    total, size, count = max(1, file.metadata.num_rows), path.stat().st_size, 0
    for batch in file.iter_batches(batch_size=ROWS, columns=names):
        rows = np.arange(count + 1, count + 1 + len(batch), dtype=np.int64)
        yield FileBlock(path.name, dict(zip(batch.schema.names, batch.columns, strict=True)), rows, "row")
        count += len(batch)
        progress(size * count // total - size * (count - len(batch)) // total)


def _feather(path: Path, progress: Read, wanted: Wanted) -> Iterator[FileBlock]:
    found = pyarrow.ipc.open_file(path).schema.names
    places = [found.index(name) for name in _kept(found, wanted)]
    file = pyarrow.ipc.open_file(path, options=pyarrow.ipc.IpcReadOptions(included_fields=places))
    count, size = 0, path.stat().st_size
    for number in range(file.num_record_batches):
        batch = file.get_batch(number)
        for start in range(0, len(batch), ROWS):
            part = batch.slice(start, ROWS)
            rows = np.arange(count + 1, count + 1 + len(part), dtype=np.int64)
            yield FileBlock(path.name, dict(zip(batch.schema.names, part.columns, strict=True)), rows, "row")
            count += len(part)
        progress(size // file.num_record_batches)


def _json(path: Path, bad: BadRows, progress: Read, arrays: Sequence[str]) -> Iterator[FileBlock]:
    """A list of rows, or a row a line."""
    with path.open("rb") as raw, gzip.open(raw) if path.suffix == ".gz" else nullcontext(raw) as opened:
        if ".json" not in path.suffixes:
            yield from _json_rows(path, bad, "line", enumerate(opened, start=1), arrays, progress, raw)
            return
        whole = opened.read()
    try:
        rows: Iterable[bytes | msgspec.Raw] = msgspec.json.decode(whole, type=list[msgspec.Raw])
        word = "row"
    except msgspec.DecodeError:
        rows, word = whole.splitlines(), "line"
    yield from _json_rows(path, bad, word, enumerate(rows, start=1), arrays)
    progress(path.stat().st_size)


def _json_rows(
    path: Path,
    bad: BadRows,
    word: str,
    rows: Iterable[tuple[int, bytes | msgspec.Raw]],
    arrays: Sequence[str],
    progress: Read = unheard,
    raw: IO[bytes] | None = None,
) -> Iterator[FileBlock]:
    objects: list[dict[str, msgspec.Raw]] = []
    numbers: list[int] = []
    told = 0
    for number, row in rows:
        text = bytes(row)
        if not text.strip():
            continue
        try:
            objects.append(_object(text, arrays))
            numbers.append(number)
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = text[:60].decode("utf-8", "replace").strip()
            bad.add(BadRow(path.name, f"{word} {number}", "", found, "a JSON object"))
        if len(objects) == JSON_ROWS:
            yield _of_objects(path, objects, numbers, word)
            objects, numbers = [], []
            if raw is not None:
                progress(raw.tell() - told)
                told = raw.tell()
    if objects:
        yield _of_objects(path, objects, numbers, word)


OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


def _object(text: bytes, arrays: Sequence[str]) -> dict[str, msgspec.Raw]:
    if not arrays or text.lstrip()[:1] != b"[":
        return OBJECT.decode(text)
    values = ARRAY.decode(text)
    if len(values) != len(arrays):
        raise msgspec.DecodeError
    return dict(zip(arrays, values, strict=True))


def _of_objects(
    path: Path, objects: list[dict[str, msgspec.Raw]], numbers: list[int], word: str
) -> FileBlock:
    names = dict.fromkeys(name for one in objects for name in one)
    columns = {name: from_texts(_json_text(one.get(name)) for one in objects) for name in names}
    return FileBlock(path.name, columns, np.array(numbers, np.int64), word)


def _json_text(value: msgspec.Raw | None) -> str | None:
    """A text, or the JSON of anything else: a number keeps its digits."""
    if value is None:
        return None
    text = bytes(value).decode()
    if text.startswith('"'):
        return msgspec.json.decode(text, type=str)
    return None if text == "null" else text
