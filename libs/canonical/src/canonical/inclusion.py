"""Which data one JSON Schema (2020-12) allows that another cannot read, field by field.

Schemas are split into alternatives of one type each, and those of few values into their values. Keywords it does not
know must be alike on both sides. A pair of parts that is met again within itself is taken to agree, as it does unless
something else differs: so schemas may hold themselves.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from canonical.fields import ROOT, Schema, kind_of, resolve

Problem = tuple[str, str]
_ANY: Schema = {}
_SILENT = frozenset(
    {
        "$schema",
        "$id",
        "$defs",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "classification",
    }
) | {"discriminator"}
_SHAPE = frozenset({"type", "properties", "required", "additionalProperties", "items", "prefixItems"})
_LOWER = {"minimum": False, "exclusiveMinimum": True, "minLength": False, "minItems": False, "minProperties": False}
_UPPER = {"maximum": False, "exclusiveMaximum": True, "maxLength": False, "maxItems": False, "maxProperties": False}
_COUNTS = ("Length", "Items", "Properties")
_UNITS = {"": "", "Length": " characters", "Items": " entries", "Properties": " entries"}
_LIMITS = {(1, False): "at least", (1, True): "above", (-1, False): "at most", (-1, True): "below"}


class _Side(NamedTuple):
    """One of the two schemas, and what people call it, or its data."""

    document: Schema
    name: str


def misread(*, reader: Schema, writer: Schema, words: tuple[str, str]) -> Iterator[Problem]:
    """Yield JSON path and reason of everything the writer's schema allows and the reader's refuses.

    `words` are what to call the reader's schema and the writer's data.
    """
    yield from _Reading(_Side(reader, words[0]), _Side(writer, words[1])).parts(reader, writer, ROOT, frozenset())


class _Reading:
    """A reader's schema laid against a writer's."""

    def __init__(self, reader: _Side, writer: _Side) -> None:
        self._reader, self._writer = reader, writer

    def parts(self, reader: Any, writer: Any, path: str, seen: frozenset[tuple[int, int]]) -> Iterator[Problem]:  # noqa: ANN401  a schema or a boolean
        """Yield the problems of one part of each."""
        if (pair := (id(reader), id(writer))) in seen:
            return
        seen |= {pair}
        takes = list(_alternatives(reader, self._reader.document))
        for given in _alternatives(writer, self._writer.document):
            yield from self._given(given, takes, path, seen)

    def _given(
        self, given: Schema, takes: Sequence[Schema], path: str, seen: frozenset[tuple[int, int]]
    ) -> Iterator[Problem]:
        if "const" in given:
            if not any(_admits(taken, given["const"]) for taken in takes):
                value = json.dumps(given["const"])
                yield path, f"{self._writer.name} may hold {value}, which {self._reader.name} does not take"
            return
        rivals = [taken for taken in takes if "const" not in taken and _takes_type(taken, given)]
        if not rivals:
            wanted = " or ".join(dict.fromkeys(_title(taken) for taken in takes)) or "nothing"
            yield path, f"{self._writer.name} may hold {_title(given)}, {self._reader.name} takes {wanted}"
            return
        yield from min((list(self._one(taken, given, path, seen)) for taken in rivals), key=len)

    def _one(self, reader: Schema, writer: Schema, path: str, seen: frozenset[tuple[int, int]]) -> Iterator[Problem]:
        yield from self._bounds(reader, writer, path)
        compared = _LOWER.keys() | _UPPER.keys() | (_SHAPE if "type" in writer else set())
        for word in sorted(reader.keys() - _SILENT - compared):
            if not self._alike(reader[word], writer.get(word, False)):
                yield path, f"{self._reader.name} asks for {word} {json.dumps(reader[word])}, {self._has(writer, word)}"
        if writer.get("type") == "object":
            yield from self._object(reader, writer, path, seen)
        if writer.get("type") == "array":
            yield from self._array(reader, writer, path, seen)

    def _alike(self, wanted: Any, given: Any) -> bool:  # noqa: ANN401  values of one keyword
        refers = "$ref" in _written(wanted)
        return wanted == given and (not refers or self._reader.document == self._writer.document)

    def _has(self, writer: Schema, word: str) -> str:
        return (
            f"{self._writer.name} has {json.dumps(writer[word])}"
            if word in writer
            else (f"{self._writer.name} knows no such limit")
        )

    def _bounds(self, reader: Schema, writer: Schema, path: str) -> Iterator[Problem]:
        for words, sign, few in ((_LOWER, 1, "less"), (_UPPER, -1, "more")):
            for unit in _UNITS:
                wanted, given = (_bound(side, words, sign, unit) for side in (reader, writer))
                if wanted is not None and (given is None or given < wanted):
                    limit = f"{_LIMITS[sign, wanted[1]]} {sign * wanted[0]:g}{_UNITS[unit]}"
                    yield path, f"{self._writer.name} may be {few} than {self._reader.name} takes: {limit}"

    def _object(self, reader: Schema, writer: Schema, path: str, seen: frozenset[tuple[int, int]]) -> Iterator[Problem]:
        takes, gives = reader.get("properties", _ANY), writer.get("properties", _ANY)
        others, rest = reader.get("additionalProperties", True), writer.get("additionalProperties", False)
        given = set(writer.get("required", ()))
        for name in [*takes, *(name for name in reader.get("required", ()) if name not in takes)]:
            at = f"{path}.{name}"
            if name in reader.get("required", ()) and name not in given:
                lack = "may lack it" if name in gives else "has no such field"
                yield at, f"{self._writer.name} {lack}, {self._reader.name} requires it"
            if name in gives or rest is not False:
                yield from self.parts(takes.get(name, others), gives.get(name, rest), at, seen)
        for name in gives:
            if name not in takes and others is not True:
                yield from self.parts(others, gives[name], f"{path}.{name}", seen)
        if rest is not False and others is not True:
            yield from self.parts(others, rest, f"{path}.*", seen)

    def _array(self, reader: Schema, writer: Schema, path: str, seen: frozenset[tuple[int, int]]) -> Iterator[Problem]:
        takes, gives = reader.get("prefixItems", ()), writer.get("prefixItems", ())
        most = writer.get("maxItems")
        places = max(len(takes), len(gives))
        for place in range(places if most is None else min(places, most)):
            yield from self.parts(_entry(reader, place), _entry(writer, place), f"{path}[{place}]", seen)
        if most is None or most > places:
            yield from self.parts(reader.get("items", True), writer.get("items", True), f"{path}[*]", seen)


def _entry(schema: Schema, place: int) -> Any:  # noqa: ANN401  a schema or a boolean
    prefix = schema.get("prefixItems", ())
    return prefix[place] if place < len(prefix) else schema.get("items", True)


def _alternatives(schema: Any, document: Schema) -> Iterator[Schema]:  # noqa: ANN401  a schema or a boolean
    """Yield the alternatives of a schema: of one type each, or of one value."""
    if isinstance(schema, bool):
        yield from (_ANY,) if schema else ()
        return
    schema = resolve(schema, document)
    union = "oneOf" if "discriminator" in schema else "anyOf"
    if union in schema:
        beside = {key: value for key, value in schema.items() if key not in {union, *_SILENT}}
        for part in schema[union]:
            yield from (_both(inner, beside) for inner in _alternatives(part, document))
    elif isinstance(types := schema.get("type"), list):
        for one in types:
            yield from _alternatives({**schema, "type": one}, document)
    else:
        yield from _valued(schema)


def _valued(schema: Schema) -> Iterator[Schema]:
    """Yield a schema, or where it allows only a few values, one for each."""
    few: dict[str, list[Any]] = {"null": [None], "boolean": [False, True]}
    values = schema.get("enum", few.get(schema.get("type", "")))
    if values is None or "const" in schema:
        yield schema
        return
    rest = {key: value for key, value in schema.items() if key != "enum"}
    yield from ({**rest, "const": value} for value in values)


def _both(one: Schema, other: Schema) -> Schema:
    """Return a schema that asks what both ask; where they differ, it can only be compared with its like."""
    if any(one[key] != other[key] for key in one.keys() & other.keys()):
        return {**one, "allOf": [dict(one), dict(other)]}
    return {**one, **other}


def _takes_type(taken: Schema, given: Schema) -> bool:
    wanted, kind = taken.get("type"), given.get("type")
    return wanted in (None, kind) or (wanted, kind) == ("number", "integer")


def _title(schema: Schema) -> str:
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = str(schema.get("type", "anything"))
    return kind if kind == "anything" else f"an {kind}" if kind[0] in "aeio" else f"a {kind}"


def _bound(schema: Schema, words: Mapping[str, bool], sign: int, unit: str) -> tuple[float, bool] | None:
    """Return the strictest bound of a unit, mirrored for upper ones, so that the greater one is the stricter."""
    found = [
        (sign * schema[word], is_exclusive)
        for word, is_exclusive in words.items()
        if word in schema and (word.endswith(unit) if unit else not word.endswith(_COUNTS))
    ]
    if schema.get("type") == "integer":
        found = [
            (value + 1, False) if is_exclusive and value == int(value) else (value, is_exclusive)
            for value, is_exclusive in found
        ]
    if unit and sign > 0:
        found.append((0, False))
    return max(found) if found else None


def _admits(schema: Schema, value: Any) -> bool:  # noqa: ANN401  any JSON value
    """Say whether a schema surely takes a value; of lists and objects it knows only those it names."""
    if "const" in schema and _written(schema["const"]) != _written(value):
        return False
    if schema.get("type") not in (None, kind_of(value)) and (schema.get("type"), kind_of(value)) != (
        "number",
        "integer",
    ):
        return False
    asked = schema.keys() - _SILENT - {"type", "const"}
    if isinstance(value, str) and asked <= {"minLength", "maxLength", "pattern"}:
        pattern = schema.get("pattern", "")
        return schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)) and bool(
            re.search(pattern, value)
        )
    return not asked


def _written(value: Any) -> str:  # noqa: ANN401  any JSON value
    return json.dumps(value, sort_keys=True)
