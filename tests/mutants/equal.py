"""Mutants that a person has read and found to do the same.

Rules of this file: `equal.txt` says why, and shows the statement before and after; both must be found word for word.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.mutants.mutator import Mutant

LIST = Path(__file__).with_name("equal.txt")
Key = tuple[str, str, str, str]


def key_of(mutant: Mutant) -> Key:
    return mutant.path, mutant.function, _flat(mutant.before), _flat(mutant.after)


def known() -> dict[Key, str]:
    """Why each is equal."""
    return dict(_read(LIST.read_text().splitlines()))


def _read(lines: list[str]) -> Iterator[tuple[Key, str]]:
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
        elif line:
            path, function = sign, rest


def _flat(text: str) -> str:
    return " ".join(text.split())
