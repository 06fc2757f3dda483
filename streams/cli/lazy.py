"""Commands that are imported when they are asked for: most need libraries that take a second to load."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem


class Lazy(NamedTuple):
    """A command that is not imported yet."""

    module: str
    """Within `streams.cli.commands`."""
    does: str
    """In one line."""

    def load(self, name: str) -> click.Command:
        module = import_module(f"streams.cli.commands.{self.module}")
        called = name.replace("-", "_")
        found = getattr(module, called if hasattr(module, called) else f"{called}_")  # `list_`
        assert isinstance(found, click.Command)
        return found


class LazyGroup(click.Group):
    """A group that lists its commands, in groups, without importing one."""

    def __init__(
        self, *args: Any, commands_by_group: Mapping[str, Mapping[str, Lazy]], **keywords: Any
    ) -> None:
        super().__init__(*args, **keywords)
        self._groups = commands_by_group
        self._lazy = {name: lazy for group in commands_by_group.values() for name, lazy in group.items()}

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self._lazy)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return self._lazy[name].load(name) if name in self._lazy else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The Tab key imports none either."""
        named = [CompletionItem(name, help=lazy.does) for name, lazy in self._lazy.items()]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(each for each in named if each.value.startswith(incomplete)), *options]

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self._lazy))
        for title, group in self._groups.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), lazy.does) for name, lazy in group.items()])
