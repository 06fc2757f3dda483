"""Mutants that a person has read and found to do the same.

Rules of this file: `equal.txt` says why, and shows the statement before and after; both must be found word for word.
Where one reason holds wherever some words stand, it shows those words: `~ side > 0 => side >= 0`.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutants.mutator import Mutant

LIST = Path(__file__).with_name("equal.txt")
Key = tuple[str, str, str, str]


def key_of(mutant: Mutant) -> Key:
    return mutant.path, mutant.function, _flat(mutant.before), _flat(mutant.after)


class Known:
    """The list, read."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.whole = dict(_read(lines))
        pairs = [line.removeprefix("~ ").split(" => ") for line in lines if line.startswith("~ ")]
        self.words = [(before, after) for before, after in pairs]

    def holds(self, mutant: Mutant) -> bool:
        """Whether it does the same."""
        key = key_of(mutant)
        before, after = key[2:]
        return key in self.whole or any(after in _replaced(before, *pair) for pair in self.words)


def known() -> Known:
    return Known(LIST.read_text().splitlines())


def _replaced(text: str, words: str, others: str) -> Iterator[str]:
    """The text with one occurrence of the words replaced, wherever they are whole."""
    for found in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text):
        yield text[: found.start()] + others + text[found.end() :]


def _read(lines: Sequence[str]) -> Iterator[tuple[Key, str]]:
    """`# why`, `path function`, `- before`, `+ after`: one reason may stand above several."""
    why = path = function = before = ""
    for line in lines:
        sign, _, rest = line.partition(" ")
        if sign == "#":
            why = rest
        elif sign == "-":
            before = rest
        elif sign == "+":
            yield (path, function, before, rest), why
        elif line and sign != "~":
            path, function = sign, rest


def _flat(text: str) -> str:
    return " ".join(text.split())
