"""Giving orders to the warehouse, stopping them, and sending labels."""

from pydantic import BaseModel

from canonical.carrier import CarrierBooked
from canonical.inventory import InventoryAllocated
from canonical.orders import OrderCancelled
from chassis import Clock, Effect, Outcome, Permanent

from warehouse_adapter.domain import Booking, OrderIndex, WarehouseOrder, warehouse_order_id
from warehouse_adapter.handlers.facts import dispatch, known, stopped
from warehouse_adapter.ports import (
    CancelWarehouseOrder,
    CreateWarehouseOrder,
    Orders,
    SendLabels,
    Warehouse,
    WarehouseOrders,
)


async def order_from_warehouse(
    event: InventoryAllocated, *, warehouse_orders: WarehouseOrders, orders: Orders
) -> Outcome:
    """Give an allocation to its warehouse, unless the order was stopped meanwhile."""
    key = warehouse_order_id(event.allocation_id)
    if await warehouse_orders.get(key):
        return []
    index = await orders.get(event.order_id) or OrderIndex()
    index.warehouse_orders.append(key)
    orders.put(event.order_id, index)
    order = WarehouseOrder(
        warehouse_order_id=key, allocation=event, since=event.occurred_at, cancel_reason=index.cancel_reason
    )
    warehouse_orders.put(key, order)
    if index.cancel_reason is None:
        return [_create(order)]
    fact = stopped(order, event.occurred_at)
    order.reach("cancelled", event.occurred_at)
    return [fact]


async def stop_order(event: OrderCancelled, *, warehouse_orders: WarehouseOrders, orders: Orders) -> Outcome:
    """Ask the warehouses to stop what they have of the order; allocations yet to come are stopped on arrival."""
    index = await orders.get(event.order_id) or OrderIndex()
    index.cancel_reason = index.cancel_reason or event.reason
    orders.put(event.order_id, index)
    found = [await known(key, warehouse_orders) for key in index.warehouse_orders]
    return [item for order in found for item in _stop(order, event, warehouse_orders)]


async def confirm_creation(effect: CreateWarehouseOrder, result: None, *, warehouse_orders: WarehouseOrders) -> Outcome:
    """The warehouse has the order; a cancellation that came meanwhile goes out now, never before."""
    del result
    order = await known(effect.warehouse_order_id, warehouse_orders)
    order.is_at_warehouse, order.held = True, None
    warehouse_orders.put(order.warehouse_order_id, order)
    return _cancel(order)


async def hold_order(
    effect: CreateWarehouseOrder, failure: Permanent, *, warehouse_orders: WarehouseOrders, clock: Clock
) -> Outcome:
    """The warehouse refused the order for good: it is held for a person, or stopped if it was to be cancelled."""
    order = await known(effect.warehouse_order_id, warehouse_orders)
    order.held = f"the warehouse refused the order: {failure}"
    warehouse_orders.put(order.warehouse_order_id, order)
    if order.cancel_reason is None or order.is_over:
        return []
    order.reach("cancelled", clock.now())
    return [stopped(order, clock.now())]


class Resend(BaseModel):
    """A person's wish to give a held order to the warehouse again."""

    warehouse_order_id: str


async def resend_order(wish: Resend, *, warehouse_orders: WarehouseOrders) -> Outcome:
    """Give a held order to the warehouse again; a person has mended the cause.

    Raises:
        Permanent: the order is not known, or not held.
    """
    order = await known(wish.warehouse_order_id, warehouse_orders)
    if order.held is None or order.is_over:
        raise Permanent("the warehouse order is not held", remedy="nothing-to-do")
    order.held = None
    warehouse_orders.put(order.warehouse_order_id, order)
    if order.booking:
        return [_labels(order, order.booking)]
    return [_create(order)]


async def send_again(effect: CreateWarehouseOrder | SendLabels, *, warehouse_orders: WarehouseOrders) -> Outcome:
    """Give what the warehouse refused to it again, as the order is now."""
    return await resend_order(Resend(warehouse_order_id=effect.warehouse_order_id), warehouse_orders=warehouse_orders)


async def send_labels(event: CarrierBooked, *, warehouse_orders: WarehouseOrders) -> Outcome:
    """The carrier is booked: the warehouse gets the labels and ships.

    Raises:
        Permanent: the warehouse order is not known, or has ended without goods to ship.
    """
    order = await known(event.warehouse_order_id, warehouse_orders)
    if order.booking and order.booking.shipment_id == event.shipment_id:
        return []
    if order.stage in {"short", "cancelled"}:
        raise Permanent(f"a carrier is booked for an order that ended as {order.stage}", remedy="cancel-booking")
    order.booking = Booking(shipment_id=event.shipment_id, carrier_code=event.carrier_code, parcels=event.parcels)
    warehouse_orders.put(order.warehouse_order_id, order)
    return dispatch(order, order.reported.get("shipped", event.occurred_at)) or [_labels(order, order.booking)]


async def hold_labels(effect: SendLabels, failure: Permanent, *, warehouse_orders: WarehouseOrders) -> Outcome:
    """The warehouse refused the labels for good: the parcels stand until a person mends it."""
    order = await known(effect.warehouse_order_id, warehouse_orders)
    order.held = f"the warehouse refused the labels: {failure}"
    warehouse_orders.put(order.warehouse_order_id, order)
    return []


async def note_cancel(
    effect: CancelWarehouseOrder, was_stopped: bool, *, warehouse_orders: WarehouseOrders, clock: Clock
) -> Outcome:
    """The warehouse stopped the order, or it is too late and the goods go on."""
    order = await known(effect.warehouse_order_id, warehouse_orders)
    if order.is_over:
        return []
    warehouse_orders.put(order.warehouse_order_id, order)
    if not was_stopped:
        order.cancel_refused = "too late: the goods go on"
        return []
    order.reach("cancelled", clock.now())
    return [stopped(order, clock.now())]


async def note_cancel_failure(
    effect: CancelWarehouseOrder, failure: Permanent, *, warehouse_orders: WarehouseOrders
) -> Outcome:
    """The warehouse did not take the question: the goods go on, a person may still stop them."""
    order = await known(effect.warehouse_order_id, warehouse_orders)
    order.cancel_refused = str(failure)
    warehouse_orders.put(order.warehouse_order_id, order)
    return []


async def make_create(effect: CreateWarehouseOrder, *, key: str, warehouse: Warehouse) -> None:
    """Call the WMS."""
    await warehouse.create(effect, key=key)


async def make_labels(effect: SendLabels, *, key: str, warehouse: Warehouse) -> None:
    """Call the WMS."""
    await warehouse.send_labels(effect, key=key)


async def make_cancel(effect: CancelWarehouseOrder, *, key: str, warehouse: Warehouse) -> bool:
    """Call the WMS."""
    return await warehouse.cancel(effect, key=key)


def _stop(order: WarehouseOrder, event: OrderCancelled, warehouse_orders: WarehouseOrders) -> Outcome:
    if order.is_over or order.cancel_reason:
        return []
    order.cancel_reason = event.reason
    warehouse_orders.put(order.warehouse_order_id, order)
    if order.held and not order.is_at_warehouse:
        order.reach("cancelled", event.occurred_at)
        return [stopped(order, event.occurred_at)]
    return _cancel(order)


def _cancel(order: WarehouseOrder) -> list[Effect]:
    if not order.is_cancel_due():
        return []
    order.is_cancel_sent = True
    key, reason = order.warehouse_order_id, order.cancel_reason or ""
    return [CancelWarehouseOrder(lane=key, warehouse_order_id=key, reason=reason)]


def _create(order: WarehouseOrder) -> CreateWarehouseOrder:
    allocation = order.allocation
    return CreateWarehouseOrder(
        lane=order.warehouse_order_id,
        warehouse_order_id=order.warehouse_order_id,
        order_id=allocation.order_id,
        allocation_id=allocation.allocation_id,
        site=allocation.site,
        service_level=allocation.service_level,
        lines=allocation.lines,
    )


def _labels(order: WarehouseOrder, booking: Booking) -> SendLabels:
    return SendLabels(
        lane=order.warehouse_order_id,
        warehouse_order_id=order.warehouse_order_id,
        shipment_id=booking.shipment_id,
        carrier_code=booking.carrier_code,
        parcels=booking.parcels,
    )
