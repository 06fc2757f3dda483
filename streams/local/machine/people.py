"""Who else can log in to this machine."""

import os
import pwd
import sys
from collections.abc import Iterable

FIRST_PERSON = 500 if sys.platform == "darwin" else 1000
"""Accounts below are the system's."""
NOBODY = 65_534
NO_SHELLS = ("nologin", "false", "sync", "shutdown", "halt")
NAMED = 3


def others(accounts: Iterable[pwd.struct_passwd] | None = None, me: int | None = None) -> list[str]:
    """The accounts of people, but for one's own and root, who may do everything anyway."""
    mine = os.getuid() if me is None else me
    return sorted(
        each.pw_name
        for each in (pwd.getpwall() if accounts is None else accounts)
        if each.pw_uid >= FIRST_PERSON
        and each.pw_uid not in (mine, NOBODY)
        and os.path.basename(each.pw_shell) not in NO_SHELLS
    )


def in_words(names: list[str]) -> str:
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
