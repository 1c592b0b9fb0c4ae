"""The warehouse order: its stages, and which report moves it."""

from typing import Literal

from canonical.inventory import InventoryAllocated
from canonical.values import BookedParcel, LineQuantity
from pydantic import BaseModel, Field

Stage = Literal["sent", "accepted", "picked", "packed", "shipped", "cancelled"]
RANK: dict[Stage, int] = {"sent": 0, "accepted": 1, "picked": 2, "packed": 3, "shipped": 4, "cancelled": 5}
"""A report moves a warehouse order forward only; a late one is published and changes no stage."""


class Booking(BaseModel):
    """What the carrier gave us for the parcels."""

    shipment_id: str
    carrier_code: str
    parcels: list[BookedParcel]


class WarehouseOrder(BaseModel):
    """One order to one warehouse."""

    warehouse_order_id: str
    allocation: InventoryAllocated
    stage: Stage = "sent"
    picked: list[LineQuantity] = Field(default_factory=list)
    booking: Booking | None = None

    def reach(self, stage: Stage) -> None:
        """Move forward to a stage."""
        if RANK[stage] > RANK[self.stage]:
            self.stage = stage


class OrderIndex(BaseModel):
    """The warehouse orders of an order, and whether it is to be stopped."""

    warehouse_orders: list[str] = Field(default_factory=list)
    is_cancelled: bool = False


def warehouse_order_id(allocation_id: str) -> str:
    """Return the warehouse order of an allocation."""
    return f"WO{allocation_id.removeprefix('AL')}"
