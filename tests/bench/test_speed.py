"""The targets of speed, as tests: `make bench`."""

from pathlib import Path

import pytest

from tests.bench import bench_decode, bench_pipeline
from tests.bench.run import BENCHMARKS, FULL

pytestmark = pytest.mark.bench


@pytest.mark.parametrize("name", BENCHMARKS)
def test_target(name: str, tmp_path: Path):
    rows = BENCHMARKS[name](FULL, tmp_path)
    print("\n" + "\n".join(map(str, rows)))
    assert [row.what for row in rows if row.missed] == []


def test_decoding():
    assert bench_decode.main(["--check"]) == 0


@pytest.mark.parametrize("name", bench_pipeline.BENCHMARKS)
def test_pipeline(name: str, tmp_path: Path):
    rows = bench_pipeline.BENCHMARKS[name](False, tmp_path)
    print("\n" + "\n".join(map(str, rows)))
    assert [row.what for row in rows if row.missed] == []
