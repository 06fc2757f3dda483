"""A mutant comes alive: in the functions of modules that are loaded, or in a module as it is imported.

Rules of this file: no file of the project is touched, so that other processes see what is there.
"""

import gc
import importlib.abc
import importlib.util
import marshal
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

Place = tuple[str, str, int]
"""A file, a function's name with its class, and its first line."""
CHANGE = "GHOSTFILL_MUTANT"
"""Names the file that tells a child process what to import changed."""
CHILDREN = Path(__file__).with_name("children")


class Loaded:
    """The functions of this process, to be changed in its forks."""

    def __init__(self) -> None:
        self.functions: dict[Place, list[FunctionType]] = {}
        for function in (each for each in gc.get_objects() if isinstance(each, FunctionType)):
            self.functions.setdefault(_place(function.__code__.co_filename, function.__code__), []).append(
                function
            )

    def change(self, path: str, code: CodeType) -> bool:
        """Give functions the code that they have in a changed module; whether one took it."""
        full, took = os.path.abspath(path), False
        for inner in _functions(code):
            for function in self.functions.get(_place(full, inner), []):
                if len(inner.co_freevars) == len(function.__code__.co_freevars):
                    function.__code__ = inner
                    took = True
        return took


def _place(path: str, code: CodeType) -> Place:
    return path, code.co_qualname, code.co_firstlineno


def _functions(code: CodeType) -> Iterator[CodeType]:
    """Functions of a module and of its classes, and those inside them."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _functions(inner)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        return self.code


class Finder(importlib.abc.MetaPathFinder):
    """Finds one module changed, all others as ever."""

    def __init__(self, path: str, code: CodeType) -> None:
        self.name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.path, self.code = os.path.abspath(path), code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None:
            spec.loader = _Loader(fullname, self.path, self.code)
        return spec


def into_imports(path: str, code: CodeType) -> None:
    sys.meta_path.insert(0, Finder(path, code))


def into_children(path: str, code: CodeType, told: Path) -> None:
    """What this process starts from now on imports the change too."""
    told.write_bytes(marshal.dumps((path, code)))
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{CHILDREN}{os.pathsep}{others}" if others else str(CHILDREN)
    os.environ[CHANGE] = str(told)


def inherit(told: Path) -> None:
    """In such a child."""
    into_imports(*marshal.loads(told.read_bytes()))


def end_children(told: Path) -> None:
    """Those that outlived the test that started them."""
    mark = f"{CHANGE}={told}\0".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environment.read_bytes():
                os.kill(int(environment.parent.name), signal.SIGKILL)
