"""What a check found, how bad it is, and how to fix it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer."""

    check: str
    state: Literal["ok", "warn", "fail"]
    found: str
    mend: str = ""
    """What to do, where something is to be done."""


def ok(check: str, found: str) -> Finding:
    return Finding(check, "ok", found)


def warn(check: str, found: str, mend: str) -> Finding:
    return Finding(check, "warn", found, mend)


def fail(check: str, found: str, mend: str) -> Finding:
    return Finding(check, "fail", found, mend)
