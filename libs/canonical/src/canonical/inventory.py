"""Events of the inventory domain, owned by inventory-sync."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from canonical.event import CanonicalEvent
from canonical.ids import AllocationId, CustomerId, OrderId, SiteCode, Sku
from canonical.orders import ServiceLevel
from canonical.values import Address, Contact, LineQuantity


class InventoryEvent(CanonicalEvent):
    """A fact about stock."""

    owner: ClassVar[str] = "inventory-sync"


class InventoryAllocated(InventoryEvent):
    """Stock at one site was set aside for an order."""

    type: ClassVar[str] = "inventory.allocated.v1"

    allocation_id: AllocationId
    """The allocation."""
    order_id: OrderId
    """The order."""
    site: SiteCode
    """Where the stock is."""
    customer_id: CustomerId
    """Who bought."""
    lines: tuple[LineQuantity, ...]
    """What was set aside."""
    backordered: tuple[LineQuantity, ...] = ()
    """What of the order still waits for stock."""
    ship_to: Address
    """Where the goods go."""
    contact: Contact
    """How the customer is told."""
    service_level: ServiceLevel
    """How fast it was promised."""
    promised_at: AwareDatetime
    """When delivery was promised at the latest."""


class AllocationFailed(InventoryEvent):
    """Lines of an order cannot be allocated now (out of stock: they wait) or ever (unknown SKU)."""

    type: ClassVar[str] = "inventory.allocation-failed.v1"

    order_id: OrderId
    """The order."""
    lines: tuple[LineQuantity, ...]
    """The lines concerned."""
    reason: Literal["out-of-stock", "unknown-sku"]
    """Why: `out-of-stock` lines are on back-order, `unknown-sku` lines are given up."""


class AllocationReleased(InventoryEvent):
    """Stock set aside for an order is free again; nothing of these lines will ship."""

    type: ClassVar[str] = "inventory.allocation-released.v1"

    allocation_id: AllocationId | None = None
    """The allocation; none when nothing had been allocated."""
    order_id: OrderId
    """The order."""
    lines: tuple[LineQuantity, ...]
    """What is free again."""
    reason: str
    """Why."""


class StockEvent(InventoryEvent):
    """A fact about one SKU at one site."""

    key_field: ClassVar[str] = "sku"

    sku: Sku
    """What."""
    site: SiteCode
    """Where."""


class InventoryAdjusted(StockEvent):
    """Stock on hand was corrected by a count, a store or a 3PL."""

    type: ClassVar[str] = "inventory.inventory-adjusted.v1"

    adjustment_id: str
    """Number of the adjustment at its source."""
    delta: int
    """Pieces added, negative when taken away."""
    on_hand: int
    """Pieces on hand afterwards."""
    reason: str
    """Why."""


class AvailabilityChanged(StockEvent):
    """What can be promised of a SKU at a site changed."""

    type: ClassVar[str] = "inventory.availability-changed.v1"

    on_hand: int
    """Pieces on the shelf."""
    allocated: int
    """Pieces set aside for orders."""
    available_to_promise: int
    """Pieces that may still be sold."""
