"""Every event of the mesh by its type."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from canonical import b2b, carrier, inventory, notification, ops, orders, transport, warehouse
from canonical.event import CanonicalEvent

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MODULES = (orders, warehouse, inventory, transport, carrier, notification, b2b, ops)


def _events() -> Iterator[type[CanonicalEvent]]:
    for module in _MODULES:
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, CanonicalEvent) and "type" in vars(item):
                yield item


EVENTS: Mapping[str, type[CanonicalEvent]] = MappingProxyType({event.type: event for event in _events()})


class UnknownEventType(Exception):
    """No event of this type is in the catalogue."""


def event_class(event_type: str) -> type[CanonicalEvent]:
    """Return the model of an event type.

    Raises:
        UnknownEventType: the catalogue has no such event.
    """
    try:
        return EVENTS[event_type]
    except KeyError:
        raise UnknownEventType(f"unknown event type {event_type!r}") from None


def schema_of(event: type[CanonicalEvent]) -> dict[str, Any]:
    """Return the JSON Schema of an event's data."""
    return {"$schema": DIALECT, "$id": f"{event.type}.schema.json", **event.model_json_schema()}
