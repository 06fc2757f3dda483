"""What can be wrong with a message, with the catalogue, and with a schema registry.

Rules of this file: an error names the field or the file, what was found, and what was expected.
"""

import reprlib

_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 60
_short.maxlevel = 2

NOTHING = "nothing"


def shorten(value: object) -> str:
    """The value as a person may want to see it: one line, not long."""
    if isinstance(value, bytes | bytearray) and len(value) > 20:
        return f"{bytes(value[:20])!r}... ({len(value)} bytes)"
    return _short.repr(value)


class MessageError(ValueError):
    """Bytes that are no message: they belong among the dead letters."""

    def __init__(self, field: str, found: str, expected: str) -> None:
        super().__init__(field, found, expected)
        self.field = field
        self.found = found
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.field}: found {self.found}, expected {self.expected}"


class CatalogError(ValueError):
    """A topic's or a schema's file that contradicts itself or another."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(file, key, problem)
        self.file = file
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.problem}"


class RegistryError(RuntimeError):
    """A schema registry that does not answer. It says nothing about the message: try again."""
