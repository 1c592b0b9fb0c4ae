"""The audit: who did what in the whole mesh, and why."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from chassis import Service

from control_tower.domain.audit import Entry
from control_tower.jobs import Collector
from control_tower.records.audit import Asked, Audit


def router(service: Service, collector: Collector) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/audit", tags=["audit"])
    audit = Audit(service.engine)

    @routes.get("")
    async def search(asked: Annotated[Asked, Query()]) -> list[Entry]:
        """Return what people did, or had done, the newest first: on failures, metadata, profiles; replays, exports."""
        await collector.collect()
        return await audit.find(asked)

    @routes.get("/{entry_id:path}")
    async def show(entry_id: str) -> Entry:
        """Return one entry by its id, or a unique start of it."""
        await collector.collect()
        found = await audit.of(entry_id)
        if not found or (len(found) > 1 and found[0].id != entry_id):
            raise HTTPException(404, f"{'several entries begin' if found else 'no entry begins'} with {entry_id}")
        return found[0]

    return routes
