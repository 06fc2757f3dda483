"""`ghostfill demo`: a whole instance on a made-up market, with an account for every preset.

Rules of this file: the demo is a world of its own. A cluster or a database that the environment names gets
nothing of a made-up market.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from sinks.database.database import URL
from streams.cli.instance.instance import Ghostfill, page_url
from streams.cli.instance.setup import DASHBOARD, PARTS, WEB_PORT, Setup, Simulated, WebSetup
from streams.cli.options.many import example
from streams.cli.options.params import SPEED
from streams.feeds.market_day import SYMBOLS
from streams.local.machine.folders import data_folder
from streams.local.machine.home import HOME, Home
from streams.transport.kafka.cluster import BOOTSTRAP

USUAL = Simulated()


@click.command(epilog=example("ghostfill demo\nghostfill demo --speed 600x --seed 11 --web-port 8080"))
@click.option(
    "--speed",
    type=SPEED,
    default=USUAL.speed,
    show_default=True,
    metavar="1x|60x|max",
    help="How fast market time passes: 1 is real time, 60 a minute a second, max as fast as possible.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=USUAL.seed,
    show_default=True,
    help="Seed of the made-up market.",
)
@click.option(
    "--web-port",
    type=click.IntRange(1, 65535),
    default=WEB_PORT,
    show_default=True,
    help="Port of the page.",
)
@click.option("--no-web", is_flag=True, help="Do not serve the page.")
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that exists while it trades, for scripts.",
)
def demo(speed: float | None, seed: int, web_port: int, no_web: bool, ready_file: Path | None) -> None:
    """Run Ghostfill on a made-up market until Ctrl-C.

    Six symbols have prices, a producer and an account for each preset trade them, and a page shows it. It has
    a Kafka, a ClickHouse and a home of its own. A second start goes on where the first stopped.
    """
    home = home_of(os.environ)
    written = "max" if speed is None else f"{speed:g}x"
    setup = Setup(
        parts=tuple(part for part in PARTS if part != DASHBOARD or not no_web),
        symbols=_symbols(home),
        web=WebSetup(port=web_port),
        feeds={"market": Simulated(speed=written, seed=seed)},
    )
    environment = {name: value for name, value in os.environ.items() if name not in (BOOTSTRAP, URL)}
    page = None if no_web else page_url(setup.web)
    Ghostfill(home, setup, environment, ready_file).run(
        lambda seconds: list(_greeting(seconds, written, page, home))
    )


def home_of(environment: Mapping[str, str]) -> Home:
    """The one that is named, or else one beside the usual one."""
    if environment.get(HOME, "").strip():
        return Home.from_environment(environment)
    return Home(data_folder(environment)).demo


def _symbols(home: Home) -> Path:
    home.make()
    file = home.folder / "symbols.yaml"
    file.write_text(SYMBOLS, encoding="utf-8")
    return file


def _greeting(seconds: float, speed: str, page: str | None, home: Home) -> Iterator[str]:
    yield ""
    yield f"Ready in {seconds:.1f} s: a made-up market at {speed}, and an account for each preset."
    if page is not None:
        yield "Open it in a browser:"
        yield ""
        yield f"    {page}"
    yield ""
    command = _command()
    yield f"In another terminal: {HOME}={home.folder} {command} watch"
    yield f"Ctrl-C stops it; `{command} demo` continues where it stopped."
    yield ""


def _command() -> str:
    """As a person can type it here: it may be in a folder that no shell looks into."""
    name = "ghostfill"
    return name if shutil.which(name) or Path(sys.argv[0]).name != name else sys.argv[0]
