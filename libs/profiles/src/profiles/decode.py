"""Bodies as they come, to plain dictionaries and lists: JSON, XML without entities, X12."""

from collections.abc import Sequence
from typing import Any
from xml.parsers.expat import ExpatError

import orjson
import xmltodict

from edi import Malformed, TransactionSet, read
from profiles.expressions import Expression
from profiles.profile import Decode

DEPTH = 64


class Undecodable(ValueError):
    """The body is not what the profile says it is; the message says why."""


def decode(body: bytes, how: Decode) -> Any:  # noqa: ANN401  any JSON value
    """Return the body as plain values.

    Raises:
        Undecodable: it is no JSON, XML or X12, is nested too deeply, or has entities.
    """
    document = _plain_values(body, how)
    for path in how.embedded:
        _unpack(document, path)
    return document


def _plain_values(body: bytes, how: Decode) -> Any:  # noqa: ANN401
    match how.format:
        case "json":
            return _json(body)
        case "xml":
            return _xml(body, how.lists)
        case "x12":
            return _x12(body, how)


def _json(body: bytes) -> Any:  # noqa: ANN401
    try:
        document = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Undecodable(f"no JSON: {error}") from error
    _check_depth(document)
    return document


def _check_depth(document: Any) -> None:  # noqa: ANN401
    level = [document]
    for _ in range(DEPTH):
        level = [
            part
            for value in level
            if isinstance(value, dict | list)
            for part in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise Undecodable(f"nested more than {DEPTH} deep")


def _xml(body: bytes, lists: Sequence[str]) -> Any:  # noqa: ANN401
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Undecodable("XML with a document type or entities is not taken")
    wanted = frozenset(lists)
    try:
        document = xmltodict.parse(
            body,
            disable_entities=True,
            force_list=lambda _, key, __: key.rpartition(":")[2] in wanted,
            postprocessor=lambda _, key, value: (_plain(key), value),
        )
    except (ExpatError, ValueError, RecursionError) as error:
        raise Undecodable(f"no XML: {error}") from error
    _check_depth(document)
    return document


def _plain(key: str) -> str:
    """Return a name without its namespace prefix; attributes keep their `@`."""
    mark, name = ("@", key[1:]) if key.startswith("@") else ("", key)
    return mark + name.rpartition(":")[2]


def _x12(body: bytes, how: Decode) -> Any:  # noqa: ANN401
    try:
        return {"sets": [_set(found, how.loops) for found in read(body) if not how.sets or found.code in how.sets]}
    except Malformed as error:
        raise Undecodable(f"no X12: {error}") from error


def _set(found: TransactionSet, loops: Sequence[str]) -> dict[str, Any]:
    """Return a set: its segments by tag, and under `loops` those that follow each loop's first segment."""
    head: dict[str, Any] = {"code": found.code, "control": found.control, "ISA": found.interchange, "GS": found.group}
    head["loops"] = []
    current = head
    for segment in found.segments:
        if segment[0] in loops:
            current = {}
            head["loops"].append(current)
        current.setdefault(segment[0], []).append(segment)
    return head


def _unpack(document: Any, path: Expression) -> None:  # noqa: ANN401
    """Put the JSON that a text at the top level holds in place of the text."""
    text = path({"root": document})
    name = path.text.rpartition(".")[2]
    if isinstance(text, str) and isinstance(document, dict):
        document[name] = _json(text.encode())
