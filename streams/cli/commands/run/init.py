"""`ghostfill init`: a ghostfill.yaml to change, in which every default is commented out."""

from pathlib import Path

import click

from streams.cli.options.many import example

TEXT = """\
# What `ghostfill up` runs. It reads this file where it is started, or the one that --config or
# GHOSTFILL_CONFIG names; options of `up` override it. What is commented out is the default, or an example:
# take the first # away. Paths are as seen from this file.

# The parts to run. trader: the gate, the desks, and the accounts, feeds and strategies below; results:
# ClickHouse and the sink; dashboard: the page. Parts on other machines may be given the same file: they find
# each other by KAFKA_BOOTSTRAP and CLICKHOUSE_URL (docs/running.md).
#parts: [trader, results, dashboard]

#workers: 1                 # desk processes
#markets: []                # further markets, ticks.NAME; those that feeds and accounts name are there anyway
#symbols:                   # a file of tick sizes, lots and market hours

#kafka:
#  port:                    # where the embedded one listens; any that is free, the same at each start
#  heap: 512m               # its memory
#  auth: none               # scram: it asks for this home's password, which `ghostfill connect` shows
#  replicas:                # copies of each record: 3, or as many as there are brokers
#  bootstrap:               # host:port of a cluster of yours, in place of the embedded one; KAFKA_BOOTSTRAP
                            # counts more, and passwords are only taken from its companions

#clickhouse:
#  port:                    # where the embedded one is; any that is free, the same at each start
#  ticks: true              # whether it keeps ticks, which are most of the rows
#  url:                     # one of yours in place of it, such as https://clickhouse.example:8443/ghostfill

#web:
#  host: 127.0.0.1          # this machine alone; 0.0.0.0 is every machine that reaches this one
#  port: 5005
#  names: []                # more host names of the page, such as paper.example
#  tls_cert:                # PEM files: with them the page is https
#  tls_key:

# Accounts: opened at the start when they are not there, and never changed by this file afterwards: that is
# done with `ghostfill account change`. Every key is in docs/accounts.md; `file` names an account file.
#accounts:
#  mine:
#    preset: vsr-slicer
#    follow: [tracker]
#    balance: 250_000
#    stop_loss: 2%

# Feeds: what publishes a market. A file goes on where it stopped, and is done when it ends; so is a program
# that ends with 0. What else ends is started again.
#feeds:
#  made-up: {simulate: {speed: 60x, seed: 5, accounts: false}}
#  monday:
#    publish: {ticks: monday.csv.gz, speed: 60x, from: 2026-01-05T14:30Z, market: recorded}
#  exchange: {command: [python, my_feed.py], environment: {SYMBOLS: "AAPL,MSFT"}}

# Strategies: programs that publish signals, kept running. They are told the cluster in KAFKA_BOOTSTRAP and
# its companions; `python` is the one that Ghostfill runs with; what they say is in logs/NAME.log.
#strategies:
#  breakout:
#    command: [python, my_strategy.py, --fast]
#    folder: .
#    environment: {RISK: low}
"""


@click.command(epilog=example("ghostfill init\nghostfill init crypto.yaml"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="ghostfill.yaml")
def init(file: Path) -> None:
    """Write a commented ghostfill.yaml to change: what `ghostfill up` is to run.

    An existing file is left as it is.
    """
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(TEXT)
    except FileExistsError:
        raise click.ClickException(
            f"{file} exists already and was not changed; name another: ghostfill init other.yaml"
        ) from None
    click.echo(f"wrote {file}: edit it, then run `ghostfill up`")
