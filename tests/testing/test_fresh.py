"""A project outside the tree, in a fresh environment with nothing but the built package: docs/testing.md's file passes, and is quick."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker import skip_without_kafka
from tests.testing.test_docs import ALL, write_the_file
from tests.wheel import ROOT, build_wheel

INSTALL_S = 600
FIRST_S, NEXT_S = 10.0, 0.5


@pytest.mark.long
def test_a_project_of_its_own(tmp_path: Path):
    skip_without_kafka()
    python = tmp_path / "venv" / "bin" / "python"
    _run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    _run(str(python), "-m", "pip", "install", "--quiet", str(build_wheel(tmp_path)), "pytest")
    project = tmp_path / "project"
    project.mkdir()
    write_the_file(project)
    for which in ("first after its installation", "second"):
        took = _seconds(_run(str(python), "-m", "pytest", "-q", "--durations=0", "-vv", cwd=project))
        print(f"\nthe {which} run: {took}")  # noqa: T201
    first, *others = sorted(took.values(), reverse=True)
    assert first < FIRST_S
    assert all(seconds < NEXT_S for seconds in others)


def _seconds(said: str) -> dict[str, float]:
    """Until a test has what it asks for."""
    assert f"{ALL} passed" in said
    found = re.findall(r"^([\d.]+)s setup +test_dips\.py::(\w+)", said, re.MULTILINE)
    return {name: float(seconds) for seconds, name in found}


def _run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, text=True, capture_output=True, timeout=INSTALL_S, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout
