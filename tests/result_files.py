"""Result files of what a test tells."""

from pathlib import Path

from streams.engine.shard.told import Told
from streams.files.writing.lines import LineMaker
from streams.files.writing.results import Results


def write_results(folder: Path, *batches: Told, accounts: int = 1) -> None:
    """What accounts told in these batches."""
    maker = LineMaker(range(accounts), of=accounts)
    with Results(folder) as results:
        for told in batches:
            for lines in maker.lines(told):
                results.add([lines])
        results.finish([maker.open_lines()])
