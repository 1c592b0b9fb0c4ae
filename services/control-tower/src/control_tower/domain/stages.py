"""How far an order is: the furthest of what happened, in whatever order it was told."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Stage(NamedTuple):
    """One column of the board, the later the higher its rank."""

    rank: int
    name: str


NAMES = (
    "released",
    "back-order",
    "allocated",
    "at the warehouse",
    "picked",
    "packed",
    "planned",
    "booked",
    "dispatched",
    "in transit",
    "cancellation asked",
    "out for delivery",
    "delivered",
    "completed",
    "return announced",
    "return received",
    "return closed",
    "cancelled",
)
"""The stages in their order."""

_REACHED_BY = {
    "order.released": "released",
    "inventory.allocation-failed": "back-order",
    "inventory.allocated": "allocated",
    "warehouse.warehouse-order-accepted": "at the warehouse",
    "warehouse.pick-completed": "picked",
    "warehouse.pick-shorted": "picked",
    "warehouse.pack-completed": "packed",
    "transport.shipment-planned": "planned",
    "carrier.carrier-booked": "booked",
    "warehouse.shipment-dispatched": "dispatched",
    "carrier.picked-up": "in transit",
    "carrier.in-transit": "in transit",
    "carrier.arrived-at-facility": "in transit",
    "carrier.customs-hold": "in transit",
    "order.cancelled": "cancellation asked",
    "carrier.out-for-delivery": "out for delivery",
    "carrier.delivery-attempted": "out for delivery",
    "carrier.available-for-pickup": "out for delivery",
    "carrier.delivered": "delivered",
    "carrier.proof-of-delivery-received": "delivered",
    "order.completed": "completed",
    "order.return-requested": "return announced",
    "order.return-authorized": "return announced",
    "warehouse.return-received": "return received",
    "order.return-closed": "return closed",
}

STAGES: Mapping[str, Stage] = MappingProxyType({name: Stage(rank, name) for rank, name in enumerate(NAMES, 1)})


def stage_of(event_type: str, data: Mapping[str, Any] = MappingProxyType({})) -> Stage | None:
    """Return the stage an event of this type, of whatever version, shows; None when it shows none."""
    name = _REACHED_BY.get(event_type.rsplit(".", 1)[0])
    if name == "completed" and data.get("outcome") == "cancelled":
        name = "cancelled"
    return STAGES[name] if name else None
