"""Carriers' messages: what came, what became of it, and how carriers do by it."""

from datetime import UTC
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import TextClause

from canonical.privacy import masked_by_name
from chassis import Service

from carrier_gateway.directory import Desk, Profiles
from carrier_gateway.domain.reports import RawMessage
from carrier_gateway.domain.trials import Trial, trial
from carrier_gateway.store import AGAIN, LISTED, PERFORMANCE, QUALITY, WEEKS, RawMessages


class Reader(BaseModel):
    """Who wants to read a message whole, and why."""

    actor: str = Field(min_length=1, max_length=128)
    reason: str = Field(min_length=1, max_length=2000)


class Shown(BaseModel):
    """A carrier's message, raw and as its profile reads it now."""

    seq: int
    carrier_code: str
    channel: str
    received_at: AwareDatetime
    body: str
    is_masked: bool
    """Whether personal data is hidden; a person may ask for the whole, with a reason."""
    trial: Trial | None
    """What the profile in use makes of it; None when there is no such profile."""


def router(service: Service, profiles: Profiles) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    desk = Desk(service)
    _standing(routes, service)
    _kept(routes, service)

    @routes.get("/raw-messages/{seq}")
    async def show(seq: int) -> Shown:
        """Return a message, personal data hidden, and what the profile in use makes of it."""
        return _shown(await _one(service, seq), profiles, whole=False)

    @routes.post("/raw-messages/{seq}/read")
    async def read_whole(seq: int, reader: Reader) -> Shown:
        """Return a message whole; who read it and why is kept."""
        message = await _one(service, seq)
        await desk.note("read", message.carrier_code, f"message {seq}", actor=reader.actor, reason=reader.reason)
        return _shown(message, profiles, whole=True)

    return routes


def _standing(routes: APIRouter, service: Service) -> None:
    @routes.get("/carriers/performance")
    async def performance(carrier: str | None = None) -> list[dict[str, Any]]:
        """Return how carriers do by lane: on time, transit days, exceptions, first scan (view carrier_performance)."""
        return await rows(service, PERFORMANCE, carrier=carrier)

    @routes.get("/carriers/weeks")
    async def weeks(carrier: str | None = None) -> list[dict[str, Any]]:
        """Return how carriers do by the week of booking, the newest first."""
        return await rows(service, WEEKS, carrier=carrier)

    @routes.get("/carriers/quality")
    async def quality() -> list[dict[str, Any]]:
        """Return how good carriers' data is: dead messages, unmapped, late and zone-less events."""
        return await rows(service, QUALITY)


def _kept(routes: APIRouter, service: Service) -> None:
    @routes.post("/raw-messages/replay", status_code=202)
    async def replay(since: AwareDatetime, carrier: str | None = None) -> dict[str, Any]:
        """Map kept messages again, after a profile was mended; what is known already changes nothing."""
        async with service.engine.begin() as connection:
            found = await connection.execute(AGAIN, {"since": since.astimezone(UTC), "carrier": carrier})
        return {"messages": found.rowcount, "since": since, "carrier": carrier}

    @routes.get("/raw-messages/waiting")
    async def waiting() -> dict[str, int]:
        """Return how many messages are not mapped yet."""
        async with service.store(RawMessages) as raws:
            return {"waiting": await raws.count_waiting()}

    @routes.get("/raw-messages")
    async def raw_messages(
        digest: str | None = None, carrier: str | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 100
    ) -> list[dict[str, Any]]:
        """Return kept messages without their bodies, newest first."""
        return await rows(service, LISTED, digest=digest, carrier=carrier, limit=limit)


async def rows(service: Service, query: TextClause, **parameters: object) -> list[dict[str, Any]]:
    """Return what a question about kept rows gives."""
    async with service.engine.connect() as connection:
        return [dict(row._mapping) for row in await connection.execute(query, parameters)]


async def _one(service: Service, seq: int) -> RawMessage:
    async with service.store(RawMessages) as raws:
        message = await raws.one(seq)
    if message is None:
        raise HTTPException(404, f"message {seq} is not kept here")
    return message


def _shown(message: RawMessage, profiles: Profiles, *, whole: bool) -> Shown:
    profile = profiles.get(message.carrier_code)
    made = trial(profile, message.body, headers=message.headers, request=message.request) if profile else None
    return Shown(
        seq=message.seq,
        carrier_code=message.carrier_code,
        channel=message.channel,
        received_at=message.received_at,
        body=message.body.decode(errors="replace") if whole else _masked(message.body),
        is_masked=not whole,
        trial=made,
    )


def _masked(body: bytes) -> str:
    """Return a body without what its field names say is personal; of what is no JSON, only its size."""
    try:
        return orjson.dumps(masked_by_name(orjson.loads(body)), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return f"{len(body)} bytes that are no JSON: hidden until somebody asks for them."
