"""The small changes that a test should see.

Rules of this file: a mutant is one changed node of a module's syntax tree; files on disk stay as they are.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Any

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
OPPOSITE = {"min": "max", "max": "min", "any": "all", "all": "any"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Mutant:
    """One change."""

    path: str
    line: int
    function: str
    """The outermost function that holds it, with its class; empty for what runs at the import."""
    before: str
    """The statement that is changed, without the statements inside it."""
    after: str
    index: int
    """Its number among the changes of its file."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.function}\n  - {self.before}\n  + {self.after}"


def mutants_of(path: str) -> list[Mutant]:
    """Every change of a module."""
    tree = ast.parse(Path(path).read_text())
    found: list[Mutant] = []
    for index, change in enumerate(_changes(tree)):
        before, undo = _head(change.statement), change.make()
        after = _head(change.statement) if change.statement in change.block else "pass"
        undo()
        found.append(Mutant(path, change.statement.lineno, change.function, before, after, index))
    return found


def code_with(mutant: Mutant) -> CodeType | None:
    """The module's code with the change; None where it is the same code."""
    tree = ast.parse(Path(mutant.path).read_text())
    same = compile(tree, mutant.path, "exec")
    next(islice(_changes(tree), mutant.index, None)).make()
    code = compile(ast.fix_missing_locations(tree), mutant.path, "exec")
    return code if _differs(code, same) else None


def _differs(one: CodeType, other: CodeType) -> bool:
    if (one.co_code, one.co_names, len(one.co_consts)) != (
        other.co_code,
        other.co_names,
        len(other.co_consts),
    ):
        return True
    for left, right in zip(one.co_consts, other.co_consts, strict=True):
        if isinstance(left, CodeType) and isinstance(right, CodeType):
            if _differs(left, right):
                return True
        elif (type(left), left) != (type(right), right):
            return True
    return False


def _head(statement: ast.stmt) -> str:
    return ast.unparse(statement).splitlines()[0] if hasattr(statement, "body") else ast.unparse(statement)


# Where changes are made ----------------------------------------------------------------------


@dataclass
class _Change:
    block: list[ast.stmt]
    statement: ast.stmt
    function: str
    make: Callable[[], Callable[[], None]]
    """Changes the tree, and answers how to change it back."""


def _changes(tree: ast.Module) -> Iterator[_Change]:
    yield from _in_block(tree.body, "", at_import=True)


def _in_block(block: list[ast.stmt], function: str, *, at_import: bool) -> Iterator[_Change]:
    for place, statement in enumerate(block):
        if _is_skipped(statement):
            continue
        if isinstance(statement, ast.ClassDef):
            yield from _in_block(statement.body, f"{function}{statement.name}.", at_import=at_import)
        elif isinstance(statement, Function):
            name = f"{function}{statement.name}" if at_import else function
            yield from _in_block(statement.body, name, at_import=False)
        else:
            where = "" if at_import else function
            for make in _of_statement(block, place, at_import):
                yield _Change(block, statement, where, make)
            for node in _expressions(statement):
                for make in _of_expression(node):
                    yield _Change(block, statement, where, make)
            for inner in _blocks(statement):
                yield from _in_block(inner, function, at_import=at_import)


def _is_skipped(statement: ast.stmt) -> bool:
    """What tells people or tools something, or guards what cannot be."""
    if isinstance(statement, ast.Assert | ast.Raise | ast.Import | ast.ImportFrom | ast.Pass):
        return True
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True
    if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
        return True
    names = [ast.unparse(target) for target in getattr(statement, "targets", [])]
    return "__slots__" in names or "__all__" in names


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for part in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        yield part.body


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, but of its inner statements, annotations, and texts for people."""
    open_ = [each for each in ast.iter_child_nodes(statement) if not isinstance(each, ast.stmt)]
    if isinstance(statement, ast.AnnAssign):
        open_ = [statement.value] if statement.value is not None else []
    while open_:
        node = open_.pop()
        if isinstance(node, ast.JoinedStr | ast.stmt):
            continue
        if isinstance(node, ast.expr):
            yield node
        open_ += ast.iter_child_nodes(node)


# What is changed -----------------------------------------------------------------------------


def _of_statement(
    block: list[ast.stmt], place: int, at_import: bool
) -> Iterator[Callable[[], Callable[[], None]]]:
    """A statement left out, where the rest can do without it; a condition turned round."""
    statement = block[place]
    stored = statement.targets if isinstance(statement, ast.Assign) else []
    sets = isinstance(statement, ast.Assign | ast.AugAssign) and not any(
        isinstance(each, ast.Name) for each in stored
    )
    leaves = isinstance(statement, ast.Return | ast.Continue | ast.Break)
    calls = isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Yield | ast.YieldFrom)
    if not at_import and (sets or leaves or calls or isinstance(statement, ast.Delete)):
        yield lambda: _put(block, place, ast.copy_location(ast.Pass(), statement))
    if isinstance(statement, ast.If | ast.While):
        yield lambda: _set(statement, "test", _not(statement.test))


def _of_expression(node: ast.expr) -> Iterator[Callable[[], Callable[[], None]]]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            yield partial(_put, node.ops, place, COMPARED[type(operator)]())
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield lambda: _set(node, "op", other)
    elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED:
        yield lambda: _set(node, "op", COMPUTED[type(node.op)]())
    elif isinstance(node, ast.IfExp):
        yield lambda: _set(node, "test", _not(node.test))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        number = ast.UnaryOp(ast.UAdd(), node.operand)
        yield lambda: _become(
            node, ast.UnaryOp(ast.Not(), _not(node.operand)) if isinstance(node.op, ast.Not) else number
        )
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield lambda: _set(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        value = node.value
        yield lambda: _set(node, "value", value + 1)
        yield lambda: _set(node, "value", value - 1)
    elif isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Name) and called.id in OPPOSITE:
            opposite = OPPOSITE[called.id]
            yield lambda: _set(called, "id", opposite)
        elif len(node.args) > 1 and not any(isinstance(each, ast.Starred) for each in node.args):
            yield lambda: _set(node, "args", [*node.args[:-2], node.args[-1], node.args[-2]])


def _not(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _put(items: list[Any], place: int, new: object) -> Callable[[], None]:
    old = items[place]
    items[place] = new

    def undo() -> None:
        items[place] = old

    return undo


def _set(node: ast.AST, name: str, new: object) -> Callable[[], None]:
    old = getattr(node, name)
    setattr(node, name, new)
    return lambda: setattr(node, name, old)


def _become(node: ast.UnaryOp, other: ast.UnaryOp) -> Callable[[], None]:
    old = node.op, node.operand
    node.op, node.operand = other.op, other.operand

    def undo() -> None:
        node.op, node.operand = old

    return undo
