"""The warehouse order: its stages, which report moves it, what contradicts it, and why it waits."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from canonical.inventory import InventoryAllocated
from canonical.values import BookedParcel, LineQuantity, Parcel

Stage = Literal["sent", "accepted", "picked", "packed", "short", "cancelled", "shipped"]
Kind = Literal["accepted", "picked", "short", "packed", "shipped", "cancelled"]

RANK: dict[Stage, int] = {"sent": 0, "accepted": 1, "picked": 2, "packed": 3, "short": 4, "cancelled": 4, "shipped": 5}
"""A report moves a warehouse order to a higher rank only; a late one is recorded and changes no stage."""

OVER: frozenset[Stage] = frozenset({"short", "cancelled", "shipped"})
"""Stages after which the warehouse has nothing left to do."""

NEXT: dict[Stage, tuple[str, str]] = {
    "sent": ("the warehouse takes the order on", "warehouse"),
    "accepted": ("the warehouse picks", "warehouse"),
    "picked": ("the warehouse packs", "warehouse"),
    "packed": ("a carrier is booked", "carrier-gateway"),
}
"""What a warehouse order in each stage waits for, and who owns that step."""


class Fact(BaseModel):
    """Something the warehouse reports about one warehouse order."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    warehouse_order_id: str
    at: AwareDatetime
    lines: tuple[LineQuantity, ...] = ()
    shorted: tuple[LineQuantity, ...] = ()
    reason: str = "short"
    parcels: tuple[Parcel, ...] = ()
    shipment_id: str | None = None


class Booking(BaseModel):
    """What the carrier gave us for the parcels."""

    shipment_id: str
    carrier_code: str
    parcels: tuple[BookedParcel, ...]


class WarehouseOrder(BaseModel):
    """One order to one warehouse."""

    warehouse_order_id: str
    allocation: InventoryAllocated
    stage: Stage = "sent"
    since: AwareDatetime
    reported: dict[Kind, AwareDatetime] = Field(default_factory=dict)
    is_at_warehouse: bool = False
    shorted: tuple[LineQuantity, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    booking: Booking | None = None
    shipped_as: str | None = None
    cancel_reason: str | None = None
    is_cancel_sent: bool = False
    cancel_refused: str | None = None
    held: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether the warehouse has nothing left to do."""
        return self.stage in OVER

    def reach(self, stage: Stage, at: datetime) -> None:
        """Move forward to a stage; a lower one changes nothing."""
        if RANK[stage] > RANK[self.stage]:
            self.stage, self.since = stage, at

    def contradiction(self, fact: Fact) -> str | None:
        """Say why a report cannot be true beside those before it; None when it can."""
        if fact.kind in self.reported:
            return None
        if self.stage in {"short", "cancelled"} and fact.kind in {"packed", "shipped"}:
            return f"{fact.kind} reported of a warehouse order that ended as {self.stage}"
        if self.stage == "shipped" and fact.kind == "cancelled":
            return "cancelled reported of a warehouse order that has shipped"
        other = {"picked": "short", "short": "picked"}.get(fact.kind)
        if other in self.reported:
            return f"{fact.kind} reported of a pick that was reported as {other}"
        return None

    def record(self, fact: Fact) -> bool:
        """Note a report; True when it is news that is told on, False when it is known or comes after the end."""
        if fact.kind in self.reported:
            return False
        self.reported[fact.kind] = fact.at
        self.is_at_warehouse = True
        if self.stage in {"short", "cancelled"}:
            return False
        self.shorted = (*self.shorted, *fact.shorted)
        self.parcels = fact.parcels or self.parcels
        self.shipped_as = fact.shipment_id or self.shipped_as
        self.reach("picked" if fact.kind == "short" and fact.lines else fact.kind, fact.at)
        return True

    def is_cancel_due(self) -> bool:
        """Whether the warehouse is to be asked to stop: it has the order and was not asked yet."""
        return self.cancel_reason is not None and self.is_at_warehouse and not self.is_cancel_sent and not self.is_over

    def dispatched_as(self) -> Booking | None:
        """Return the booking under which the goods left; None while either is missing."""
        if self.booking and (self.shipped_as in {None, self.booking.shipment_id}) and "shipped" in self.reported:
            return self.booking
        return None

    def remaining(self) -> tuple[LineQuantity, ...]:
        """Return what was ordered less what was reported short."""
        return subtract(self.allocation.lines, self.shorted)

    def packed_lines(self) -> tuple[LineQuantity, ...]:
        """Return what is in the parcels; before they are known, what should be."""
        return add(line for parcel in self.parcels for line in parcel.contents) or self.remaining()

    def waits(self) -> dict[str, str] | None:
        """Say why it waits: reason, since when, who owns the next step; None when it is over."""
        if self.stage == "shipped" and self.dispatched_as() is None:
            return self._waits("waits until the booking of its shipment is known", "carrier-gateway")
        if self.is_over:
            return None
        if self.held:
            return self._waits(f"held: {self.held}", "warehouse-adapter")
        reason, owner = NEXT[self.stage]
        if self.stage == "packed" and self.booking:
            reason, owner = "the warehouse ships", "warehouse"
        if self.cancel_reason and not self.cancel_refused:
            reason = f"the warehouse confirms the cancellation, or {reason}"
        return self._waits(f"waits until {reason}", owner)

    def _waits(self, reason: str, owner: str) -> dict[str, str]:
        return {"reason": reason, "since": self.since.isoformat(), "owner": owner}


class OrderIndex(BaseModel):
    """The warehouse orders of an order, and whether it is to be stopped."""

    warehouse_orders: list[str] = Field(default_factory=list)
    cancel_reason: str | None = None


def warehouse_order_id(allocation_id: str) -> str:
    """Return the warehouse order of an allocation: the same for every run."""
    return f"WO-{allocation_id.removeprefix('AL').removeprefix('-')}"[:64]


def add(lines: Iterable[LineQuantity]) -> tuple[LineQuantity, ...]:
    """Sum quantities by line, in order of line number."""
    total: dict[int, LineQuantity] = {}
    for line in lines:
        known = total.get(line.line_number)
        quantity = line.quantity + (known.quantity if known else 0)
        total[line.line_number] = line.model_copy(update={"quantity": quantity})
    return tuple(total[number] for number in sorted(total))


def subtract(lines: Iterable[LineQuantity], less: Iterable[LineQuantity]) -> tuple[LineQuantity, ...]:
    """Return `lines` without `less`; lines of which nothing is left are gone."""
    gone = {line.line_number: line.quantity for line in add(less)}
    left = ((line, line.quantity - gone.get(line.line_number, 0)) for line in add(lines))
    return tuple(line.model_copy(update={"quantity": quantity}) for line, quantity in left if quantity > 0)
