"""axe-core, which finds what people with impairments could not use: fetched by npm when a test first asks."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

VERSION = "4.10.3"
FETCH_S = 120


def axe(folder: Path) -> str:
    """Its JavaScript, kept in a folder."""
    kept = folder / f"axe-core-{VERSION}.js"
    if not kept.exists():
        kept.write_bytes(_fetched(folder))
    return kept.read_text("utf-8")


def _fetched(folder: Path) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("axe-core comes from npm, which is not here: install Node.js")
    done = subprocess.run(
        [npm, "pack", f"axe-core@{VERSION}", "--silent", "--pack-destination", str(folder)],
        capture_output=True, text=True, timeout=FETCH_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with tarfile.open(folder / f"axe-core-{VERSION}.tgz") as packed:
        inside = packed.extractfile("package/axe.min.js")
        assert inside is not None
        return inside.read()
