"""What the contract says of events and services: who publishes what, who hears it, in which flow, by when."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from canonical import EVENTS, flows, topology
from canonical.subjects import domain_of


class Place(BaseModel):
    """An event's step of a flow."""

    flow: str
    """The flow."""
    after: tuple[str, ...]
    """The events it may follow."""
    within_seconds: float | None
    """How long after the latest of those it may take; open where nobody promised anything."""


class Entry(BaseModel):
    """One event type."""

    type: str
    """`domain.event.vN`."""
    name: str
    """Its name."""
    what: str
    """What has happened then."""
    domain: str
    """The domain it belongs to."""
    owner: str
    """The service that publishes it."""
    consumers: list[str]
    """The services that hear it."""
    flows: list[str]
    """The flows it is a step of."""


class Part(BaseModel):
    """One service: what it owns, publishes and hears."""

    name: str
    """Its name."""
    domain: str
    """The domain it owns."""
    publishes: list[str]
    """Events it publishes."""
    hears: list[str]
    """Events it hears."""


class Line(BaseModel):
    """One service hears another through some events."""

    source: str
    """Who publishes."""
    target: str
    """Who hears."""
    events: list[str]
    """Through which events."""


def entry(event_type: str) -> dict[str, Any]:
    """Return what the catalogue says of an event."""
    event = EVENTS[event_type]
    return {
        "type": event_type,
        "name": event.__name__,
        "what": " ".join((event.__doc__ or "").split()),
        "domain": domain_of(event_type),
        "owner": event.owner,
        "consumers": hearing(event_type),
        "flows": [place.flow for place in places(event_type)],
    }


def hearing(event_type: str) -> list[str]:
    """Return the services that hear an event."""
    services = topology.load().services
    return sorted(name for name, one in services.items() if one.archives or event_type in one.consumes)


def places(event_type: str) -> Iterator[Place]:
    """Yield an event's steps of flows."""
    for name, flow in flows.load().items():
        for step in flow.steps:
            if step.event == event_type:
                yield Place(flow=name, after=step.after, within_seconds=step.within_seconds)


def parts() -> list[Part]:
    """Return every service."""
    return [
        Part(
            name=name,
            domain=service.domain,
            publishes=sorted(event_type for event_type, event in EVENTS.items() if event.owner == name),
            hears=sorted(event_type for event_type in EVENTS if name in hearing(event_type)),
        )
        for name, service in topology.load().services.items()
    ]


def lineage() -> list[Line]:
    """Return who hears whom, and through which events."""
    found: dict[tuple[str, str], list[str]] = {}
    for event_type, event in sorted(EVENTS.items()):
        for target in hearing(event_type):
            found.setdefault((event.owner, target), []).append(event_type)
    return [Line(source=source, target=target, events=events) for (source, target), events in sorted(found.items())]
