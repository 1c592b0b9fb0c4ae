"""What happens to warehouse orders: each function takes a fact and returns the facts and calls that follow."""

from datetime import datetime

from canonical.carrier import CarrierBooked
from canonical.inventory import InventoryAllocated
from canonical.orders import OrderCancelled
from canonical.warehouse import PickShorted
from chassis import Clock, Outcome, Permanent

from warehouse_adapter.domain import Booking, OrderIndex, WarehouseOrder, warehouse_order_id
from warehouse_adapter.ports import (
    CancelWarehouseOrder,
    CreateWarehouseOrder,
    Orders,
    SendLabels,
    Warehouse,
    WarehouseOrders,
)

CANCELLED = "cancelled"


async def order_from_warehouse(event: InventoryAllocated, *, warehouse_orders: WarehouseOrders, orders: Orders) -> Outcome:
    """Give an allocation to its warehouse, unless the order was stopped meanwhile."""
    key = warehouse_order_id(event.allocation_id)
    if await warehouse_orders.get(key):
        return []
    order = WarehouseOrder(warehouse_order_id=key, allocation=event)
    index = await orders.get(event.order_id) or OrderIndex()
    index.warehouse_orders.append(key)
    orders.put(event.order_id, index)
    warehouse_orders.put(key, order)
    if index.is_cancelled:
        order.stage = "cancelled"
        return [_stopped(order, event.occurred_at)]
    return [
        CreateWarehouseOrder(
            lane=key,
            warehouse_order_id=key,
            order_id=event.order_id,
            allocation_id=event.allocation_id,
            site=event.site,
            service_level=event.service_level,
            lines=event.lines,
        )
    ]


async def stop_order(event: OrderCancelled, *, warehouse_orders: WarehouseOrders, orders: Orders) -> Outcome:
    """Ask the warehouses to stop what they have of the order; allocations yet to come are stopped on arrival."""
    index = await orders.get(event.order_id) or OrderIndex()
    index.is_cancelled = True
    orders.put(event.order_id, index)
    outcome = []
    for key in index.warehouse_orders:
        order = await warehouse_orders.get(key)
        if order and order.stage not in {"shipped", "cancelled"}:
            outcome.append(CancelWarehouseOrder(lane=key, warehouse_order_id=key, reason=event.reason))
    return outcome


async def send_labels(event: CarrierBooked, *, warehouse_orders: WarehouseOrders) -> Outcome:
    """The carrier is booked: the warehouse gets the labels and ships."""
    order = await known(event.warehouse_order_id, warehouse_orders)
    if order.booking and order.booking.shipment_id == event.shipment_id:
        return []
    order.booking = Booking(shipment_id=event.shipment_id, carrier_code=event.carrier_code, parcels=list(event.parcels))
    warehouse_orders.put(order.warehouse_order_id, order)
    return [
        SendLabels(
            lane=order.warehouse_order_id,
            warehouse_order_id=order.warehouse_order_id,
            shipment_id=event.shipment_id,
            carrier_code=event.carrier_code,
            parcels=event.parcels,
        )
    ]


async def make_create(effect: CreateWarehouseOrder, *, key: str, warehouse: Warehouse) -> None:
    """Call the WMS."""
    await warehouse.create(effect, key=key)


async def make_labels(effect: SendLabels, *, key: str, warehouse: Warehouse) -> None:
    """Call the WMS."""
    await warehouse.send_labels(effect, key=key)


async def make_cancel(effect: CancelWarehouseOrder, *, key: str, warehouse: Warehouse) -> bool:
    """Call the WMS."""
    return await warehouse.cancel(effect, key=key)


async def note_cancel(
    effect: CancelWarehouseOrder, was_stopped: bool, *, warehouse_orders: WarehouseOrders, clock: Clock
) -> Outcome:
    """The warehouse stopped the order, or it is packed and goes on its way."""
    order = await known(effect.warehouse_order_id, warehouse_orders)
    if not was_stopped or order.stage == "cancelled":
        return []
    order.stage = "cancelled"
    warehouse_orders.put(order.warehouse_order_id, order)
    return [_stopped(order, clock.now())]


async def note_refusal(
    effect: CreateWarehouseOrder, failure: Permanent, *, warehouse_orders: WarehouseOrders, clock: Clock
) -> Outcome:
    """The warehouse refused the order for good: its goods are looked for elsewhere."""
    del failure
    order = await known(effect.warehouse_order_id, warehouse_orders)
    order.stage = "cancelled"
    warehouse_orders.put(order.warehouse_order_id, order)
    return [_stopped(order, clock.now(), reason="refused")]


async def known(key: str, warehouse_orders: WarehouseOrders) -> WarehouseOrder:
    """Return a warehouse order.

    Raises:
        Permanent: there is none.
    """
    order = await warehouse_orders.get(key)
    if order is None:
        raise Permanent(f"warehouse order {key} is not known here", remedy="check-warehouse-order")
    return order


def _stopped(order: WarehouseOrder, at: datetime, reason: str = CANCELLED) -> PickShorted:
    return PickShorted(
        occurred_at=at,
        site=order.allocation.site,
        warehouse_order_id=order.warehouse_order_id,
        allocation_id=order.allocation.allocation_id,
        order_id=order.allocation.order_id,
        lines=(),
        shorted=order.allocation.lines,
        reason=reason,
    )
