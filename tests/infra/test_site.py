"""The site of the documentation: every link leads somewhere, every page is in the menu, and it builds."""

import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from infra.site.build import SETTINGS, build, write_pages

LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    write_pages(folder)
    return folder


def anchors(page: Path) -> set[str]:
    """Of its headings, as the site makes them."""
    without_code = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    return {slug(title) for title in re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)}


def slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def links(page: Path) -> list[str]:
    without_code = re.sub(r"```.*?```|`[^`\n]+`", "", page.read_text("utf-8"), flags=re.DOTALL)
    return [link for link in LINK.findall(without_code) if "://" not in link]


def test_every_link_leads_to_a_page_and_a_heading_that_are_there(pages: Path):
    dead = []
    for page in sorted(pages.glob("*.md")):
        for link in links(page):
            name, _, anchor = link.partition("#")
            there = pages / name if name else page
            if not there.exists() or (anchor and anchor not in anchors(there)):
                dead.append(f"{page.name}: {link}")
    assert dead == []


def test_every_page_is_in_the_menu(pages: Path):
    def named(entry: Any) -> set[str]:
        if isinstance(entry, str):
            return {entry}
        inner = entry.values() if isinstance(entry, dict) else entry
        return {name for each in inner for name in named(each)}

    menu = named(tomllib.loads(SETTINGS.read_text("utf-8"))["project"]["nav"])
    assert menu == {page.name for page in pages.glob("*.md")}


def test_what_is_made_of_the_code_is_there(pages: Path):
    assert "| `slice_number` |" in (pages / "topics.md").read_text("utf-8")
    assert "### ghostfill account create" in (pages / "cli.md").read_text("utf-8")
    assert "## POST /api/signals" in (pages / "http.md").read_text("utf-8")


def test_it_builds_without_a_complaint(tmp_path: Path):
    assert build(tmp_path / "site").exists()
