"""The catalogue: every event with owner, consumers and schema, and the flows they make."""

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from canonical import EVENTS, flows, topology
from canonical.flows import Flow
from canonical.subjects import domain_of


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


class Described(Entry):
    """One event type with its schema."""

    json_schema: dict[str, Any]
    """JSON Schema of its data."""


def router() -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/catalogue", tags=["catalogue"])

    @routes.get("/events")
    async def events() -> list[Entry]:
        """Return every event of the mesh."""
        return [Entry(**entry(name)) for name in sorted(EVENTS)]

    @routes.get("/events/{event_type}")
    async def event(event_type: str) -> Described:
        """Return an event with its schema."""
        if event_type not in EVENTS:
            raise HTTPException(404, f"the catalogue has no {event_type}")
        return Described(**entry(event_type), json_schema=EVENTS[event_type].model_json_schema())

    @routes.get("/flows")
    async def all_flows() -> list[Flow]:
        """Return the business flows with their steps and time limits."""
        return list(flows.load().values())

    return routes


def entry(event_type: str) -> dict[str, Any]:
    """Return what the catalogue says of an event."""
    event = EVENTS[event_type]
    services = topology.load().services
    return {
        "type": event_type,
        "name": event.__name__,
        "what": " ".join((event.__doc__ or "").split()),
        "domain": domain_of(event_type),
        "owner": event.owner,
        "consumers": sorted(name for name, one in services.items() if one.archives or event_type in one.consumes),
        "flows": [name for name, flow in flows.load().items() if any(step.event == event_type for step in flow.steps)],
    }
