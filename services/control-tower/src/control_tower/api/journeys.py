"""Search, the board, one order's story, what is late."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime, BaseModel

from chassis import Service

from control_tower.domain.limits import limit_of
from control_tower.domain.spent import Share, Spent, shares_of, steps_of, until_told_ms
from control_tower.domain.story import Told
from control_tower.store import Library

Limit = Annotated[int, Query(ge=1, le=500)]


class Journey(BaseModel):
    """One business transaction, usually an order."""

    correlation_id: str
    """Its identity."""
    stage: str | None
    """The furthest stage it showed."""
    stage_at: AwareDatetime | None = None
    """When it came there."""
    first_at: AwareDatetime
    """When its first event was recorded."""
    last_at: AwareDatetime
    """When its latest event was recorded."""
    events: int
    """How many events it has."""
    company: str
    """Owner or brand."""
    region: str
    """Region."""


class Hit(Journey):
    """A journey that carries the number looked for."""

    kind: str
    """What the number is."""
    value: str
    """The number."""


class Deadline(BaseModel):
    """What must follow an event, and by when."""

    correlation_id: str
    """The business transaction."""
    order_id: str | None
    """The order, if it has one."""
    flow: str
    """The flow."""
    after: str
    """The event that began it."""
    awaited: tuple[str, ...]
    """One of these events ends it."""
    opened_at: AwareDatetime
    """When it began."""
    risk_at: AwareDatetime | None
    """When it is at risk; None while it stands still."""
    due_at: AwareDatetime | None
    """When it is due; None while it stands still."""
    met_at: AwareDatetime | None
    """When it was met; None while it is open."""


class JourneyStory(Journey):
    """A journey with everything that happened."""

    story: list[Told]
    """Its events, each cause before what follows from it."""
    deadlines: list[Deadline]
    """Its time limits."""
    steps: list[Spent]
    """The time each step took, in the order they ended."""
    services: list[Share]
    """The time each service's steps took, the longest first."""
    until_told_ms: float | None
    """From the first transaction to the last message to the customer; None when none was sent."""


def router(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["journeys"])
    library = Library(service.engine)

    @routes.get("/search")
    async def search(q: Annotated[str, Query(min_length=1, max_length=128)], limit: Limit = 20) -> list[Hit]:
        """Find journeys by any number they carry, or its beginning: order, shipment, tracking number, SSCC, SKU ..."""
        return [Hit.model_validate(row) for row in await library.search(q.strip(), limit)]

    @routes.get("/stages")
    async def stages() -> dict[str, int]:
        """Return how many journeys are at each stage, in the order of the stages."""
        return await library.stages()

    @routes.get("/journeys/{correlation_id}")
    async def journey(correlation_id: str) -> JourneyStory:
        """Return one journey: its events as a tree of causes, its time limits, and where its time went."""
        found = await library.journey(correlation_id)
        if found is None:
            raise HTTPException(404, f"{correlation_id} is not known here: search for one of its numbers")
        return _told(found)

    @routes.get("/late")
    async def late(limit: Limit = 100) -> list[Deadline]:
        """Return what is at risk or past its time limit, the earliest due first."""
        return [deadline(row) for row in await library.late(limit)]

    return routes


def _told(found: dict[str, Any]) -> JourneyStory:
    steps = steps_of(found["story"])
    more = {"steps": steps, "services": shares_of(steps), "until_told_ms": until_told_ms(found["story"])}
    return JourneyStory.model_validate({**found, **more, "deadlines": [deadline(row) for row in found["deadlines"]]})


def deadline(row: dict[str, Any]) -> Deadline:
    """Return a deadline with what is awaited."""
    return Deadline(**{**row, "awaited": limit_of(row["flow"], row["after"]).awaited})
