"""The HTTP interface of inventory-sync: adjustments in, counts out."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime, BaseModel

from canonical.inventory import InventoryAdjusted
from chassis import Service

from inventory_sync import handlers
from inventory_sync.domain import Shelf
from inventory_sync.ports import Adjustment, StoreAdjustments
from inventory_sync.store import EdgeStore, InventoryStore


class AdjustmentAnswer(BaseModel):
    """What became of an adjustment."""

    adjustment_id: str
    duplicate: bool
    on_hand: int | None


class Count(BaseModel):
    """The stock of an SKU at a site, in pieces."""

    sku: str
    site: str
    on_hand: int
    allocated: int
    available_to_promise: int


class Counts(BaseModel):
    """Counts, by SKU and site."""

    items: list[Count]


class EdgeState(BaseModel):
    """How far a store's edge has come."""

    edge: str
    taken: int
    taken_at: AwareDatetime | None


class StoreStock(BaseModel):
    """The stock of a store, and which of its adjustments are in it."""

    site: str
    edges: list[EdgeState]
    items: list[Count]


class Items(BaseModel):
    """Which of the SKUs asked about are known: received or counted anywhere, or never heard of."""

    known: list[str]
    unknown: list[str]


class HeldAndWaiting(BaseModel):
    """What an order holds and what it waits for."""

    order_id: str
    allocations: list[dict[str, Any]]
    waiting: list[dict[str, Any]]
    unknown: list[dict[str, Any]]
    waits_since: str | None
    next: str | None
    owner: str = "inventory-sync"


def router(service: Service) -> APIRouter:
    """Return the routes, bound to the running service."""
    routes = APIRouter(tags=["inventory"])
    _take_adjustments(service, routes)
    _take_from_stores(service, routes)
    _show_counts(service, routes)
    _show_orders(service, routes)
    return routes


def _take_adjustments(service: Service, routes: APIRouter) -> None:
    @routes.post("/adjustments", status_code=202)
    async def adjust(adjustment: Adjustment) -> AdjustmentAnswer:
        """Correct a count; the same adjustment id twice counts once."""
        envelopes = await service.accept(
            "adjustment",
            adjustment.adjustment_id,
            adjustment,
            handlers.adjust_stock,
            ledger=InventoryStore,
            clock=service.clock,
        )
        counted = [e.data["on_hand"] for e in envelopes or () if e.type == InventoryAdjusted.type]
        return AdjustmentAnswer(
            adjustment_id=adjustment.adjustment_id,
            duplicate=envelopes is None,
            on_hand=counted[0] if counted else None,
        )


def _take_from_stores(service: Service, routes: APIRouter) -> None:
    @routes.post("/stores/adjustments", status_code=202)
    async def take(batch: StoreAdjustments) -> EdgeState:
        """Take in a store's adjustments in their order, each once, however often and late they are sent."""
        first, last = batch.adjustments[0].number, batch.adjustments[-1].number
        await service.accept(
            "store",
            f"{batch.edge}/{first}-{last}",
            batch,
            handlers.take_store_adjustments,
            ledger=InventoryStore,
            edges=EdgeStore,
            clock=service.clock,
        )
        states = {state.edge: state for state in await _edges(service, batch.site)}
        return states.get(batch.edge) or EdgeState(edge=batch.edge, taken=0, taken_at=None)

    @routes.get("/stores/{site}")
    async def store(site: str, limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000) -> StoreStock:
        """Return a store's stock, and how far each of its edges has come."""
        async with service.store(InventoryStore) as reader:
            shelves = await reader.all_shelves(sku=None, site=site, limit=limit)
        return StoreStock(site=site, edges=await _edges(service, site), items=[_count(shelf) for shelf in shelves])


async def _edges(service: Service, site: str) -> list[EdgeState]:
    async with service.store(EdgeStore) as reader:
        return [EdgeState(edge=r.edge, taken=r.taken, taken_at=r.taken_at) for r in await reader.of_site(site)]


def _count(shelf: Shelf) -> Count:
    return Count(
        sku=shelf.sku,
        site=shelf.site,
        on_hand=shelf.on_hand,
        allocated=shelf.allocated,
        available_to_promise=shelf.available,
    )


def _show_counts(service: Service, routes: APIRouter) -> None:
    @routes.get("/inventory")
    async def inventory(
        sku: str | None = None, site: str | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000
    ) -> Counts:
        """Return counts, by SKU and site."""
        async with service.store(InventoryStore) as reader:
            shelves = await reader.all_shelves(sku=sku, site=site, limit=limit)
        return Counts(items=[_count(shelf) for shelf in shelves])

    @routes.get("/items")
    async def items(sku: Annotated[list[str], Query(min_length=1, max_length=100)]) -> Items:
        """Say of up to 100 SKUs whether they are known: received or counted at any site."""
        async with service.store(InventoryStore) as reader:
            known = await reader.known(sku)
        return Items(known=sorted(known), unknown=sorted(set(sku) - known))


def _show_orders(service: Service, routes: APIRouter) -> None:
    @routes.get("/inventory/orders/{order_id}")
    async def held_and_waiting(order_id: str) -> HeldAndWaiting:
        """Return what an order holds, what it waits for, and what ends the wait."""
        async with service.store(InventoryStore) as reader:
            demand = await reader.read_demand(order_id)
        if demand is None:
            raise HTTPException(404, f"order {order_id} is not known to inventory")
        doc = demand.model_dump(mode="json")
        waits = bool(demand.waiting or demand.unknown)
        return HeldAndWaiting(
            order_id=order_id,
            allocations=doc["allocations"],
            waiting=doc["waiting"],
            unknown=doc["unknown"],
            waits_since=doc["released_at"] if waits else None,
            next="goods received or a count corrected upwards; first come, first served" if waits else None,
        )
