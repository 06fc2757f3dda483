"""What the help and docs/commands.md say is there."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from streams.cli.main import command
from tests.shell.conftest import run

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
LINES = [line.partition("ghostfill ")[2] for line in BLOCKS.splitlines() if "ghostfill " in line]


def commands(path: tuple[str, ...], each: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, each
    if isinstance(each, click.Group):
        context = click.Context(each)
        for name in each.list_commands(context):
            sub = each.get_command(context, name)
            assert sub is not None
            yield from commands((*path, name), sub)


EVERY = dict(commands((), command))


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_the_help_of_every_command_has_an_example(path, capsys):
    assert run([*path, "--help"]) == 0
    assert "Example:" in capsys.readouterr().out


@pytest.mark.parametrize("line", LINES)
def test_the_page_s_commands_have_the_options_that_they_use(line):
    words = shlex.split(line, comments=True)
    depth = max(n for n in range(len(words) + 1) if tuple(words[:n]) in EVERY)
    each = EVERY[tuple(words[:depth])]
    if words[:depth] == ["order"]:
        each = EVERY["order", "place"]
    options = {option for param in each.params for option in param.opts}
    assert depth and {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("name", sorted(path[0] for path in EVERY if len(path) == 1))
def test_the_page_names_every_command(name):
    assert re.search(rf"^ghostfill {name}\b", BLOCKS, re.MULTILINE) or f"ghostfill {name} " in BLOCKS


def test_what_every_command_imports_is_not_slow():
    """A help text needs click; a library comes when a command needs it."""
    print_imports = "import sys; from streams.cli.main import command; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", print_imports], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert not imported & {"clickhouse_connect", "email", "msgspec", "numpy", "schemas", "sinks", "yaml"}
    assert {name for name in imported if name.startswith("streams.")} <= {
        "streams.cli", "streams.cli.lazy", "streams.cli.main", "streams.cli.options", "streams.cli.options.many",
    }  # fmt: skip


NO_DESK = {"faust", "aiokafka", "aiohttp", "pyarrow"}


@pytest.mark.parametrize(
    ("module", "not_loaded"),
    [
        ("look.status", NO_DESK | {"numpy"}),
        ("look.results", NO_DESK | {"numpy", "confluent_kafka"}),
        ("look.tail", NO_DESK),
        ("look.log", NO_DESK),
        ("trade.account_views", NO_DESK | {"numpy", "confluent_kafka", "fastavro"}),
        ("trade.account_changes", NO_DESK),
        ("trade.orders", NO_DESK),
        ("ask.query", NO_DESK),
        ("ask.trace", NO_DESK),
    ],
)
def test_who_only_asks_loads_no_more_than_it_needs(module, not_loaded):
    """A command is there in half the time without a desk, and in a fifth without Kafka."""
    program = f"import streams.cli.commands.{module}; import sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not not_loaded & set(done.stdout.split())
