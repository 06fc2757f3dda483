"""Options that take several values: `--ticks a.csv b.csv`, or the option again and again."""

from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class SeveralValues(click.Command):
    """A command without arguments, whose repeatable options take all that follows up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeatable = (param for param in self.params if isinstance(param, click.Option) and param.multiple)
        several = {name for param in repeatable for name in param.opts}
        return super().parse_args(ctx, _repeated(args, several))


def _repeated(args: list[str], several: set[str]) -> list[str]:
    """The same arguments with the option before each value."""
    repeated: list[str] = []
    option: str | None = None
    for arg in args:
        if arg.startswith("--"):
            option = arg if arg in several else None
            if option is None:
                repeated.append(arg)
        elif option is not None:
            repeated += [option, arg]
        else:
            repeated.append(arg)
    if option is not None and args[-1] == option:
        repeated.append(option)
    return repeated


def example(text: str) -> str:
    """A help text's example, kept as it is written."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in text.strip().splitlines())
