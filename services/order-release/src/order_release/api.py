"""Ways into order-release: the ERP's push, cancellations, returns, questions."""

import logging
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from canonical.orders import OrderCancelled
from chassis import Quotas, Service, Temporary

from order_release.connectors.erp import mapping
from order_release.connectors.erp.wire import ReturnOrder, SalesOrder
from order_release.domain import Order
from order_release.handlers import authorize_return, release_order, request_cancellation
from order_release.ports import Items
from order_release.store import OrderStore

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


def router(service: Service, items: Items, quotas: Quotas) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()
    _take_orders(service, items, routes, quotas)
    _show_orders(service, routes)
    return routes


def _take_orders(service: Service, items: Items, routes: APIRouter, quotas: Quotas) -> None:
    @routes.post("/orders", status_code=202)
    async def release(order: SalesOrder) -> Accepted:
        """Release an order (the ERP's push); the same order again changes nothing. 422 names an SKU nobody knows."""
        quotas.admit("ERP")
        await refuse_unknown(order, items)
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


async def refuse_unknown(order: SalesOrder, items: Items) -> None:
    """Refuse an order for an SKU nobody has received or counted; while inventory-sync is away allocation judges it.

    Raises:
        RequestValidationError: items of the order name unknown SKUs.
    """
    try:
        unknown = await items.unknown({item.Material for item in order.Items})
    except Temporary as error:
        log.warning("items_unchecked", extra={"correlation_id": order.SalesOrder, "error": str(error)})
        return
    wrong = [
        {"type": "unknown_sku", "loc": ("body", "Items", place, "Material"), "msg": f"SKU {item.Material} is not known"}
        for place, item in enumerate(order.Items)
        if item.Material in unknown
    ]
    if wrong:
        raise RequestValidationError(wrong)


async def _found(service: Service, order_id: str) -> Order:
    async with service.store(OrderStore) as orders:
        order = await orders.read(order_id)
    if order is None:
        raise HTTPException(404, f"order {order_id} is not known")
    return order
