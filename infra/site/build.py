"""Builds the site of the documentation: python -m infra.site.build [FOLDER] (default: build/site).

Rules of this file: pages are those of `docs`, as they are there, but for links to the source. What is made of
the code is made anew each time.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import click

from infra.site import reference
from streams.local.machine.home import Home
from streams.web.app import application
from streams.web.guard.policy import policy_for

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "infra" / "site" / "zensical.toml"
OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")
"""A link to a file of the source, which the site does not have."""


def write_pages(folder: Path) -> None:
    """All pages, before they become HTML."""
    shutil.copytree(ROOT / "docs", folder, dirs_exist_ok=True)
    readme = (ROOT / "README.md").read_text("utf-8").replace("](docs/", "](")
    (folder / "index.md").write_text(readme.replace("](CONTRIBUTING.md)", "](contributing.md)"), "utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8").replace("](docs/", "](")
    (folder / "contributing.md").write_text(contributing, "utf-8")
    made = {"topics": reference.topics(), "cli": reference.commands(), "http": reference.http(_openapi())}
    for name, text in made.items():
        (folder / f"{name}.md").write_text(f"{text}\n", "utf-8")
    for page in folder.glob("*.md"):
        page.write_text(OUTSIDE.sub(r"`\1`", page.read_text("utf-8")), "utf-8")


def _openapi() -> dict[str, Any]:
    def never() -> NoReturn:
        raise AssertionError("nothing is started to describe the API")

    with TemporaryDirectory() as home:
        return application(never, policy_for(Home(Path(home)), "localhost", 80)).openapi()


def build(folder: Path) -> Path:
    """Gives its first page; a complaint is an error."""
    shutil.rmtree(folder, ignore_errors=True)
    write_pages(folder / "pages")
    shutil.copy(SETTINGS, folder)
    zensical = Path(sys.executable).with_name("zensical")
    subprocess.run([zensical, "build", "--clean", "--strict"], cwd=folder, check=True)
    return folder / "html" / "index.html"


def main() -> None:
    click.echo(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"))


if __name__ == "__main__":
    main()
