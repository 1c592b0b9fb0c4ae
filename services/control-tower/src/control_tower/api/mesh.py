"""The mesh as it is now: a picture, a live feed, what failed, and the way to the services' own interfaces."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import AwareDatetime, BaseModel

from chassis import Rejected, Service
from chassis.archive import Archiver

from control_tower.directory import Regions
from control_tower.domain.mesh import Edge, Link, Node
from control_tower.store import Library

FRAMES_PER_SECOND = 4
QUIET_SECONDS = 15.0
"""A comment is sent this often when nothing changes, so that nobody in between closes the connection."""


class Picture(BaseModel):
    """The mesh at a moment."""

    at: AwareDatetime
    """When it was taken."""
    services: list[Node]
    """Every service but this one."""
    edges: list[Edge]
    """Who hears whom."""
    per_minute: dict[str, int]
    """Events of each type recorded in the last minute."""


class Failures(BaseModel):
    """What failed in all services."""

    groups: list[dict[str, Any]]
    """Groups of failures of one kind, the largest first, each with its service and playbook."""
    silent: list[str]
    """Services that did not answer: theirs are missing."""


class Frame(BaseModel):
    """What the live feed sends when something has changed."""

    at: AwareDatetime
    """When it was taken."""
    kept: int
    """Number of the latest event kept; it only grows."""
    stages: dict[str, int]
    """Journeys at each stage."""
    late: int
    """Deadlines at risk or past, a hundred at most."""


def router(service: Service, regions: Regions, archiver: Archiver) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["mesh"])
    library = Library(service.engine)
    feed = Feed(library)
    _show_links(routes, archiver, {region.name for region in regions.each})

    @routes.get("/mesh")
    async def picture() -> Picture:
        """Return how every service does and what flows between them."""
        flow, nodes = await library.per_minute(), list(await regions.nodes())
        return Picture(at=datetime.now(UTC), services=nodes, edges=regions.edges(flow), per_minute=flow)

    @routes.get("/failures")
    async def failures() -> Failures:
        """Return the groups of failures of all services."""
        groups, silent = await regions.groups()
        return Failures(groups=groups, silent=silent)

    @routes.get("/stream", response_class=StreamingResponse, responses={200: {"model": Frame}})
    async def stream(request: Request) -> StreamingResponse:
        """Send a frame whenever something has changed, at most four a second (server-sent events)."""
        return StreamingResponse(
            _lines(feed, request), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    @routes.api_route("/services/{name}/{path:path}", methods=["GET", "POST"], include_in_schema=False)
    async def pass_on(name: str, path: str, request: Request) -> Response:
        """Ask a service what a person asks; its answer, or its refusal, comes back as it is."""
        params = dict(request.query_params)
        region = params.pop("region", None)
        try:
            body = await regions.ask(
                name, request.method, path, region=region, content=await request.body(), params=params
            )
        except Rejected as refused:
            return Response(refused.body, status_code=refused.status, media_type="application/problem+json")
        return Response(body, media_type="application/json")

    return routes


def _show_links(routes: APIRouter, archiver: Archiver, asked: Collection[str]) -> None:
    @routes.get("/regions")
    async def links() -> list[Link]:
        """Return every region whose events are kept or whose services are asked here, and how far it is complete."""
        found = await archiver.completeness()
        return [
            Link(
                region=region,
                is_up=region in found and found[region].is_live,
                complete_until=found[region].until if region in found else None,
                has_services=region in asked,
            )
            for region in sorted({*found, *asked})
        ]


class Feed:
    """One look at the archive for all who watch, however many they are."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = asyncio.Lock()
        self._frame: Frame | None = None
        self._taken_at = 0.0

    async def frame(self) -> Frame:
        """Return the newest frame, taken anew at most four times a second."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if self._frame is None or now - self._taken_at >= 1 / FRAMES_PER_SECOND:
                self._frame, self._taken_at = await self._take(self._frame), now
            return self._frame

    async def _take(self, last: Frame | None) -> Frame:
        kept = await self._library.kept()
        if last and last.kept == kept:
            return last
        late = await self._library.late(100)
        return Frame(at=datetime.now(UTC), kept=kept, stages=await self._library.stages(), late=len(late))


async def _lines(feed: Feed, request: Request) -> AsyncIterator[str]:
    sent, quiet = -1, 0.0
    while not await request.is_disconnected():
        frame = await feed.frame()
        if frame.kept != sent:
            sent, quiet = frame.kept, 0.0
            yield f"id: {sent}\ndata: {frame.model_dump_json()}\n\n"
        elif quiet >= QUIET_SECONDS:
            quiet = 0.0
            yield ": nothing new\n\n"
        await asyncio.sleep(1 / FRAMES_PER_SECOND)
        quiet += 1 / FRAMES_PER_SECOND
