"""What each service reads of which event: stated by itself in `contract.yaml`, and held against the events."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from canonical.compatibility import touches
from canonical.documents import read
from canonical.fields import ROOT, Schema, fields, kind_of

KINDS = frozenset({"string", "integer", "number", "boolean", "array", "object", "date-time", "date"})
EVERY_EVENT = "*"
Reads = Mapping[str, str] | Literal["everything"]


class InvalidContract(Exception):
    """The text is no contract."""


class Contract(BaseModel):
    """One consumer's needs: of each event the fields it reads, and the kind of each; `?` where it may be missing."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    service: str
    """The consumer."""
    reads: Mapping[str, Reads]
    """By event type: fields and their kinds, or everything; `*` stands for every event."""

    @field_validator("reads")
    @classmethod
    def _kinds_are_known(cls, reads: Mapping[str, Reads]) -> Mapping[str, Reads]:
        for event_type, wanted in reads.items():
            for field, kind in wanted.items() if isinstance(wanted, Mapping) else ():
                if unknown := set(kind.removesuffix("?").split("|")) - KINDS:
                    raise ValueError(f"{event_type} {field}: {', '.join(sorted(unknown))} is no kind of value")
        return reads

    def of(self, event_type: str) -> Reads | None:
        """Return what it reads of an event; None when it does not hear it."""
        return self.reads.get(event_type, self.reads.get(EVERY_EVENT))

    def is_touched(self, event_type: str, path: str) -> bool:
        """Say whether a change at a JSON path of an event concerns it."""
        wanted = self.of(event_type)
        return wanted is not None and (wanted == "everything" or touches(path, wanted))


@dataclass(frozen=True, slots=True)
class Violation:
    """A field that is not there as a consumer needs it."""

    service: str
    event: str
    path: str
    what: str


def parse(text: str) -> Contract:
    """Read a contract from YAML.

    Raises:
        InvalidContract: it is none; the message says why.
    """
    return read(Contract, text, "contract", InvalidContract)


def hearing(contracts: Iterable[Contract], event_type: str) -> list[str]:
    """Return the services that hear an event."""
    return sorted(contract.service for contract in contracts if contract.of(event_type) is not None)


def touched(contracts: Iterable[Contract], event_type: str, path: str) -> list[str]:
    """Return the services that a change at a JSON path of an event concerns: those that read the field."""
    return sorted(contract.service for contract in contracts if contract.is_touched(event_type, path))


def violations(
    contract: Contract, schemas: Mapping[str, Schema], examples: Mapping[str, Mapping[str, Any]]
) -> Iterator[Violation]:
    """Yield where the events' schemas and examples are not as the consumer needs them."""
    for event_type, wanted in contract.reads.items():
        if event_type == EVERY_EVENT:
            continue
        if event_type not in schemas:
            yield Violation(contract.service, event_type, ROOT, "there is no such event")
            continue
        have = fields(schemas[event_type])
        for name, kind in wanted.items() if isinstance(wanted, Mapping) else ():
            path = f"{ROOT}.{name}"
            for what in _unmet(have[path].kind if path in have else None, kind, name, examples[event_type]):
                yield Violation(contract.service, event_type, path, what)


def _unmet(given: str | None, wanted: str, name: str, example: Mapping[str, Any]) -> Iterator[str]:
    if given is None:
        yield "there is no such field"
        return
    kinds, takes = set(given.removesuffix("?").split("|")), set(wanted.removesuffix("?").split("|"))
    if "number" in takes:
        kinds -= {"integer"}
    if strange := kinds - takes:
        yield f"it may be {' or '.join(sorted(strange))}, {wanted} is needed"
    if given.endswith("?") and not wanted.endswith("?"):
        yield f"it may be missing, {wanted} is needed"
    shown = [value for value in _values(example, name.replace("[*]", ".[*]").split(".")) if value is not None]
    if not shown and not wanted.endswith("?"):
        yield "the example does not show it"
    if wrong := [value for value in shown if not takes & _kinds_of(value)]:
        yield f"the example shows {wrong[0]!r}, {wanted} is needed"


def _values(value: Any, steps: list[str]) -> list[Any]:  # noqa: ANN401  any JSON value
    """Return what stands at a path; nothing where it is missing."""
    if not steps:
        return [value]
    if steps[0] == "[*]":
        return [found for entry in value for found in _values(entry, steps[1:])] if isinstance(value, list) else []
    return _values(value[steps[0]], steps[1:]) if isinstance(value, Mapping) and steps[0] in value else []


def _kinds_of(value: Any) -> set[str]:  # noqa: ANN401  any JSON value
    kind = kind_of(value)
    if kind == "integer":
        return {"integer", "number"}
    if isinstance(value, str) and "T" in value and _is_moment(value):
        return {"string", "date-time"}
    return {kind}


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
