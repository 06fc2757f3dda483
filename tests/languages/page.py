"""docs/languages.md, taken apart: for each client what is typed, and the programs.

Rules of this file: nothing of a block is changed. A program's first line is a comment with its file's name.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "languages.md"
RUNS = ("python ", "node ", "java ", "go run ", "cargo run ", "sh ", "kcat ")
FILE = re.compile(r"(?://|#|<!--) (\S+\.\w+)(?: -->)?")


class Section(NamedTuple):
    """One client."""

    title: str
    setup: list[str]
    sends: list[str]
    reads: list[str]
    files: dict[str, str]

    @property
    def ids(self) -> list[str]:
        """How the ids of the signals begin that its programs send."""
        return re.findall(r"\b([a-z]+-(?:json|avro))-", "".join(self.files.values()))

    def lines(self, name: str) -> int:
        return len([line for line in self.files[name].splitlines()[1:] if line.strip()])


def sections() -> Iterator[Section]:
    for text in PAGE.read_text("utf-8").split("\n## ")[1:]:
        title, _, body = text.partition("\n")
        blocks = re.findall(r"```(\w+)\n(.*?)```", body, re.DOTALL)
        files, typed = {}, []
        for _, block in blocks:
            named = FILE.match(block)
            if named is None:
                typed += block.splitlines()
            else:
                files[named[1]] = block
        runs = [line for line in typed if line.startswith(RUNS)]
        reads = [line for line in runs if re.search(r"\b[Rr]ead\b", line)]
        yield Section(
            title,
            [line for line in typed if line not in runs],
            [line for line in runs if line not in reads],
            reads,
            {name: text if name != "pom.xml" else text.partition("\n")[2] for name, text in files.items()},
        )
