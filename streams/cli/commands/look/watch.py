"""`ghostfill watch`: accounts, positions, slices, fills and decisions, live on the whole terminal.

Rules of this file: a thread asks, so that keys and sizes are answered while the database is slow or away;
what was seen last stays on the screen; however it ends, the terminal is what it was before.
"""

import os
import select
import shutil
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import click
from clickhouse_connect.driver.client import Client

from sinks.asking.accounts import require
from sinks.asking.questions import ask
from sinks.database.database import first_line
from streams.cli.commands.look.results import json_of, json_option
from streams.cli.options.many import example
from streams.cli.printing.answers import reader
from streams.cli.printing.result_tables import (
    Row,
    account_lines,
    decision_lines,
    fill_lines,
    position_lines,
    slice_lines,
)

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""The other screen without a cursor; the first one as it was."""
HOME, REST_OF_LINE, REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
LOOK_S = 0.1
SILENT_S = 3.0
"""A database that says nothing for so long does not answer."""
LAST = 50
"""So many fills and decisions are asked for; the screen may have room for fewer."""

Rows = Sequence[Row]


class Section(NamedTuple):
    """A part of the picture."""

    question: str
    parameters: Mapping[str, Any]
    lines: Callable[[Iterable[Row]], list[str]]


SECTIONS = {
    "accounts": Section("accounts-now", {}, account_lines),
    "open positions": Section("open-positions", {}, position_lines),
    "pending slices": Section("pending-slices", {}, slice_lines),
    "last fills": Section("recent-fills", {"limit": LAST}, fill_lines),
    "last decisions": Section("recent-decisions", {"limit": LAST}, decision_lines),
}


@click.command(epilog=example("ghostfill watch\nghostfill watch paper-1 --every 5\nghostfill watch --json"))
@click.argument("account", required=False)
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=1.0, show_default=True, metavar="SECONDS",
    help="How often to refresh.",
)  # fmt: skip
@json_option
def watch(account: str | None, every: float, as_json: bool) -> None:
    """Show it all live: accounts, what they hold and wait for, what they did and decided.

    q or Ctrl-C ends it. Times are UTC. Into a pipe or a file, and with --json, it is shown once.
    """
    if as_json or not sys.stdout.isatty():
        seen = _first_look(account)
        click.echo(
            json_of({name.replace(" ", "_"): rows for name, rows in seen.items()}) if as_json else _all(seen)
        )
        return
    watching = Watching(account, every, _first_look(account), datetime.now(UTC))
    watching.start()
    try:
        with _screen() as key_came:
            _draw_until(key_came, watching)
    except KeyboardInterrupt:
        pass
    finally:
        watching.stop()


# Looking ---------------------------------------------------------------------------------------


def look(client: Client, account: str | None) -> dict[str, Rows]:
    return {
        name: ask(client, each.question, account=account, **each.parameters).dicts()
        for name, each in SECTIONS.items()
    }


def _first_look(account: str | None) -> dict[str, Rows]:
    """One that may fail: a wrong account, no database."""
    with reader() as client:
        if account is not None:
            require(partial(ask, client), account)
        return look(client, account)


@dataclass
class Watching:
    """A thread that looks again and again."""

    account: str | None
    every_s: float
    seen: Mapping[str, Rows]
    at: datetime
    """When that was."""
    failure: str = ""
    looks: int = 0
    heard: float = field(default_factory=time.monotonic)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._work, daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    @property
    def trouble(self) -> str:
        """Why there is nothing newer than this."""
        silent = time.monotonic() - self.heard
        return self.failure or (f"no answer for {silent:.0f} s" if silent > self.every_s + SILENT_S else "")

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                with reader() as client:
                    self._look_on(client)
            except Exception as error:  # whatever it is: it is told, and looked for again
                self.failure = first_line(error)
                self.looks += 1
                self._stopped.wait(self.every_s)

    def _look_on(self, client: Client) -> None:
        while not self._stopped.is_set():
            self.seen = look(client, self.account)
            self.at, self.failure = datetime.now(UTC), ""
            self.heard = time.monotonic()
            self.looks += 1
            self._stopped.wait(self.every_s)


# Drawing ---------------------------------------------------------------------------------------


def _draw_until(key_came: Callable[[float], str], watching: Watching) -> None:
    """Draws when something is new, or the terminal has another size."""
    drawn: object = None
    while key_came(LOOK_S) not in ("q", "Q"):
        size, head = shutil.get_terminal_size(), _head(watching)
        if drawn != (drawn := (watching.looks, head, size)):
            lines = picture(watching.seen, head, size.columns, size.lines)
            body = "\n".join(f"{line}{REST_OF_LINE}" for line in lines)
            sys.stdout.write(f"{HOME}{body}{REST_OF_SCREEN}")
            sys.stdout.flush()


def _head(watching: Watching) -> str:
    when = f"{watching.at:%Y-%m-%d %H:%M:%S} UTC"
    what = watching.account or "all accounts"
    said = f"  NOTHING NEW: {trouble}" if (trouble := watching.trouble) else ""
    return f"ghostfill  {what}  {when}  q ends{said}"


def picture(seen: Mapping[str, Rows], head: str, width: int, height: int) -> list[str]:
    """As many rows of each section as there is room for; how many more there are stands behind its name."""
    fixed = 1 + 3 * len(seen)
    given = shares([len(rows) for rows in seen.values()], height - fixed)
    lines = [click.style(_fitted(head, width), bold=True)]
    for (name, rows), share in zip(seen.items(), given, strict=True):
        more = f": {share} of {len(rows)}" if share < len(rows) and name in _COUNTED else ""
        lines += ["", click.style(_fitted(f"{name}{more}", width), bold=True)]
        lines += (
            [_fitted(line, width) for line in SECTIONS[name].lines(rows[:share])] if rows else ["nothing"]
        )
    return lines[: max(height, 1)]


_COUNTED = ("accounts", "open positions", "pending slices")
"""Of the others only the last are asked for."""


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """To each what it wants, or its fair part of the room."""
    given = [0] * len(wanted)
    while room > 0 and given != list(wanted):
        for at, wish in enumerate(wanted):
            if given[at] < wish and room > 0:
                given[at] += 1
                room -= 1
    return given


def _fitted(line: str, width: int) -> str:
    """Within the width, and nothing in it that a terminal obeys."""
    return "".join(each if each.isprintable() else "?" for each in line[:width])


def _all(seen: Mapping[str, Rows]) -> str:
    parts = [[name, *(SECTIONS[name].lines(rows) if rows else ["nothing"])] for name, rows in seen.items()]
    return "\n\n".join("\n".join(part) for part in parts)


# The terminal ----------------------------------------------------------------------------------


@contextmanager
def _screen() -> Iterator[Callable[[float], str]]:
    """The other screen; gives a function that waits a little for a key."""
    keys = sys.stdin.fileno() if sys.stdin.isatty() else None
    before = termios.tcgetattr(keys) if keys is not None else None
    ended = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if keys is not None:
            tty.setcbreak(keys)
        sys.stdout.write(ENTER)
        sys.stdout.flush()
        yield partial(_key, keys)
    finally:
        sys.stdout.write(LEAVE)
        sys.stdout.flush()
        if keys is not None and before is not None:
            termios.tcsetattr(keys, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTERM, ended)


def _key(keys: int | None, wait_s: float) -> str:
    if keys is None:
        time.sleep(wait_s)
        return ""
    came, _, _ = select.select([keys], [], [], wait_s)
    return os.read(keys, 1).decode("ascii", "replace") if came else ""
