"""The board: orders by stage and by filter, and where their parcels are."""

from typing import Annotated

from fastapi import APIRouter, Query

from chassis import Service

from control_tower.api.journeys import Journey
from control_tower.domain.parcels import Parcel
from control_tower.records.board import Board, Filter

OF_A_STAGE = 6


class Wanted(Filter):
    """A filter, and how many at most."""

    limit: int = Query(default=50, ge=1, le=500)


class Card(Journey):
    """An order on the board."""

    total: int
    """How many open orders its stage has."""


def router(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["board"])
    board = Board(service.engine)

    @routes.get("/journeys")
    async def journeys(wanted: Annotated[Wanted, Query()]) -> list[Journey]:
        """Return the orders asked for, those first that came to their stage last."""
        return [Journey.model_validate(row) for row in await board.listed(wanted, wanted.limit)]

    @routes.get("/board")
    async def columns(wanted: Annotated[Filter, Query()]) -> list[Card]:
        """Return the newest open orders of each stage, with how many the stage has."""
        return [Card.model_validate(row) for row in await board.columns(wanted, OF_A_STAGE)]

    @routes.get("/parcels")
    async def parcels(wanted: Annotated[Wanted, Query()]) -> list[Parcel]:
        """Return the parcels of the orders asked for, and where their carriers say they are."""
        return await board.parcels(wanted, wanted.limit)

    return routes
