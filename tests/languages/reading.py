"""A program that reads on and on, and what it has said up to now."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

READ_S = 60
Found = TypeVar("Found")


def read_until(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], look: Callable[[str], Found]
) -> Found:
    """What is seen in its output, once there is something; the program is ended then."""
    said = folder / "read.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        end = time.monotonic() + READ_S
        while not (found := look(text := said.read_text("utf-8", "replace"))):
            assert process.poll() is None and time.monotonic() < end, f"{command}: {text[-2000:]}"
            time.sleep(0.2)
        return found
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
