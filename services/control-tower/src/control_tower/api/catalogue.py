"""The catalogue: every event with owner, readers and schema, the services, who hears whom, and the flows."""

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime, BaseModel

from canonical import EVENTS, flows
from canonical.flows import Flow
from canonical.metadata import Consumer, SchemaEntry
from chassis import Service

from control_tower.domain.catalogue import Entry, Line, Part, Place, entry, lineage, parts, places
from control_tower.records.metadata import Records


class Revision(BaseModel):
    """One revision of an event's schema."""

    revision: int
    """Its number."""
    digest: str
    """SHA-256 of what it promises, hex."""
    since: AwareDatetime
    """When it was registered."""


class Described(Entry):
    """One event type with its schema."""

    json_schema: dict[str, Any]
    """JSON Schema of its data."""
    places: list[Place]
    """Its steps of flows, with the time allowed."""
    mode: str | None
    """What a next revision must keep; none until it is registered."""
    revisions: list[Revision]
    """Every revision registered here."""
    readers: list[Consumer]
    """Who reads it: which fields, and since when."""


def router(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/catalogue", tags=["catalogue"])
    records = Records(service.engine)

    @routes.get("/events")
    async def events() -> list[Entry]:
        """Return every event of the mesh."""
        return [Entry(**entry(name)) for name in sorted(EVENTS)]

    @routes.get("/events/{event_type}")
    async def event(event_type: str) -> Described:
        """Return an event with its schema, its revisions and who reads what of it."""
        if event_type not in EVENTS:
            raise HTTPException(404, f"the catalogue has no {event_type}")
        return await _described(records, event_type)

    @routes.get("/revisions")
    async def revisions() -> dict[str, dict[int, dict[str, Any]]]:
        """Return every registered schema, by event and revision."""
        found = await records.schemas()
        return {name: {one.revision: dict(one.json_schema) for one in entries} for name, entries in found.items()}

    @routes.get("/services")
    async def services() -> list[Part]:
        """Return every service with what it publishes and hears."""
        return parts()

    @routes.get("/lineage")
    async def lines() -> list[Line]:
        """Return which service hears which other, and through which events."""
        return lineage()

    @routes.get("/flows")
    async def all_flows() -> list[Flow]:
        """Return the business flows with their steps and time limits."""
        return list(flows.load().values())

    return routes


async def _described(records: Records, event_type: str) -> Described:
    entries: dict[int, SchemaEntry] = {}
    since: dict[int, AwareDatetime] = {}
    for document in await records.history(SchemaEntry.kind, event_type):
        one = SchemaEntry.model_validate(document.body)
        entries[one.revision] = one
        since.setdefault(one.revision, document.changed_at)
    last = entries[max(entries)] if entries else None
    return Described(
        **entry(event_type),
        json_schema=EVENTS[event_type].model_json_schema(),
        places=list(places(event_type)),
        mode=last.mode if last else None,
        revisions=[Revision(revision=n, digest=one.digest, since=since[n]) for n, one in entries.items()],
        readers=list(last.consumers) if last else [],
    )
