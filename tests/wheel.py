"""The package as users get it, built from a copy of the tree: a build leaves nothing behind, nor finds what an older one left."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("ghostfill", "schemas", "sinks", "streams", "pyproject.toml", "README.md", "LICENSE")


def build_wheel(folder: Path) -> Path:
    source = folder / "source"
    source.mkdir()
    for name in PARTS:
        part = ROOT / name
        (shutil.copytree if part.is_dir() else shutil.copy)(part, source / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(source),
    ]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel
