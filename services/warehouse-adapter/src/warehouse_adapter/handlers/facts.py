"""What the warehouse reports, turned into the facts the mesh hears; each fact of a warehouse order is told once."""

from datetime import datetime
from typing import Any

from canonical import CanonicalEvent
from canonical.warehouse import PackCompleted, PickCompleted, PickShorted, ShipmentDispatched, WarehouseOrderAccepted
from chassis import Outcome, Permanent

from warehouse_adapter.domain import Fact, WarehouseOrder
from warehouse_adapter.ports import WarehouseOrders

CANCELLED = "cancelled"


async def pass_on(event: CanonicalEvent) -> Outcome:
    """Publish a report that concerns no warehouse order: a receipt, a notice, a return."""
    return [event]


async def record_fact(fact: Fact, *, warehouse_orders: WarehouseOrders) -> Outcome:
    """Record a report and publish what is new in it.

    Raises:
        Permanent: the warehouse order is not ours, or the report contradicts an earlier one.
    """
    order = await known(fact.warehouse_order_id, warehouse_orders)
    if reason := order.contradiction(fact):
        raise Permanent(reason, remedy="settle-with-warehouse")
    is_news = order.record(fact)
    warehouse_orders.put(order.warehouse_order_id, order)
    return _told(order, fact) if is_news else []


def _told(order: WarehouseOrder, fact: Fact) -> Outcome:
    match fact.kind:
        case "accepted":
            return [WarehouseOrderAccepted(**about(order, fact.at))]
        case "picked":
            return [PickCompleted(**about(order, fact.at), lines=fact.lines or order.allocation.lines)]
        case "short":
            return [PickShorted(**about(order, fact.at), lines=fact.lines, shorted=fact.shorted, reason=fact.reason)]
        case "packed":
            return [_packed(order, fact)]
        case "shipped":
            return dispatch(order, fact.at)
        case "cancelled":
            return [stopped(order, fact.at)]


def dispatch(order: WarehouseOrder, at: datetime) -> Outcome:
    """Publish that the goods left, as soon as both the report and the booking are known."""
    booking = order.dispatched_as()
    if booking is None:
        return []
    return [
        ShipmentDispatched(
            **about(order, at),
            shipment_id=booking.shipment_id,
            carrier_code=booking.carrier_code,
            parcels=booking.parcels,
            lines=order.packed_lines(),
        )
    ]


def stopped(order: WarehouseOrder, at: datetime) -> PickShorted:
    """Return the fact that nothing more of the order will leave this warehouse."""
    return PickShorted(**about(order, at), lines=(), shorted=order.remaining(), reason=CANCELLED)


def about(order: WarehouseOrder, at: datetime) -> dict[str, Any]:
    """Return the fields that every fact of a warehouse order carries."""
    return {
        "occurred_at": at,
        "site": order.allocation.site,
        "warehouse_order_id": order.warehouse_order_id,
        "allocation_id": order.allocation.allocation_id,
        "order_id": order.allocation.order_id,
    }


async def known(key: str, warehouse_orders: WarehouseOrders) -> WarehouseOrder:
    """Return a warehouse order.

    Raises:
        Permanent: there is none.
    """
    order = await warehouse_orders.get(key)
    if order is None:
        raise Permanent(f"warehouse order {key} is not known here", remedy="check-warehouse-order")
    return order


def _packed(order: WarehouseOrder, fact: Fact) -> PackCompleted:
    allocation = order.allocation
    return PackCompleted(
        **about(order, fact.at),
        customer_id=allocation.customer_id,
        ship_to=allocation.ship_to,
        contact=allocation.contact,
        service_level=allocation.service_level,
        promised_at=allocation.promised_at,
        parcels=fact.parcels,
    )
