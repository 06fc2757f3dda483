"""Result files of what a test tells."""

from collections.abc import Iterable
from pathlib import Path

from schemas.messages import Output
from streams.engine.shard.told import Told, ToldAt
from streams.files.writing.lines import LineMaker
from streams.files.writing.results import Results


def told_of(outputs: Iterable[Output]) -> Told:
    """What one account told between two batches."""
    told = Told()
    told.parts.append(ToldAt(-1, 0, list(outputs)))
    return told


def write_results(folder: Path, *batches: Told, accounts: int = 1) -> None:
    """What accounts told in these batches."""
    maker = LineMaker(range(accounts), of=accounts)
    with Results(folder) as results:
        for told in batches:
            for lines in maker.lines(told):
                results.add([lines])
        results.finish([maker.open_lines()])
