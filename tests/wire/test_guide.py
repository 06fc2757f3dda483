"""The program in docs/wire.md that reads a record by hand, compiled as it stands there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from schemas.codec import encode
from schemas.messages import Fill, Tick

(CODE,) = re.findall(
    r"```c\n(.*?)```", (Path(__file__).parents[2] / "docs" / "wire.md").read_text("utf-8"), re.DOTALL
)
FILL = Fill(
    fill_id="paper-1-f9", order_id="paper-1-o7", account="paper-1", symbol="AURA", side="sell",
    quantity=400_000_000, price=23_850_000_000, fee=0, ts=1_741_012_200_000_000,
)  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler on this machine")
    folder = tmp_path_factory.mktemp("guide")
    (folder / "fill.c").write_text(CODE, "utf-8")
    command = [compiler, "-Wall", "-Wextra", "-Werror", "-o", str(folder / "fill"), str(folder / "fill.c")]
    subprocess.run(command, check=True)
    return folder / "fill"


def test_it_reads_a_fill(program):
    done = subprocess.run([program], input=encode(FILL), capture_output=True, check=True)
    assert done.stdout.decode() == "paper-1-f9 paper-1-o7 paper-1 AURA sell 400000000 23850000000\n"


def test_it_takes_nothing_else_for_one(program):
    other = encode(Tick(symbol="A", ts=1, price=1))
    assert subprocess.run([program], input=other, check=False).returncode == 1
