"""Calls to outside systems that one business transaction waits for, so that people can ask why nothing happens."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.systems import Systems

PENDING = text(
    "SELECT name, lane, attempts AS tries, error, created_at AS since FROM effect WHERE state = 'pending' "
    "AND (cause->>'correlation_id' = :correlation_id OR payload->>'order_id' = :correlation_id) ORDER BY seq LIMIT 100"
)


class Call(BaseModel):
    """A call not made yet, or not answered."""

    name: str
    """Kind of call."""
    lane: str
    """Calls of one lane are made in order."""
    tries: int
    """How often it failed."""
    error: str | None
    """Why it failed last."""
    since: datetime
    """When it was asked for."""


class Pending(BaseModel):
    """What a transaction waits for."""

    calls: list[Call]
    """Its calls, a hundred at most."""
    away: list[str]
    """Outside systems of this service that are left alone until they answer again."""


def router(engine: AsyncEngine, systems: Systems) -> APIRouter:
    """Return the route every service has."""
    routes = APIRouter(prefix="/effects", tags=["effects"])

    @routes.get("")
    async def pending(correlation_id: Annotated[str, Query(min_length=1, max_length=255)]) -> Pending:
        """Return the calls one business transaction waits for."""
        async with engine.connect() as connection:
            rows = await connection.execute(PENDING, {"correlation_id": correlation_id})
            return Pending(calls=[Call(**row) for row in rows.mappings()], away=systems.away())

    return routes
