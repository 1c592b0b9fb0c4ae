"""Every event of the mesh by its type."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from canonical import b2b, carrier, inventory, notification, ops, orders, transport, warehouse
from canonical.event import CanonicalEvent

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
