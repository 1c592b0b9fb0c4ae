"""The order: how much of each line is where, which shipments it has, and when it is over."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from canonical.values import Address, Contact, LineQuantity, OrderLine
from pydantic import BaseModel, Field

Status = Literal["released", "allocated", "backordered", "picked", "shipped", "delivered", "completed", "cancelled"]
ErpStatus = Literal["RELEASED", "ALLOCATED", "BACKORDERED", "PICKED", "SHIPPED", "DELIVERED", "COMPLETED", "CANCELLED"]
NEXT: dict[Status, tuple[str, str]] = {
    "released": ("stock is set aside", "inventory-sync"),
    "backordered": ("stock arrives", "inventory-sync"),
    "allocated": ("the warehouse picks", "warehouse-adapter"),
    "picked": ("the warehouse packs and the carrier collects", "warehouse-adapter"),
    "shipped": ("the carrier delivers", "carrier-gateway"),
    "delivered": ("the proof of delivery arrives", "carrier-gateway"),
}
"""What an order in each status waits for, and who owns that step."""


class Line(BaseModel):
    """Where the pieces of one line are."""

    line_number: int
    sku: str
    ordered: int
    allocated: int = 0
    picked: int = 0
    shipped: int = 0
    cancelled: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether every piece was shipped or given up."""
        return self.shipped + self.cancelled >= self.ordered


class Return(BaseModel):
    """A return of the order."""

    return_id: str
    lines: list[LineQuantity]
    closed: bool = False


class Order(BaseModel):
    """All that is known about one order."""

    order_id: str
    customer_id: str
    ship_to: Address
    contact: Contact
    lines: list[Line]
    first_promised_at: datetime
    promised_at: datetime
    status: Status = "released"
    since: datetime
    written: list[ErpStatus] = Field(default_factory=list)
    dispatched: list[str] = Field(default_factory=list)
    delivered: list[str] = Field(default_factory=list)
    proven: list[str] = Field(default_factory=list)
    cancel_reason: str | None = None
    returns: list[Return] = Field(default_factory=list)

    def move(self, field: Literal["allocated", "picked", "shipped", "cancelled"], lines: Iterable[LineQuantity]) -> None:
        """Add quantities to a field of the lines concerned; a line the order does not have is ignored."""
        by_number = {line.line_number: line for line in self.lines}
        for quantity in lines:
            if line := by_number.get(quantity.line_number):
                setattr(line, field, min(line.ordered, getattr(line, field) + quantity.quantity))

    def unallocate(self, lines: Iterable[LineQuantity]) -> None:
        """Take back quantities that were set aside and not found."""
        by_number = {line.line_number: line for line in self.lines}
        for quantity in lines:
            if line := by_number.get(quantity.line_number):
                line.allocated = max(0, line.allocated - quantity.quantity)

    @property
    def is_allocated(self) -> bool:
        """Whether every piece is set aside or given up."""
        return all(line.allocated + line.cancelled >= line.ordered for line in self.lines)

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing of the order will be shipped."""
        return all(line.cancelled >= line.ordered for line in self.lines)

    @property
    def is_delivered(self) -> bool:
        """Whether all pieces are settled and all shipments arrived."""
        settled = all(line.is_settled for line in self.lines)
        return settled and bool(self.dispatched) and set(self.dispatched) <= set(self.delivered)

    @property
    def is_proven(self) -> bool:
        """Whether every shipment has its proof of delivery."""
        return self.is_delivered and set(self.dispatched) <= set(self.proven)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in {"completed", "cancelled"}

    def quantities(self, field: Literal["shipped", "cancelled"]) -> tuple[LineQuantity, ...]:
        """Return the quantities of a field, lines without any left out."""
        return tuple(
            LineQuantity(line_number=line.line_number, sku=line.sku, quantity=getattr(line, field))
            for line in self.lines
            if getattr(line, field)
        )

    def waits_for(self) -> dict[str, str] | None:
        """Say why the order waits: reason, since when, who owns the next step; None when it is over."""
        if self.is_over:
            return None
        reason, owner = NEXT[self.status]
        if self.cancel_reason:
            reason = f"cancellation to be confirmed, or {reason}"
        return {"reason": f"waits until {reason}", "since": self.since.isoformat(), "owner": owner}


def reach(order: Order, status: Status, at: datetime) -> None:
    """Move the order to a status."""
    if order.status != status:
        order.status = status
        order.since = at


def lines_of(lines: Iterable[OrderLine]) -> list[Line]:
    """Return fresh lines of an order."""
    return [Line(line_number=line.line_number, sku=line.sku, ordered=line.quantity) for line in lines]
