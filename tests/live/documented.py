"""What the README and docs/producers.md tell people to type, run as it stands there.

Rules of this file: nothing of a block is changed. A program is a file of its own; what a shell needs besides
is what the page says before it.
"""

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120
FILLED_IN_S = 15
TRIES = 3
"""A signal that meets the end of a made-up day expires overnight, and is sent again."""


def blocks(page: str, language: str, holding: str = "") -> list[str]:
    """The blocks of a page in a language that hold a text."""
    text = (ROOT / page).read_text("utf-8")
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in found if holding in block]


class Person:
    """Someone in a terminal beside a running instance."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self.environment = {**environment, "PATH": path}

    def types(self, text: str, cwd: Path = ROOT) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            env=self.environment, cwd=cwd, text=True, capture_output=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def fills(self, account: str) -> list[dict[str, Any]]:
        tail = f"ghostfill tail fills --account {account} --from-start --timeout 1 --json || true"
        return [json.loads(line) for line in self.types(tail).splitlines()]

    def buys(self, account: str, symbol: str, send: Callable[[], object]) -> None:
        """What is sent is bought, in a moment."""
        for _ in range(TRIES):
            send()
            for _ in range(FILLED_IN_S):
                if any(fill["symbol"] == symbol for fill in self.fills(account)):
                    return
        pytest.fail(f"{account} has bought no {symbol}; it has decided: " + self.types(
            f"ghostfill tail decisions --account {account} --from-start --timeout 2 || true"
        ) + self.types("ghostfill status"))  # fmt: skip


class Program(NamedTuple):
    """A block that sends a signal."""

    text: str
    symbol: str


def programs() -> list[Program]:
    """Those of other languages are in docs/languages.md, which `make test-languages` tries."""
    found = []
    for block in blocks("docs/producers.md", "python", "roducer"):
        symbols = set(re.findall(r"\b(AURA|BOLT|CIRQ|DUNE|EMBR|FLUX)\b", block))
        found.append(Program(block, *symbols))
    return found


def follow_the_readme(person: Person) -> None:
    """Beside an instance that has a market: step 1, from the account to its first fill."""
    (block,) = blocks("README.md", "sh", "publish signals -")
    create, publish, tail = block.splitlines()
    assert "paper-1: accepted" in person.types(create)
    person.buys("paper-1", "AURA", lambda: person.types(publish))
    said = person.types(tail)
    assert "AURA" in said and "buy" in said, said


def prepare_the_programs(person: Person) -> str:
    """Opens the account that follows them; what a shell needs for each."""
    (block,) = blocks("docs/producers.md", "sh", "ghostfill connect")
    person.types(block)
    (line,) = (line for line in block.splitlines() if "ghostfill connect" in line)
    return line


def run_program(person: Person, needs: str, program: Program, folder: Path) -> None:
    (folder / "signal_sender.py").write_text(program.text)
    send = f"{needs}\npython {folder}/signal_sender.py"
    person.buys("breakout", program.symbol, lambda: person.types(send))
