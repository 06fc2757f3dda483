"""What the README and docs/producers.md tell people to type, run as it stands there.

Rules of this file: nothing of a block is changed. A program is a file of its own; what a shell needs besides
is what the page says before it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streams.local.kafka.jars import jar_folder

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

    language: str
    text: str
    symbol: str


def programs() -> list[Program]:
    found = []
    for language in ("python", "javascript", "java"):
        for block in blocks("docs/producers.md", language, "roducer"):
            symbols = set(re.findall(r"\b(AURA|BOLT|CIRQ|DUNE|EMBR|FLUX)\b", block))
            found.append(Program(language, block, *symbols))
    return found


def command_for(program: Program, folder: Path) -> tuple[str, Path]:
    """How it is run, and where; skips where its language is not there."""
    if program.language == "python":
        (folder / "signal_sender.py").write_text(program.text)
        return f"python {folder}/signal_sender.py", ROOT
    if program.language == "javascript":
        _needs("node", "npm")
        (folder / "signal.mjs").write_text(program.text)
        got = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "kafkajs"],
            cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        if got.returncode:
            pytest.skip(f"npm cannot install kafkajs here: {got.stderr[-300:]}")
        return "node signal.mjs", folder
    _needs("java", "javac")
    (folder / "SendSignal.java").write_text(program.text)
    return f"java -cp '{jar_folder()}/*' SendSignal.java", folder


def _needs(*commands: str) -> None:
    for command in commands:
        if shutil.which(command) is None:
            pytest.skip(f"there is no `{command}` on this machine")


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
    command, cwd = command_for(program, folder)
    person.buys("breakout", program.symbol, lambda: person.types(f"{needs}\n{command}", cwd))
