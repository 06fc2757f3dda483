"""A program of a person's own as a part: it knows nothing of us, so it is ready as soon as it runs.

Rules of this file: it is stopped together with what it has started; it finds the Python that we run with.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from streams.local.parts.command import Command
from streams.local.parts.logs import last_lines, size


class Program(Command):
    """One program, kept running by the supervisor."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        run: Path,
        environment: Mapping[str, str],
        folder: Path | None = None,
        *,
        ends: bool = False,
    ) -> None:
        """`run`: the folder of its process's number."""
        whole = {"PYTHONUNBUFFERED": "1", **environment, "PATH": path_of(environment)}
        super().__init__(name, command, log, run / f"{name}.ready", whole, ends=ends)
        self.folder = folder
        self.said_before = 0
        """The length of its log when it started."""

    @property
    def mark(self) -> str:
        return " ".join(self.command)

    def spawn(self) -> None:
        super().spawn()
        self.said_before = size(self.log)

    def is_ready(self) -> bool:
        return True

    def last_words(self) -> str:
        """The last line that it has said: of a traceback, the one that says what was wrong."""
        has_said = size(self.log) != self.said_before  # it is smaller where it was set aside meanwhile
        return last_lines(self.log, 1) if has_said else ""

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        """To its whole session, which `start_child` made."""
        if self.child is not None and self.child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, number)


def path_of(environment: Mapping[str, str]) -> str:
    """Where programs are looked for: beside the Python that we run with first."""
    return os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
