"""In which order the records of long files stand, and the one in which they are given on."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from schemas.columns import Ints
from streams.engine.model.units import SECOND
from streams.files.market_files import MarketFileReader
from streams.files.values.faults import BadRows, FileError

BY_SYMBOL = ["{}: one symbol comes after the other; put in the order of time"]
LONG = 200_000
"""More than is read at once."""


def written(path: Path, **series: Ints) -> Path:
    """Each symbol's ticks at these seconds, one symbol behind the other."""
    table = pa.table(
        {
            "ts": np.concatenate(list(series.values())),
            "symbol": np.repeat(list(series), [len(each) for each in series.values()]),
            "price": np.concatenate(list(series.values())) + 1,
        }
    )
    (pyarrow.csv.write_csv if path.suffix == ".csv" else pyarrow.parquet.write_table)(table, path)
    return path


def read(path: Path) -> tuple[Ints, list[str]]:
    bad = BadRows()
    parts = list(MarketFileReader("ticks", bad).read(path))
    return np.concatenate([part.ts for part in parts]) // SECOND, bad.lines()


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_a_symbol_behind_the_other_is_found_however_far_behind(tmp_path, name):
    seconds = np.arange(LONG) + 1_767_355_200
    path = written(tmp_path / name, A=seconds + 3600, B=seconds)
    times, told = read(path)
    assert len(times) == 2 * LONG and (np.diff(times) >= 0).all()
    assert told == [each.format(name) for each in BY_SYMBOL]
    assert MarketFileReader("ticks", BadRows()).first_time(path) == 1_767_355_200 * SECOND


def test_some_late_records_of_a_symbol_do_not_keep_the_next_from_its_time(tmp_path):
    seconds = np.arange(LONG)
    seconds[[5_000, 60_000]] -= 100
    times, told = read(written(tmp_path / "t.parquet", A=seconds, B=seconds))
    assert (np.diff(times) >= 0).all() and told == [each.format("t.parquet") for each in BY_SYMBOL]


def test_many_late_records_stay_where_they_are(tmp_path):
    seconds = np.arange(LONG)
    seconds[::5] -= 100
    times, told = read(written(tmp_path / "t.parquet", A=seconds, B=seconds + LONG))
    assert times.tolist() == [*seconds, *seconds + LONG] and told == []


def test_a_file_that_cannot_be_read_says_all_its_columns(tmp_path):
    (tmp_path / "t.csv").write_text("ts,price,note\n0,1,a\n")
    with pytest.raises(FileError, match="no column symbol; found ts, price, note"):
        read(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("when,symbol,price\n0,A,1\n")
    with pytest.raises(FileError, match="no column ts; found when, symbol, price"):
        read(tmp_path / "t.csv")
