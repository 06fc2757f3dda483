"""A part that is a command line: ready when its file appears."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.local.parts.child import end_orphan, note_child, start_child
from streams.local.parts.logs import last_lines, open_log

STOP_S = 10.0
ERROR = "Error: "
"""How a command of ours begins what it has to say when it fails."""


class Command:
    """One command, kept running by the supervisor; one that `ends` has done its work then."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        ready_file: Path,
        environment: Mapping[str, str] | None = None,
        patience_s: float = STOP_S,
        *,
        ends: bool = False,
    ) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.ready_file = ready_file
        self.environment = environment
        self.folder: Path | None = None
        """Where it runs; None: here."""
        self.patience_s = patience_s
        self.ends = ends
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def _pid_file(self) -> Path:
        return self.ready_file.with_suffix(".pid")

    @property
    def mark(self) -> str:
        """What of its command line tells this part from every other process of the machine."""
        return str(self.ready_file)

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child else None

    def spawn(self) -> None:
        self.ready_file.parent.mkdir(parents=True, exist_ok=True)
        self.end_orphan()
        self.ready_file.unlink(missing_ok=True)
        with open_log(self.log) as log:
            self.child = start_child(self.command, log, self.environment, folder=self.folder)
        note_child(self.child, self._pid_file)

    def end_orphan(self) -> None:
        """Ends what a killed supervisor left behind."""
        end_orphan(self._pid_file, self.mark, self.patience_s)

    def exit_code(self) -> int | None:
        return self.child.poll() if self.child else 0

    def is_ready(self) -> bool:
        return self.ready_file.exists()

    def last_words(self) -> str:
        line = last_lines(self.log, 1)
        return line.removeprefix(ERROR) if line.startswith(ERROR) else ""

    def terminate(self) -> None:
        if self.child:
            self.child.terminate()

    def kill(self) -> None:
        if self.child:
            self.child.kill()
