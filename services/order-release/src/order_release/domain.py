"""The order: how much of each line is where, which shipments it has, and when it is over."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from canonical.values import Address, Contact, LineQuantity, OrderLine

Status = Literal["released", "allocated", "backordered", "picked", "shipped", "delivered", "completed", "cancelled"]
Moved = Literal["allocated", "picked", "shorted", "shipped", "delivered", "cancelled"]
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
    backordered: int = 0
    picked: int = 0
    shorted: int = 0
    shipped: int = 0
    delivered: int = 0
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
    contents: dict[str, list[LineQuantity]] = Field(default_factory=dict)
    delivered: list[str] = Field(default_factory=list)
    proven: list[str] = Field(default_factory=list)
    cancel_reason: str | None = None
    end_reason: str | None = None
    returns: list[Return] = Field(default_factory=list)

    def move(self, field: Moved, lines: Iterable[LineQuantity]) -> None:
        """Add quantities to a field of the lines concerned; a line the order does not have is ignored."""
        by_number = {line.line_number: line for line in self.lines}
        for quantity in lines:
            if line := by_number.get(quantity.line_number):
                setattr(line, field, min(line.ordered, getattr(line, field) + quantity.quantity))

    def wait(self, lines: Iterable[LineQuantity], *, only: bool) -> None:
        """Note what waits for stock; with `only`, nothing else does."""
        waiting = {line.line_number: line.quantity for line in lines}
        for line in self.lines:
            line.backordered = waiting.get(line.line_number, 0 if only else line.backordered)

    def give_up(self, lines: Iterable[LineQuantity]) -> None:
        """Note pieces that will not ship."""
        lines = list(lines)
        self.move("cancelled", lines)
        given_up = {line.line_number: line.quantity for line in lines}
        for line in self.lines:
            line.backordered = max(0, line.backordered - given_up.get(line.line_number, 0))

    def arrive(self) -> None:
        """Count as delivered what is in shipments that left and arrived, whichever was heard of first."""
        for line in self.lines:
            line.delivered = 0
        for shipment_id in set(self.delivered):
            self.move("delivered", self.contents.get(shipment_id, []))

    def why_not_cancel(self) -> str | None:
        """Say why the order cannot be cancelled any more; None when it can be tried."""
        if self.is_over:
            return f"the order is {self.status}"
        if all(line.is_settled for line in self.lines):
            return "everything has left the warehouse"
        return None

    def why_not_change(self) -> str | None:
        """Say why address and date cannot be changed any more; None when they can."""
        if self.is_over or self.cancel_reason:
            return "the order is ended or being cancelled"
        if any(line.allocated or line.picked or line.shipped for line in self.lines):
            return "stock is set aside and the warehouse has its orders"
        return None

    def returnable(self) -> dict[int, int]:
        """Return, per line, what was shipped and is not in a return yet."""
        left = {line.line_number: line.shipped for line in self.lines}
        for known in self.returns:
            for line in known.lines:
                left[line.line_number] = left.get(line.line_number, 0) - line.quantity
        return left

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
        next_step = reason
        if self.cancel_reason:
            reason = f"cancellation to be confirmed, or {reason}"
        return {"reason": f"waits until {reason}", "since": self.since.isoformat(), "next": next_step, "owner": owner}


LADDER: tuple[ErpStatus, ...] = ("RELEASED", "ALLOCATED", "PICKED", "SHIPPED", "DELIVERED", "COMPLETED")
"""What the ERP is told on the way of an order that ends well, in this order."""


def untold(order: Order, status: ErpStatus) -> list[ErpStatus]:
    """Return what the ERP is still to be told to know of `status`: rungs below it come first, each once."""
    rungs = LADDER[: LADDER.index(status) + 1] if status in LADDER else (status,)
    return [rung for rung in rungs if rung not in order.written]


def reach(order: Order, status: Status, at: datetime) -> None:
    """Move the order to a status."""
    if order.status != status:
        order.status = status
        order.since = at


def lines_of(lines: Iterable[OrderLine]) -> list[Line]:
    """Return fresh lines of an order."""
    return [Line(line_number=line.line_number, sku=line.sku, ordered=line.quantity) for line in lines]
