"""What a handler reads of its event, as far as its text shows: attributes, loops, functions it is handed to."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from canonical import CanonicalEvent

NOT_FIELDS = {"site_code": "site", "type": ""}


@dataclass
class Read:
    """Paths read, and whether the event was handed on as a whole to where its reading is not seen."""

    paths: set[str] = field(default_factory=set)
    escapes: bool = False


def read_by(handler: Callable[..., Any], event: type[CanonicalEvent]) -> Read:
    """Return what a handler reads of its event, the first of its parameters."""
    found = Read()
    _follow(inspect.unwrap(handler), 0, found, set())
    named = {NOT_FIELDS.get(path, path) for path in found.paths}
    found.paths = {event.key_field if path == "key" else path for path in named} - {""}
    return found


def _follow(function: Any, position: int | str, found: Read, seen: set[tuple[str, str]]) -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef)
    arguments = [*tree.args.posonlyargs, *tree.args.args]
    if arguments and arguments[0].arg in ("self", "cls"):
        del arguments[0]
    name = position if isinstance(position, str) else arguments[position].arg
    if (mark := (function.__qualname__, name)) in seen:
        return
    seen.add(mark)
    _Reader({name: ""}, inspect.unwrap(function).__globals__, found, seen).visit(tree)


class _Reader(ast.NodeVisitor):
    """Walks a function and follows the names that stand for the event or a part of it."""

    def __init__(
        self, names: dict[str, str], scope: Mapping[str, Any], found: Read, seen: set[tuple[str, str]]
    ) -> None:
        self._names, self._scope, self._found, self._seen = names, scope, found, seen

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = self._path(node)
        if path is None:
            self.generic_visit(node)
        else:
            self._found.paths.add(path)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node.id in self._names:
            self._whole(self._names[node.id])

    def visit_Call(self, node: ast.Call) -> None:
        for key, given in self._given(node):
            path = self._path(given)
            if path == "" and (target := self._target(node.func)) is not None:
                _follow(target, key, self._found, self._seen)
            else:
                self.visit(given)
        self.visit(node.func)

    def visit_For(self, node: ast.For) -> None:
        self._loop(node.target, node.iter)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        for loop in getattr(node, "generators", ()):
            self._loop(loop.target, loop.iter)
        super().generic_visit(node)

    def _loop(self, target: ast.expr, over: ast.expr) -> None:
        path = self._path(over)
        if isinstance(target, ast.Name) and path:
            self._names[target.id] = f"{path}[*]"

    def _given(self, node: ast.Call) -> Iterator[tuple[int | str, ast.expr]]:
        yield from enumerate(node.args)
        yield from ((keyword.arg or "", keyword.value) for keyword in node.keywords)

    def _target(self, node: ast.expr) -> Any:
        """Return the function a call names, when its text can be read; None for a class or a stranger."""
        steps: list[str] = []
        while isinstance(node, ast.Attribute):
            steps.insert(0, node.attr)
            node = node.value
        found = self._scope.get(node.id) if isinstance(node, ast.Name) else None
        for step in steps:
            found = getattr(found, step, None)
        return found if inspect.isfunction(found) or inspect.ismethod(found) else None

    def _path(self, node: ast.expr) -> str | None:
        """Return the path an expression stands for: empty for the event itself, None for something else."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if not isinstance(node, ast.Attribute):
            return None
        above = self._path(node.value)
        return None if above is None else f"{above}.{node.attr}".lstrip(".")

    def _whole(self, path: str) -> None:
        if path:
            self._found.paths.add(path.removesuffix("[*]"))
        else:
            self._found.escapes = True
