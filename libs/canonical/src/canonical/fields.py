"""The fields of a JSON Schema as a flat list: where each is, of what kind, and whether it may be missing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
ROOT = "$"
_UNIONS = ("anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event: its JSON path, the kinds of value it may hold, whether it may be missing or null."""

    path: str
    kinds: tuple[str, ...]
    is_optional: bool

    @property
    def kind(self) -> str:
        """The kinds as contracts write them: `string`, `number|string`, `date-time?`."""
        return "|".join(self.kinds) + ("?" if self.is_optional else "")


def resolve(schema: Schema, document: Schema) -> Schema:
    """Return what a schema refers to within its document, with what stands beside the reference."""
    while isinstance(target := schema.get("$ref"), str):
        found: Any = document
        for step in target.removeprefix("#").strip("/").split("/") if target != "#" else ():
            found = found[step.replace("~1", "/").replace("~0", "~")]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**found, **beside} if beside else found
    return schema


def fields(document: Schema) -> Mapping[str, Field]:
    """Return every field of a schema by its JSON path; a schema that holds itself is followed once."""
    found: dict[str, Field] = {}
    for field in _fields(document, document, ROOT, is_optional=False, above=()):
        have = found.get(field.path)
        if have:
            kinds = tuple(sorted({*have.kinds, *field.kinds}))
            field = Field(field.path, kinds, is_optional=have.is_optional or field.is_optional)
        found[field.path] = field
    return found


def _fields(
    schema: Schema, document: Schema, path: str, *, is_optional: bool, above: tuple[str, ...]
) -> Iterator[Field]:
    parts = list(_parts(schema, document, above))
    is_optional = is_optional or any(part.get("type") == "null" for part, _ in parts)
    if path != ROOT:
        yield Field(path, tuple(sorted({_kind(part) for part, _ in parts} - {"null"})), is_optional)
    for part, over in parts:
        required = part.get("required", ())
        for name, inner in part.get("properties", {}).items():
            missing = is_optional or name not in required
            yield from _fields(inner, document, f"{path}.{name}", is_optional=missing, above=over)
        if isinstance(items := part.get("items"), Mapping):
            yield from _fields(items, document, f"{path}[*]", is_optional=is_optional, above=over)


def _parts(schema: Schema, document: Schema, above: tuple[str, ...]) -> Iterator[tuple[Schema, tuple[str, ...]]]:
    """Yield what a field may hold, each with the references followed to it."""
    reference = schema.get("$ref")
    if reference in above:
        yield {"type": "object"}, above
        return
    above = (*above, reference) if isinstance(reference, str) else above
    schema = resolve(schema, document)
    for word in _UNIONS:
        for part in schema.get(word, ()):
            yield from _parts(part, document, above)
    if not any(word in schema for word in _UNIONS):
        yield schema, above


def _kind(part: Schema) -> str:
    if part.get("type") == "string" and part.get("format") in ("date-time", "date", "time"):
        return str(part["format"])
    if "type" in part:
        return str(part["type"])
    values = part.get("enum", [part["const"]] if "const" in part else [])
    return "|".join(sorted({kind_of(value) for value in values})) or "any"


def kind_of(value: Any) -> str:  # noqa: ANN401  any JSON value
    """Return the JSON Schema type of a value."""
    if isinstance(value, bool):
        return "boolean"
    kinds: dict[type, str] = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "null")
