"""The targets of speed, as tests: `make bench`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench import bench_accounts, bench_crowd, bench_decode, bench_pipeline
from tests.bench.run import BENCHMARKS, FULL, Row

pytestmark = pytest.mark.bench


def require(rows: list[Row]) -> None:
    print("\n" + "\n".join(map(str, rows)))
    assert [row.what for row in rows if row.missed] == []


@pytest.mark.parametrize("name", BENCHMARKS)
def test_target(name: str, tmp_path: Path):
    require(BENCHMARKS[name](FULL, tmp_path))


def test_decoding():
    assert bench_decode.main(["--check"]) == 0


@pytest.mark.parametrize("name", bench_pipeline.BENCHMARKS)
def test_pipeline(name: str, tmp_path: Path):
    require(bench_pipeline.BENCHMARKS[name](False, tmp_path))


@pytest.mark.parametrize("of", [bench_accounts.many, bench_crowd.crowd])
def test_ten_thousand_accounts(of: Callable[[int, Path], list[Row]], tmp_path: Path):
    require(of(10_000, tmp_path))
