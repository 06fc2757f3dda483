"""What is changed, and by which tests a change should be seen."""

from dataclasses import dataclass
from glob import glob

QUICK = "not long and not bench and not live and not kill and not sabotage and not integration and not cluster and not web"
"""What `make pytest` runs first."""


@dataclass(frozen=True)
class Target:
    sources: str
    tests: tuple[str, ...]
    """Quick ones and those that see most first: a survivor runs all of them."""
    least: float
    """The share of mutants that must be seen."""
    marker: str = QUICK
    elsewhere: bool = False
    """Whether it runs in processes that the tests start, too. Then every test may see it."""

    @property
    def files(self) -> list[str]:
        return sorted(path for path in glob(self.sources, recursive=True) if not path.endswith("__init__.py"))


TARGETS = {
    "engine": Target("streams/engine/**/*.py", ("tests/engine", "tests/agents/test_machine.py"), 0.97),
    "guard": Target(
        "streams/web/guard/*.py",
        tuple(
            f"tests/web/test_{name}.py"
            for name in ("guard", "guard_limits", "tokens", "login", "token_command", "hostile")
        ),
        0.90,
    ),
    "transport": Target(
        "streams/transport/**/*.py", ("tests/transport", "tests/pipeline"), 0.90, elsewhere=True
    ),
    "sinks": Target("sinks/**/*.py", ("tests/sinks",), 0.90, elsewhere=True),
}
