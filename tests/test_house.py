"""The house stays one that a newcomer can walk through: small folders that say what they are for."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(
    file.parent
    for room in ("ghostfill", "schemas", "streams", "sinks")
    for file in (ROOT / room).rglob("__init__.py")
)
MOST = 13


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_is_small_and_says_what_it_is_for(folder):
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    assert said and said.endswith("."), "its __init__.py does not say what it is for"
    modules = [file.stem for file in folder.glob("*.py") if file.stem != "__init__"]
    assert len(modules) <= MOST, f"it shows {len(modules)} modules: give it rooms"
