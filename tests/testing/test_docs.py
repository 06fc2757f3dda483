"""The file that docs/testing.md gives users to copy, run outside the tree."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.broker import skip_without_kafka

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
ALL = 3


def write_the_file(folder: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (folder / "test_dips.py").write_text(code, "utf-8")


def test_the_file_to_start_from_passes_word_for_word(tmp_path: Path):
    skip_without_kafka()
    write_the_file(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    shell = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=tmp_path, env=shell, text=True, capture_output=True, check=False)
    assert done.returncode == 0 and f"{ALL} passed" in done.stdout, done.stdout[-4000:]
