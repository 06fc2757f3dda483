"""A part that is a command line: ready when its file appears."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.local.child import end_orphan, start_child
from streams.local.logs import open_log

STOP_S = 10.0


class Command:
    """One command, kept running by the supervisor."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        ready_file: Path,
        environment: Mapping[str, str] | None = None,
        patience_s: float = STOP_S,
    ) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.ready_file = ready_file
        """Named on the command line too: it tells this part from every other process of the machine."""
        self.environment = environment
        self.patience_s = patience_s
        self.child: subprocess.Popen[bytes] | None = None

    def spawn(self) -> None:
        self.ready_file.parent.mkdir(parents=True, exist_ok=True)
        pid_file = self.ready_file.with_suffix(".pid")
        end_orphan(pid_file, str(self.ready_file), self.patience_s)
        self.ready_file.unlink(missing_ok=True)
        with open_log(self.log) as log:
            self.child = start_child(self.command, log, self.environment)
        pid_file.write_text(str(self.child.pid), "ascii")

    def exit_code(self) -> int | None:
        return self.child.poll() if self.child else 0

    def is_ready(self) -> bool:
        return self.ready_file.exists()

    def terminate(self) -> None:
        if self.child:
            self.child.terminate()

    def kill(self) -> None:
        if self.child:
            self.child.kill()
