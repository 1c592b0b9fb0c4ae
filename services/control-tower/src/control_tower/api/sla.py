"""Time limits: the board, why one transaction is late, and everything it waits for."""

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime, BaseModel

from chassis import Service

from control_tower.directory import Regions
from control_tower.domain.board import Group, board
from control_tower.domain.limits import limits
from control_tower.domain.reasons import LASTING, Explained, Waiting, explain, of_limit
from control_tower.records.metadata import Records
from control_tower.records.sla import Sla


class Transaction(BaseModel):
    """One business transaction."""

    correlation_id: str
    """Its identity."""
    stage: str | None
    """The furthest stage it showed."""
    ended_at: AwareDatetime | None
    """When it ended; None while something may still happen."""


class TimeLimits(Transaction):
    """A transaction with its time limits."""

    limits: list[Explained]
    """Its limits, what is worst first."""


class Why(Transaction):
    """What a transaction waits for."""

    waits_for: list[Waiting]
    """What it waits for: messages and calls that wait, then steps that are awaited."""
    silent: list[str]
    """Services that did not answer: what waits there is missing."""


def router(service: Service, regions: Regions, sla: Sla) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["time limits"])
    records = Records(service.engine)

    async def time_limits(correlation_id: str) -> TimeLimits:
        found = await sla.transaction(correlation_id)
        if found is None:
            raise HTTPException(404, f"{correlation_id} is not known here: search for one of its numbers")
        journey, rows, events = found
        explained = explain(rows, events, journey["ended_at"], service.clock.now(), await records.agreed())
        return TimeLimits(**journey, limits=explained)

    @routes.get("/sla")
    async def show_board() -> list[Group]:
        """Return all time limits in figures, by flow and domain."""
        return board(limits(), await sla.figures())

    @routes.get("/sla/{correlation_id}")
    async def show_limits(correlation_id: str) -> TimeLimits:
        """Return the time limits of a transaction: how each stands, since when, who owes it, by which calendar."""
        return await time_limits(correlation_id)

    @routes.get("/why/{correlation_id}")
    async def why(correlation_id: str) -> Why:
        """Return everything a transaction waits for: why, since when, what happens next, and who owns it."""
        known = await time_limits(correlation_id)
        waiting, silent = await regions.waiting(correlation_id)
        awaited = [of_limit(one) for one in known.limits if one.state in LASTING]
        waits_for = [*sorted(waiting, key=lambda one: one.since), *awaited]
        return Why(**known.model_dump(exclude={"limits"}), waits_for=waits_for, silent=silent)

    return routes
