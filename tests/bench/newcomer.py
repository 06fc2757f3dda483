"""Ghostfill by somebody who has nothing but Python: how long until the page is filled, and what is said on the way.

    python -m tests.bench.newcomer IMAGE            # `make demo` in a clone; the image has make, too
    python -m tests.bench.newcomer --wheel IMAGE    # the built package, installed with uv

The image needs Python 3.11 or later with venv. What `docker run` needs besides, such as a network or a package cache
(`-v ~/.cache/pip:/root/.cache/pip`), comes before the image.
"""

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.wheel import build_wheel

SOON_S = 180
MAKE = "cd /ghostfill && make demo > /said 2>&1; echo ended >> /said"
UV = """
( python3 -m venv /installer && /installer/bin/pip install --quiet uv && /installer/bin/uv tool install --quiet /ghostfill/*.whl \
&& /root/.local/bin/ghostfill --version && /root/.local/bin/ghostfill demo ) > /said 2>&1; echo ended >> /said
"""
CHECK = """
import json, urllib.request
def get(path):
    with urllib.request.urlopen(f"http://127.0.0.1:5005{path}", timeout=5) as answer:
        return answer.read().decode()
assert len(json.loads(get("/api/accounts"))["items"]) == 6
assert len(json.loads(get("/api/trades?limit=5"))["items"]) == 5
assert get("/").count("data-key") > 20
"""


def main(arguments: list[str]) -> None:
    has_wheel = arguments[:1] == ["--wheel"]
    options = arguments[has_wheel:]
    if not options:
        sys.exit("expected: python -m tests.bench.newcomer [--wheel] [OPTIONS OF DOCKER RUN] IMAGE")
    box = _run("docker", "run", "--detach", "--rm", *options, "sleep", "3600").strip()
    try:
        _inside(box, "mkdir", "/ghostfill")
        (_bring_wheel if has_wheel else _bring_clone)(box)
        seconds = _filled(box, UV if has_wheel else MAKE)
        print(_inside(box, "cat", "/said"))
        print(f"filled after {seconds:.0f} s")
    finally:
        _run("docker", "kill", box)
    sys.exit(seconds > SOON_S)


def _bring_clone(box: str) -> None:
    archive = subprocess.run(["git", "archive", "HEAD"], check=True, capture_output=True).stdout
    _inside(box, "tar", "--extract", "--directory", "/ghostfill", stdin=archive)


def _bring_wheel(box: str) -> None:
    with TemporaryDirectory() as folder:
        _run("docker", "cp", str(build_wheel(Path(folder))), f"{box}:/ghostfill")


def _filled(box: str, command: str) -> float:
    """Seconds until the page shows accounts, trades and rows."""
    began = time.monotonic()
    _run("docker", "exec", "--detach", box, "sh", "-c", command)
    while not _is_filled(box):
        said = _inside(box, "sh", "-c", "touch /said; cat /said")
        if said.endswith("ended\n") or time.monotonic() - began > 5 * SOON_S:
            sys.exit(f"it was not filled; it said:\n{said}")
        time.sleep(0.5)
    return time.monotonic() - began


def _is_filled(box: str) -> bool:
    asked = ["docker", "exec", box, "python3", "-c", CHECK]
    return not subprocess.run(asked, check=False, capture_output=True).returncode


def _inside(box: str, *command: str, stdin: bytes = b"") -> str:
    return _run("docker", "exec", "--interactive", box, *command, stdin=stdin)


def _run(*command: str, stdin: bytes = b"") -> str:
    return subprocess.run(command, input=stdin, check=True, stdout=subprocess.PIPE).stdout.decode()


if __name__ == "__main__":
    main(sys.argv[1:])
