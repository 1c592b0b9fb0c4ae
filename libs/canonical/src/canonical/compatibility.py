"""Whether what one JSON Schema allows can be read with another, and where not: the rule that keeps events readable.

A schema says what its publisher writes: fields it does not name are not written, unless `additionalProperties` says so.
What cannot be shown to be readable counts as a break.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from canonical.fields import ROOT, Schema
from canonical.inclusion import misread

Direction = Literal["BACKWARD", "FORWARD"]
_ANNOTATIONS = frozenset({"$schema", "$id", "$comment", "title", "description", "examples"})
_NAMED = frozenset({"properties", "$defs"})


class Mode(StrEnum):
    """What a new schema must keep: old data readable (backward), old readers working (forward), or both."""

    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The directions it looks in."""
        match self.removesuffix("_TRANSITIVE"):
            case "BACKWARD":
                return ("BACKWARD",)
            case "FORWARD":
                return ("FORWARD",)
            case _:
                return ("BACKWARD", "FORWARD")

    @property
    def is_transitive(self) -> bool:
        """Whether every earlier revision counts, not only the latest."""
        return self.endswith("_TRANSITIVE")


DEFAULT_MODE = Mode.FULL_TRANSITIVE


@dataclass(frozen=True, slots=True)
class Break:
    """One change that makes data unreadable: the field, what changed, for whom, and against which revisions."""

    path: str
    what: str
    direction: Direction
    revisions: tuple[int, ...] = ()


def compare(old: Schema, new: Schema, mode: Mode = Mode.FULL) -> list[Break]:
    """Return the breaks between two schemas."""
    return list(_breaks(old, new, mode))


def check(registered: Mapping[int, Schema], new: Schema, mode: Mode = DEFAULT_MODE) -> list[Break]:
    """Return the breaks of a schema with the registered revisions: with all of them, or with the latest alone."""
    numbers = sorted(registered) if mode.is_transitive else sorted(registered)[-1:]
    against: dict[Break, list[int]] = {}
    for number in numbers:
        for found in _breaks(registered[number], new, mode):
            against.setdefault(found, []).append(number)
    return [Break(b.path, b.what, b.direction, tuple(revisions)) for b, revisions in against.items()]


def _breaks(old: Schema, new: Schema, mode: Mode) -> Iterator[Break]:
    for direction in mode.directions:
        if direction == "BACKWARD":
            found = misread(reader=new, writer=old, words=("the new schema", "earlier data"))
        else:
            found = misread(reader=old, writer=new, words=("the earlier schema", "new data"))
        for path, what in dict.fromkeys(found):
            yield Break(path, what, direction)


def substance(schema: Any) -> Any:  # noqa: ANN401  any part of a schema
    """Return a schema without its words for people; two with the same substance are one revision."""
    if isinstance(schema, list):
        return [substance(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: {name: substance(part) for name, part in value.items()} if key in _NAMED else substance(value)
        for key, value in schema.items()
        if key not in _ANNOTATIONS
    }


def touches(path: str, read: Iterable[str]) -> bool:
    """Say whether a change at a JSON path concerns who reads these fields: it, a part of it, or what holds it."""
    changed = _steps(path)
    return any(
        changed[: len(steps)] == steps or steps[: len(changed)] == changed for steps in (_steps(name) for name in read)
    )


def _steps(path: str) -> list[str]:
    bare = path.removeprefix(f"{ROOT}.").removeprefix(ROOT)
    return [step for step in bare.replace("[", ".[").split(".") if step]
