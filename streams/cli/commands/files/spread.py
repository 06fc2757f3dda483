"""A run whose accounts are spread over processes: the market is read once, and mapped into each.

How it goes. Each worker folds some of the accounts and asks for the market, a part of it at a time. The
parts are files of columns that all of them map. From the same market all make as many pieces of lines, so
those of one turn are put in order and written, and the files are those of one process, to the byte.
"""

import signal
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from schemas.columns import FIELDS, Columns
from streams.cli.commands.files.fold import Entry, Fold, Outcome
from streams.engine.model.settings import Instruments, Settings
from streams.files.writing.lines import Lines, OpenLine
from streams.files.writing.results import Results

PROCESSES = get_context("spawn")


class Task(NamedTuple):
    """What a worker is to do."""

    accounts: Sequence[Settings]
    numbers: Sequence[int]
    entries: Sequence[Entry]
    instruments: Instruments
    of: int


class Part(NamedTuple):
    """Of the market, on disk."""

    folder: Path
    names: list[str]

    @classmethod
    def of(cls, columns: Columns, folder: Path) -> "Part":
        folder.mkdir()
        for name in FIELDS:
            if (column := getattr(columns, name)) is not None:
                np.save(folder / name, column)
        return cls(folder, columns.names)

    def columns(self) -> Columns:
        found: dict[str, Any] = {
            file.stem: np.load(file, mmap_mode="r") for file in self.folder.glob("*.npy")
        }
        return Columns(self.names, **found)

    def forget(self) -> None:
        """What has mapped it keeps it."""
        for file in self.folder.iterdir():
            file.unlink()
        self.folder.rmdir()


class More(NamedTuple):
    """A worker asks for the next part of the market."""


class Ended(NamedTuple):
    """A worker is done."""

    open: list[OpenLine]
    outcome: Outcome


class Failed(NamedTuple):
    """A worker is broken."""

    how: str


class Worker:
    """A process, as the run sees it."""

    def __init__(self, task: Task) -> None:
        self._connection, other = PROCESSES.Pipe()
        self._process = PROCESSES.Process(target=_work, args=(other, task), daemon=True)
        self._process.start()
        other.close()

    def give(self, part: Part | None) -> None:
        """The next part of the market; None: there is none."""
        try:
            self._connection.send(part)
        except ConnectionError:
            raise self._ended() from None

    def take(self) -> Lines | More | Ended:
        try:
            found: Lines | More | Ended | Failed = self._connection.recv()
        except (EOFError, ConnectionError):
            raise self._ended() from None
        if isinstance(found, Failed):
            raise RuntimeError(f"a process of the run failed:\n{found.how}")
        return found

    def _ended(self) -> ChildProcessError:
        self._process.join()
        code = self._process.exitcode or 0
        if code >= 0:
            return ChildProcessError(f"a process of the run ended with {code}")
        name = signal.Signals(-code).name
        return ChildProcessError(
            f"a process of the run was ended by {name}: if memory is short, try fewer with --jobs"
        )

    def close(self) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.join()


def spread(
    accounts: Sequence[Settings],
    entries: Sequence[Entry],
    instruments: Instruments,
    jobs: int,
    market: Iterable[Columns],
    results: Results,
) -> Outcome:
    count = len(accounts)
    tasks = [
        Task(accounts[job::jobs], range(count)[job::jobs], entries, instruments, of=count)
        for job in range(jobs)
    ]
    with TemporaryDirectory(prefix="ghostfill-") as folder, ExitStack() as stack:
        workers = [stack.enter_context(closing(Worker(task))) for task in tasks]
        given: Part | None = None
        for number, columns in enumerate(market):
            part = Part.of(columns, Path(folder) / str(number))  # while they fold the one before
            _collect(workers, results)
            if given is not None:
                given.forget()
            for worker in workers:
                worker.give(part)
            given = part
        _collect(workers, results)
        for worker in workers:
            worker.give(None)
        ends = _collect(workers, results)
        results.finish([end.open for end in ends])
    first = ends[0].outcome
    first.accounts = {name: one for end in ends for name, one in end.outcome.accounts.items()}
    return first


def _collect(workers: Sequence[Worker], results: Results) -> list[Ended]:
    """Write what they tell until all of them want more, or have ended."""
    while True:
        told = [worker.take() for worker in workers]
        lines = [each for each in told if isinstance(each, Lines)]
        if not lines:
            return [each for each in told if isinstance(each, Ended)]
        if len(lines) < len(workers):
            raise RuntimeError("the processes of the run do not keep step")
        results.add(lines)


# In the worker -------------------------------------------------------------------------------


def _work(connection: Connection, task: Task) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run ends its workers
    try:
        fold = Fold(*task)
        for lines in fold.over(_parts(connection)):
            connection.send(lines)
        connection.send(Ended(fold.open_lines(), fold.outcome()))
    except (EOFError, BrokenPipeError):
        pass  # the run has ended
    except Exception:
        connection.send(Failed(traceback.format_exc()))


def _parts(connection: Connection) -> Iterator[Columns]:
    while True:
        connection.send(More())
        part: Part | None = connection.recv()
        if part is None:
            return
        yield part.columns()
