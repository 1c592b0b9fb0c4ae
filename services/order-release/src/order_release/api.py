"""Ways into order-release: the ERP's push, cancellations, questions; and the job that reads the ERP's feed."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field, ValidationError

from canonical.orders import OrderCancelled
from chassis import Failure, Permanent, Service, Temporary

from order_release.connectors.erp import mapping
from order_release.connectors.erp.client import ErpClient
from order_release.connectors.erp.wire import Change, ReturnOrder, SalesOrder
from order_release.domain import Order
from order_release.handlers import authorize_return, change_order, release_order, request_cancellation
from order_release.store import Cursor, FeedStore, OrderStore

log = logging.getLogger(__name__)


class Accepted(BaseModel):
    """The order was taken on durably."""

    order_id: str
    correlation_id: str
    duplicate: bool


class Cancellation(BaseModel):
    """A wish to cancel."""

    reason: str = Field(min_length=1, max_length=500)
    requested_by: str = Field(default="api", max_length=64)


def router(service: Service) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()
    _take_orders(service, routes)
    _show_orders(service, routes)
    return routes


def _take_orders(service: Service, routes: APIRouter) -> None:
    @routes.post("/orders", status_code=202)
    async def release(order: SalesOrder) -> Accepted:
        """Release an order (the ERP's push); the same order again changes nothing."""
        event = mapping.released(order, service.clock.now())
        done = await service.accept("erp-release", order.SalesOrder, event, release_order, orders=OrderStore)
        return Accepted(order_id=order.SalesOrder, correlation_id=order.SalesOrder, duplicate=done is None)

    @routes.post("/orders/{order_id}/cancel", status_code=202)
    async def cancel(order_id: str, wish: Cancellation) -> Accepted:
        """Ask to cancel; what is already packed is delivered all the same. 409 when nothing can be stopped any more."""
        order = await _found(service, order_id)
        if reason := order.why_not_cancel():
            raise HTTPException(409, f"order {order_id} cannot be cancelled: {reason}")
        event = OrderCancelled(
            occurred_at=service.clock.now(), order_id=order_id, reason=wish.reason, requested_by=wish.requested_by
        )
        done = await service.accept("api-cancel", order_id, event, request_cancellation, orders=OrderStore)
        return Accepted(order_id=order_id, correlation_id=order_id, duplicate=not done)

    @routes.post("/orders/{order_id}/returns", status_code=202)
    async def send_back(order_id: str, wish: ReturnOrder) -> Accepted:
        """Ask to send goods back; the same return id again changes nothing."""
        order = await _found(service, order_id)
        event = mapping.return_of(order, wish, service.clock.now())
        message_id = f"{order_id}:{wish.ReturnId}"
        done = await service.accept("return", message_id, event, authorize_return, orders=OrderStore)
        return Accepted(order_id=order_id, correlation_id=order_id, duplicate=not done)


def _show_orders(service: Service, routes: APIRouter) -> None:
    @routes.get("/orders/{order_id}")
    async def show(order_id: str) -> dict[str, Any]:
        """Return an order: quantities per line, shipments, and why it waits."""
        order = await _found(service, order_id)
        return order.model_dump(mode="json", exclude={"ship_to", "contact", "contents"}) | {"waits": order.waits_for()}

    @routes.get("/orders")
    async def by_status(status: str, limit: int = 100) -> list[dict[str, Any]]:
        """Return orders in a status, newest first."""
        async with service.store(OrderStore) as orders:
            found = await orders.find("status", status, min(limit, 500))
        return [{"order_id": o.order_id, "status": o.status, "waits": o.waits_for()} for o in found]


async def _found(service: Service, order_id: str) -> Order:
    async with service.store(OrderStore) as orders:
        order = await orders.read(order_id)
    if order is None:
        raise HTTPException(404, f"order {order_id} is not known")
    return order


async def _accept_row(service: Service, row: dict[str, Any]) -> None:
    sequence = str(row.get("ChangeSequence"))
    try:
        change = Change.model_validate(row)
        match change.ChangeType:
            case "RELEASE":
                event = mapping.released(change.SalesOrder, change.ChangedAt)
                await service.accept("erp-release", event.order_id, event, release_order, orders=OrderStore)
            case "CANCEL":
                wish = mapping.cancelled(change)
                await service.accept("erp-feed", sequence, wish, request_cancellation, orders=OrderStore)
            case "RETURN":
                back = mapping.return_requested(change)
                message_id = f"{back.order_id}:{back.return_id}"
                await service.accept("return", message_id, back, authorize_return, orders=OrderStore)
            case "CHANGE":
                news = mapping.changed(change)
                await service.accept("erp-feed", sequence, news, change_order, orders=OrderStore)
    except (ValidationError, Permanent) as error:
        await service.bury("erp-feed", sequence, row, error)


async def read_feed(service: Service, erp: ErpClient) -> None:
    """Read the ERP's change feed to its end; the position is kept after the rows are durable.

    Raises:
        Temporary: the ERP or the database is away; the next run goes on where this one stopped.
    """
    while True:
        async with service.store(FeedStore) as feed:
            cursor = await feed.read(FeedStore.NAME) or Cursor()
        rows = await erp.changes(cursor.sequence)
        if not rows:
            return
        for start in range(0, len(rows), 200):
            await _accept_rows(service, rows[start : start + 200])
        end = Cursor(sequence=last_sequence(rows))
        await service.accept("erp-cursor", str(end.sequence), end, _keep_cursor, feed=FeedStore)


async def _accept_rows(service: Service, rows: list[dict[str, Any]]) -> None:
    """Accept rows together; rows of one order keep their order."""
    lanes: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        order = row.get("SalesOrder")
        lanes.setdefault(str(order.get("SalesOrder")) if isinstance(order, dict) else "", []).append(row)

    async def one_lane(lane: list[dict[str, Any]]) -> None:
        for row in lane:
            (result,) = await asyncio.gather(_accept_row(service, row), return_exceptions=True)
            if isinstance(result, Exception):
                await _bury_or_wait(service, row, result)

    results = await asyncio.gather(*(one_lane(lane) for lane in lanes.values()), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _bury_or_wait(service: Service, row: dict[str, Any], error: Exception) -> None:
    """Stop the page for a failure that passes; a row that meets a bug of ours becomes a dead letter."""
    if isinstance(error, Failure):
        raise error
    log.error("feed_row_failed", exc_info=error, extra={"sequence": row.get("ChangeSequence")})
    await service.bury("erp-feed", str(row.get("ChangeSequence")), row, error)


def last_sequence(rows: list[dict[str, Any]]) -> int:
    """Return how far a page reaches; rows without a usable number do not count.

    Raises:
        Temporary: no row has one, so reading on is not possible.
    """
    numbers: list[int] = [row["ChangeSequence"] for row in rows if isinstance(row.get("ChangeSequence"), int)]
    if not numbers:
        raise Temporary("the ERP's feed has rows but no change sequence", retry_in=timedelta(seconds=10))
    return max(numbers)


async def _keep_cursor(cursor: Cursor, *, feed: FeedStore) -> list[Any]:
    feed.put(FeedStore.NAME, cursor)
    return []
