"""What happens to an order: each function takes a fact and returns the facts and calls that follow."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from canonical import CanonicalEvent
from canonical.carrier import Delivered, ProofOfDeliveryReceived
from canonical.inventory import AllocationFailed, AllocationReleased, InventoryAllocated
from canonical.orders import (
    OrderCancelled,
    OrderChanged,
    OrderCompleted,
    OrderReleased,
    ReturnAuthorized,
    ReturnClosed,
    ReturnRequested,
)
from canonical.values import LineQuantity
from canonical.warehouse import PickCompleted, PickShorted, ReturnReceived, ShipmentDispatched
from chassis import Effect, Outcome, Permanent

from order_release.domain import ErpStatus, Order, Return, Status, lines_of, reach, untold
from order_release.ports import Orders, WriteStatus

RETURN_SITE = "DC-BER"
Follows: TypeAlias = CanonicalEvent | Effect


async def release_order(event: OrderReleased, *, orders: Orders) -> Outcome:
    """Take an order on; the same order twice is taken once."""
    if await orders.get(event.order_id):
        return []
    order = Order(
        order_id=event.order_id,
        customer_id=event.customer_id,
        ship_to=event.ship_to,
        contact=event.contact,
        lines=lines_of(event.lines),
        first_promised_at=event.promised_at,
        promised_at=event.promised_at,
        since=event.occurred_at,
    )
    orders.put(order.order_id, order)
    return [event, *_write(order, "RELEASED", event.occurred_at)]


async def request_cancellation(event: OrderCancelled, *, orders: Orders) -> Outcome:
    """Ask the mesh to stop an order; what it can still stop comes back as AllocationReleased.

    Raises:
        Permanent: it is too late, or the order is unknown.
    """
    order = await _known(event.order_id, orders)
    if order.cancel_reason:
        return []
    if reason := order.why_not_cancel():
        raise Permanent(f"order {order.order_id} cannot be cancelled: {reason}", remedy="open-return")
    order.cancel_reason = event.reason
    orders.put(order.order_id, order)
    return [event]


async def change_order(event: OrderChanged, *, orders: Orders) -> Outcome:
    """Take a new address or date while nothing is set aside; the first promise stays beside the new one.

    Raises:
        Permanent: it is too late, or the order is unknown.
    """
    order = await _known(event.order_id, orders)
    if reason := order.why_not_change():
        raise Permanent(f"order {order.order_id} cannot be changed: {reason}", remedy="cancel-and-release-anew")
    order.ship_to = event.ship_to or order.ship_to
    order.promised_at = event.promised_at or order.promised_at
    orders.put(order.order_id, order)
    return [event]


async def note_allocation(event: InventoryAllocated, *, orders: Orders) -> Outcome:
    """Stock was set aside: all of it, a site's part of it, or some with the rest on back-order."""
    order = await _known(event.order_id, orders)
    order.move("allocated", event.lines)
    order.wait(event.backordered, only=True)
    if event.backordered:
        return _advance(order, orders, ("backordered", "BACKORDERED"), event.occurred_at)
    if order.is_allocated:
        return _advance(order, orders, ("allocated", "ALLOCATED"), event.occurred_at)
    orders.put(order.order_id, order)
    return []


async def note_allocation_failure(event: AllocationFailed, *, orders: Orders) -> Outcome:
    """Lines wait for stock, or are given up because nobody knows the SKU."""
    order = await _known(event.order_id, orders)
    if event.reason == "out-of-stock":
        order.wait(event.lines, only=False)
        return _advance(order, orders, ("backordered", "BACKORDERED"), event.occurred_at)
    order.give_up(event.lines)
    order.end_reason = order.end_reason or "unknown SKU"
    return _settle(order, orders, event.occurred_at)


async def note_release(event: AllocationReleased, *, orders: Orders) -> Outcome:
    """The mesh confirms that these pieces will not ship: cancelled on demand, or not there."""
    order = await _known(event.order_id, orders)
    order.give_up(event.lines)
    order.end_reason = order.end_reason or order.cancel_reason or event.reason
    return _settle(order, orders, event.occurred_at)


async def note_pick(event: PickCompleted, *, orders: Orders) -> Outcome:
    """The goods were picked."""
    order = await _known(event.order_id, orders)
    order.move("picked", event.lines)
    return _advance(order, orders, ("picked", "PICKED"), event.occurred_at)


async def note_short_pick(event: PickShorted, *, orders: Orders) -> Outcome:
    """Fewer goods were found than set aside; inventory-sync looks for the rest."""
    order = await _known(event.order_id, orders)
    order.move("picked", event.lines)
    order.unallocate(event.shorted)
    if event.reason != "cancelled":
        order.move("shorted", event.shorted)
    if not event.lines:
        orders.put(order.order_id, order)
        return []
    return _advance(order, orders, ("picked", "PICKED"), event.occurred_at)


async def note_dispatch(event: ShipmentDispatched, *, orders: Orders) -> Outcome:
    """A shipment left; a cancellation that was still open came too late for it."""
    order = await _known(event.order_id, orders)
    if event.shipment_id in order.dispatched:
        return []
    order.move("shipped", event.lines)
    order.dispatched.append(event.shipment_id)
    order.contents[event.shipment_id] = list(event.lines)
    order.arrive()
    outcome = list(_advance(order, orders, ("shipped", "SHIPPED"), event.occurred_at))
    return [*outcome, *_settle(order, orders, event.occurred_at)]


async def note_delivery(event: Delivered, *, orders: Orders) -> Outcome:
    """A shipment arrived."""
    order = await _known(event.order_id, orders)
    if event.shipment_id not in order.delivered:
        order.delivered.append(event.shipment_id)
        order.arrive()
    return _settle(order, orders, event.occurred_at)


async def note_proof(event: ProofOfDeliveryReceived, *, orders: Orders) -> Outcome:
    """A shipment's delivery is proven."""
    order = await _known(event.order_id, orders)
    if event.shipment_id not in order.proven:
        order.proven.append(event.shipment_id)
    return _settle(order, orders, event.occurred_at)


async def authorize_return(event: ReturnRequested, *, orders: Orders) -> Outcome:
    """Accept a return of goods that were shipped; anything else is refused."""
    order = await _known(event.order_id, orders)
    if any(known.return_id == event.return_id for known in order.returns):
        return []
    if not fits(event.lines, order.returnable()):
        raise Permanent("Items: more is returned than was shipped and kept", remedy="customer-service-case")
    order.returns.append(Return(return_id=event.return_id, lines=list(event.lines)))
    orders.put(order.order_id, order)
    authorized = ReturnAuthorized(
        occurred_at=event.occurred_at,
        order_id=order.order_id,
        return_id=event.return_id,
        customer_id=order.customer_id,
        lines=event.lines,
        ship_from=order.ship_to,
        contact=order.contact,
        return_site=RETURN_SITE,
    )
    return [event, authorized]


def fits(lines: Iterable[LineQuantity], left: Mapping[int, int]) -> bool:
    """Say whether the lines, those of one number together, ask for no more than is left."""
    asked: dict[int, int] = {}
    for line in lines:
        asked[line.line_number] = asked.get(line.line_number, 0) + line.quantity
    return all(quantity <= left.get(number, 0) for number, quantity in asked.items())


async def close_return(event: ReturnReceived, *, orders: Orders) -> Outcome:
    """The goods are back: the return is settled."""
    order = await _known(event.order_id, orders)
    known = next((item for item in order.returns if item.return_id == event.return_id), None)
    if known is None or known.closed:
        return []
    known.closed = True
    orders.put(order.order_id, order)
    disposition: Literal["restocked", "scrapped"] = "restocked" if event.condition == "good" else "scrapped"
    return [
        ReturnClosed(
            occurred_at=event.occurred_at, order_id=order.order_id, return_id=event.return_id, disposition=disposition
        )
    ]


async def _known(order_id: str, orders: Orders) -> Order:
    order = await orders.get(order_id)
    if order is None:
        raise Permanent(f"order {order_id} is not known here", remedy="check-order-source")
    return order


def _write(order: Order, status: ErpStatus, at: datetime) -> Outcome:
    """Write a status back, each status once per order."""
    due = untold(order, status)
    order.written += due
    return [WriteStatus(lane=order.order_id, order_id=order.order_id, status=rung, at=at) for rung in due]


RANK: dict[Status, int] = {
    "released": 0,
    "backordered": 1,
    "allocated": 2,
    "picked": 3,
    "shipped": 4,
    "delivered": 5,
    "completed": 6,
    "cancelled": 6,
}


def _advance(order: Order, orders: Orders, status: tuple[Status, ErpStatus], at: datetime) -> Outcome:
    """Reach a status unless the order is already further; the ERP is told either way, once."""
    orders.put(order.order_id, order)
    if order.is_over:
        return []
    if RANK[status[0]] > RANK[order.status]:
        reach(order, status[0], at)
    return _write(order, status[1], at)


def _settle(order: Order, orders: Orders, at: datetime) -> Outcome:
    """See whether the order has arrived or ended."""
    orders.put(order.order_id, order)
    if order.is_over:
        return []
    outcome: list[Follows] = []
    if not order.is_cancelled and order.is_allocated and order.status == "released":
        outcome += _advance(order, orders, ("allocated", "ALLOCATED"), at)
    if order.is_cancelled:
        reach(order, "cancelled", at)
        return [*_write(order, "CANCELLED", at), _completed(order, at)]
    if order.is_delivered:
        reach(order, "delivered", at)
        outcome += _write(order, "DELIVERED", at)
    if order.is_proven:
        reach(order, "completed", at)
        outcome += [*_write(order, "COMPLETED", at), _completed(order, at)]
    return outcome


def _completed(order: Order, at: datetime) -> OrderCompleted:
    short = any(line.cancelled for line in order.lines)
    delivered: Literal["partially-delivered", "delivered"] = "partially-delivered" if short else "delivered"
    return OrderCompleted(
        occurred_at=at,
        order_id=order.order_id,
        customer_id=order.customer_id,
        outcome="cancelled" if order.status == "cancelled" else delivered,
        delivered_lines=order.quantities("shipped"),
        cancelled_lines=order.quantities("cancelled"),
    )
