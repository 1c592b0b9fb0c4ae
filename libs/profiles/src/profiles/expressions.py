"""JMESPath expressions of profiles: compiled when the profile is loaded, total when they run.

An expression sees `root` (the decoded body), `item` (one shipment of it), `event` (one event of that), `headers` and
`request` (of a poll). A value of another type than a function wants makes the whole expression null: one odd field is
an unmapped field, never a failure.
"""

import re
from typing import Annotated, Any, TypeAlias

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError
from pydantic import BeforeValidator, ConfigDict
from pydantic.dataclasses import dataclass

LENGTH = 1_000
PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
ANY: dict[str, list[str]] = {"types": []}


Value: TypeAlias = Any
"""Any JSON value."""


class _Functions(functions.Functions):  # type: ignore[misc]  # untyped library
    """What JMESPath lacks for carriers' payloads; each takes null and gives null for it."""

    @functions.signature({"types": [], "variadic": True})  # type: ignore[untyped-decorator]
    def _func_cat(self, *parts: Value) -> str | None:
        """Put parts together; null when one is missing."""
        texts = [_text(part) for part in parts]
        return "".join(texts) if all(texts) else None

    @functions.signature({"types": ["string"]}, {"types": [], "variadic": True})  # type: ignore[untyped-decorator]
    def _func_list(self, separator: str, *parts: Value) -> str | None:
        """Join the parts that are there."""
        return separator.join(text for part in parts if (text := _text(part))) or None

    @functions.signature(ANY)  # type: ignore[untyped-decorator]
    def _func_lower(self, value: Value) -> str | None:
        return _text(value).lower() or None

    @functions.signature(ANY)  # type: ignore[untyped-decorator]
    def _func_trim(self, value: Value) -> str | None:
        return _text(value) or None

    @functions.signature(ANY)  # type: ignore[untyped-decorator]
    def _func_digits(self, value: Value) -> str | None:
        return "".join(sign for sign in _text(value) if sign.isdigit()) or None

    @functions.signature(ANY, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_has(self, value: Value, words: str) -> bool:
        """Say whether the text has these words, whatever their case."""
        return words.casefold() in _text(value).casefold()


_OPTIONS = jmespath.Options(custom_functions=_Functions())


@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Expression:
    """A compiled expression and its text."""

    text: str
    compiled: Any
    steps: tuple[str, ...] = ()
    """The names of a plain path: walked at a tenth of the interpreter's price."""

    def __call__(self, scope: dict[str, Any]) -> Value:
        """Return the value in a scope; null when it has none or its parts do not fit."""
        if self.steps:
            found: Any = scope
            for name in self.steps:
                if not isinstance(found, dict):
                    return None
                found = found.get(name)
            return found
        try:
            return self.compiled.search(scope, options=_OPTIONS)
        except JMESPathError:
            return None

    def text_in(self, scope: dict[str, Any]) -> str | None:
        """Return the value as trimmed text; None when there is nothing."""
        return _text(self(scope)) or None


def compile_expression(value: Value) -> Expression:
    """Compile an expression.

    Raises:
        ValueError: it is no text, too long, or no JMESPath.
    """
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError(f"an expression is a text, not {type(value).__name__}")
    if len(value) > LENGTH:
        raise ValueError(f"an expression has at most {LENGTH} characters")
    try:
        compiled = jmespath.compile(value)
    except JMESPathError as error:
        raise ValueError(f"no JMESPath: {str(error).splitlines()[0]}") from error
    _check(compiled.parsed)
    return Expression(value, compiled, tuple(value.split(".")) if PLAIN.fullmatch(value) else ())


def _check(node: dict[str, Any]) -> None:
    """Refuse what compiles and can never mean what was written: functions nobody has, and `!a.b`, read as `(!a).b`."""
    if node["type"] == "function_expression" and node["value"] not in _Functions.FUNCTION_TABLE:
        raise ValueError(f"there is no function {node['value']}()")
    children = node["children"]
    if node["type"] == "subexpression" and children[0]["type"] == "not_expression":
        raise ValueError("`!a.b` is read as `(!a).b`: write `!(a.b)`")
    for child in children:
        if isinstance(child, dict):
            _check(child)


def _text(value: Value) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip() if not isinstance(value, bool) else str(value).lower()


Expr = Annotated[Expression, BeforeValidator(compile_expression)]
