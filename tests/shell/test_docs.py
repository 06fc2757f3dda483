"""The pages about accounts and the README say what is true."""

import itertools
import re
import shlex
from pathlib import Path

import click
import pytest

from streams.accounts import account_with, parse_account, parse_instruments, presets
from streams.accounts.keys import KNOWN, READERS
from streams.cli.main import command
from streams.engine.model.settings import Settings
from streams.feeds.producers import FOLLOWED

ROOT = Path(__file__).parents[2]
ACCOUNTS = (ROOT / "docs" / "accounts.md").read_text()
README = (ROOT / "README.md").read_text()
ROWS = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", ACCOUNTS, re.MULTILINE)
BLOCKS = re.findall(r"```yaml\n(.*?)```", ACCOUNTS, re.DOTALL)


def test_every_key_is_read_and_documented_once():
    assert set(READERS) == set(Settings.__struct_fields__)
    assert sorted(key for key, _ in ROWS) == sorted(KNOWN)


@pytest.mark.parametrize(("key", "example"), ROWS)
def test_an_example_in_the_page_is_read(key, example):
    if key == "preset":
        assert example in presets()
    else:
        account_with(None, {key: example})


def test_the_page_s_yaml_is_read():
    whole, sizes, slices, symbols = BLOCKS
    assert parse_account(whole, "my-account.yaml").max_positions == 3
    for size in sizes.strip().splitlines():
        parse_account(f"balance: 1\n{size}\n", "a.yaml")
    assert len(parse_account(f"preset: vsr-slicer\n{slices}", "a.yaml").slices) == 4
    assert set(parse_instruments(symbols, "symbols.yaml").known) == {"AAPL", "BTC-USD", "VOD.L"}


def test_the_readme_names_what_there_is():
    for name in presets():
        assert f"`{name}`" in README or f"`{name.removeprefix('auto-trader')}`" in README
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / link).exists()


def test_the_page_of_producers_says_which_preset_follows_which():
    page = (ROOT / "docs" / "producers.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (`.+?`) \|", page, re.MULTILINE)
    told = {preset: source for source, named in rows for preset in re.findall(r"`(.+?)`", named)}
    assert told == FOLLOWED


def test_each_promise_of_security_names_a_test_that_there_is():
    named = re.findall(
        r"`(tests/\w+/test_\w+\.py)`(?:: `(test_\w+)`)?", (ROOT / "docs" / "security.md").read_text()
    )
    assert len(named) > 10
    for file, test in named:
        assert f"def {test}" in (ROOT / file).read_text(), f"{file}: {test}"


def ghostfill_lines() -> list[str]:
    """Each command of ours in a block of a shell, with what a shell makes of it."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = set()
    for page in pages:
        blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
            if words := re.search(r"(?:^|[|(] *|=\S+ )(ghostfill .*)", line.strip()):
                found.add(words[1])
    return sorted(found)


@pytest.mark.parametrize("line", ghostfill_lines())
def test_a_command_of_the_docs_is_there_with_its_options(line):
    reading = shlex.shlex(line.replace('")"', '"'), posix=True, punctuation_chars=True)
    reading.whitespace_split = True
    _, *words = itertools.takewhile(lambda word: not set(word) <= set("();<>|&"), reading)
    found: click.Command = command
    while isinstance(found, click.Group) and words and not words[0].startswith("-"):
        _, inner, words = found.resolve_command(click.Context(found, info_name="ghostfill"), words)
        assert inner is not None
        found = inner
    options = {option for param in found.params for option in (*param.opts, *param.secondary_opts)}
    given = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}
    assert given <= options
