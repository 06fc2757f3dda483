"""Starts Python processes in no time: forked from one that has imported everything and done nothing.

Rules of this file: what is born runs a module as `python -m` would, with an environment and a log of its own.
It dies with the nursery, and the nursery with whoever opened it.
"""

import ctypes
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

LOOK = 0.01
PARENT_DIED = 1
"""prctl's PR_SET_PDEATHSIG."""


class Born:
    """One process; speaks like `subprocess.Popen`."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.nursery, self.pid = nursery, pid

    @property
    def returncode(self) -> int | None:
        return self.nursery.codes.get(self.pid)

    def poll(self) -> int | None:
        self.nursery.look(0)
        return self.returncode

    def wait(self, timeout: float = 30.0) -> int:
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(LOOK)
        return self.nursery.codes[self.pid]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class Nursery:
    """The parent, seen from outside."""

    def __init__(self, imports: Iterable[str]) -> None:
        command = [sys.executable, "-m", "tests.pipeline.nursery", str(os.getpid()), *imports]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.codes: dict[int, int] = {}
        self._pids: dict[int, int] = {}
        self._asked = 0
        self._rest = b""

    def bear(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Born:
        """Start one."""
        self._asked += 1
        wanted = [self._asked, module, list(arguments), dict(environment), str(log)]
        self._input.write(json.dumps(wanted).encode() + b"\n")
        self._input.flush()
        while self._asked not in self._pids:
            self.look(1.0)
        return Born(self, self._pids.pop(self._asked))

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def look(self, seconds: float) -> None:
        """Hear who was born and who died."""
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        while select.select([output], [], [], seconds)[0]:
            heard = os.read(output, 1 << 16)
            assert heard, "the nursery died"
            *lines, self._rest = (self._rest + heard).split(b"\n")
            for what, key, value in map(json.loads, lines):
                (self._pids if what == "born" else self.codes)[key] = value
            seconds = 0

    def close(self) -> None:
        """What still lives in it dies."""
        self._input.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def main() -> None:
    die_with(int(sys.argv[1]))
    for name in sys.argv[2:]:
        __import__(name)
    output = os.dup(1)
    rest = b""
    while True:
        if select.select([0], [], [], LOOK)[0]:
            heard = os.read(0, 1 << 16)
            if not heard:
                return
            *lines, rest = (rest + heard).split(b"\n")
            for line in lines:
                number, *wanted = json.loads(line)
                _tell(output, "born", number, _fork(*wanted))
        while (dead := _reap()) is not None:
            _tell(output, "died", *dead)


def die_with(parent: int) -> None:
    """Be killed when the parent is gone."""
    ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")


def _tell(output: int, *what: Any) -> None:
    os.write(output, json.dumps(what).encode() + b"\n")


def _reap() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, os.waitstatus_to_exitcode(status)) if pid else None


def _fork(module: str, arguments: list[str], environment: dict[str, str], log: str) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        die_with(parent)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(written, 1)
        os.dup2(written, 2)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
        if isinstance(left.code, str):
            sys.stderr.write(f"{left.code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
