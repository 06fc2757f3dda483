"""Child processes that do not outlive the one that started them.

Rules of this file: on Linux the kernel ends a child when its parent is gone; elsewhere, and where the child
did not listen, the next start finds the orphan by its pid file and its command line.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from streams.files.writing.whole import write_whole

LOOK_S = 0.02
LINUX = sys.platform == "linux"
HALTED = "T"

LAST_WORDS = {"PYTHONFAULTHANDLER": "1"}
"""Where each thread of a Python was goes into its log when a library below it crashes."""

# Runs before the command, in its process: asks Linux for a signal at the parent's death, and looks whether
# the parent is already gone.
_TIED = """
import ctypes, os, sys
signal, parent = int(sys.argv[1]), int(sys.argv[2])
ctypes.CDLL(None).prctl(1, signal, 0, 0, 0)
if os.getppid() != parent: sys.exit("the process that started this one is gone")
os.execvp(sys.argv[3], sys.argv[3:])
"""


def start_child(
    command: Sequence[str],
    log: IO[bytes],
    environment: Mapping[str, str] | None = None,
    at_parents_death: signal.Signals = signal.SIGKILL,
    folder: Path | None = None,
) -> "subprocess.Popen[bytes]":
    """Starts a command in a session of its own: Ctrl-C on the terminal reaches its parent only."""
    if LINUX:
        tie = [sys.executable, "-I", "-S", "-c", _TIED, str(int(at_parents_death)), str(os.getpid())]
        command = [*tie, *command]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**(os.environ if environment is None else environment), **LAST_WORDS},
        cwd=folder,
        start_new_session=True,
    )


def note_child(child: "subprocess.Popen[bytes]", pid_file: Path) -> None:
    """For the next start, which may have to end it; a child that nobody would find is ended at once."""
    try:
        write_whole(pid_file, str(child.pid))
    except OSError:
        child.kill()
        child.wait()
        raise


def end_child(child: "subprocess.Popen[bytes]", patience_s: float) -> None:
    """SIGTERM, and SIGKILL where it does not listen."""
    child.terminate()
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def end_orphan(pid_file: Path, mark: str, patience_s: float) -> bool:
    """Ends the process of a pid file when its command line has the mark; whether there was one."""
    pid = _read_pid(pid_file)
    if pid is None or mark not in command_line(pid):
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            if mark not in command_line(pid):
                return True
            time.sleep(LOOK_S)
    return True


def command_line(pid: int) -> str:
    """What a process was started with; empty when it is gone or nobody may know."""
    if LINUX:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    found = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def is_halted(pid: int) -> bool:
    """Whether somebody stopped a process (SIGSTOP) and has not let it go on."""
    if LINUX:
        try:
            return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(") ")[2][:1] == HALTED
        except OSError:
            return False
    found = subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()[:1] == HALTED


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text("ascii"))
    except (OSError, ValueError):
        return None
