"""How far a download is: redrawn on a terminal, its first and last word in a pipe."""

import sys

import click

MEGABYTE = 1_000_000


class Downloads:
    """Called with the bytes that came and the bytes that are wanted."""

    def __init__(self, what: str, *, live: bool | None = None) -> None:
        self.what = what
        self.live = sys.stderr.isatty() if live is None else live

    def __call__(self, done: int, wanted: int) -> None:
        if self.live or done in (0, wanted):
            text = f"Downloading {self.what}, once: {done // MEGABYTE} of {wanted // MEGABYTE} MB"
            click.echo(f"\r{text}" if self.live else text, nl=done == wanted or not self.live, err=True)
