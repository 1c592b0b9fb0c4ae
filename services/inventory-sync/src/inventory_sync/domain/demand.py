"""An order as stock sees it: what is set aside for it where, and what of it waits."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from canonical.inventory import AllocationFailed, AllocationReleased, InventoryAllocated
from canonical.orders import OrderReleased, ServiceLevel
from canonical.values import Address, Contact, LineQuantity

from inventory_sync.domain.quantities import Lines, resize, subtract


class Allocation(BaseModel):
    """Stock of one site held for the order; lines shrink as goods leave or prove missing."""

    allocation_id: str
    site: str
    lines: Lines


class Demand(BaseModel):
    """One order: its allocations, its back-order, its lines of unknown SKU."""

    order_id: str
    customer_id: str
    ship_to: Address
    contact: Contact
    service_level: ServiceLevel
    promised_at: datetime
    released_at: datetime
    allocations: list[Allocation] = Field(default_factory=list)
    allocations_made: int = 0
    waiting: Lines = ()
    unknown: Lines = ()
    short_at: list[tuple[int, str]] = Field(default_factory=list)
    is_cancelled: bool = False

    @classmethod
    def of(cls, event: OrderReleased) -> Self:
        """Return the demand of an order just released, with nothing decided yet."""
        return cls(
            order_id=event.order_id,
            customer_id=event.customer_id,
            ship_to=event.ship_to,
            contact=event.contact,
            service_level=event.service_level,
            promised_at=event.promised_at,
            released_at=event.occurred_at,
        )

    def allocation(self, allocation_id: str) -> Allocation | None:
        """Return the allocation if anything of it is still held."""
        return next((held for held in self.allocations if held.allocation_id == allocation_id), None)

    def skus_waited_for(self) -> dict[str, bool]:
        """Return each SKU the order waits for, and whether it is one nobody has heard of."""
        return {line.sku: False for line in self.waiting} | {line.sku: True for line in self.unknown}

    def hold(self, site: str, lines: Lines) -> Allocation:
        """Note a new allocation; its id follows from the order, so a re-run gives the same."""
        self.allocations_made += 1
        held = Allocation(allocation_id=f"{self.order_id}-A{self.allocations_made}", site=site, lines=lines)
        self.allocations.append(held)
        return held

    def drop(self, held: Allocation, lines: Lines) -> None:
        """Let go of lines of an allocation; an empty one is forgotten."""
        held.lines = subtract(held.lines, lines)
        if not held.lines:
            self.allocations.remove(held)

    def allocated(self, held: Allocation, at: datetime) -> InventoryAllocated:
        """Return the fact of an allocation, with all that still waits."""
        return InventoryAllocated(
            occurred_at=at,
            allocation_id=held.allocation_id,
            order_id=self.order_id,
            site=held.site,
            customer_id=self.customer_id,
            lines=held.lines,
            backordered=self.waiting,
            ship_to=self.ship_to,
            contact=self.contact,
            service_level=self.service_level,
            promised_at=self.promised_at,
        )

    def back_ordered(self, lines: Lines, at: datetime) -> AllocationFailed:
        """Return the fact that lines wait for stock."""
        return AllocationFailed(occurred_at=at, order_id=self.order_id, lines=lines, reason="out-of-stock")

    def released(self, lines: Lines, *, allocation_id: str | None, reason: str, at: datetime) -> AllocationReleased:
        """Return the fact that lines will not ship."""
        return AllocationReleased(
            occurred_at=at, allocation_id=allocation_id, order_id=self.order_id, lines=lines, reason=reason
        )


def plain(lines: tuple[LineQuantity, ...]) -> Lines:
    """Return order lines without prices and weights."""
    return tuple(resize(line, line.quantity) for line in lines)
