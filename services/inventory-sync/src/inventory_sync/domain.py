"""Stock and allocation: pure rules; on hand never falls below allocated by our doing, and nothing is promised twice."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from canonical.orders import ServiceLevel
from canonical.values import Address, Contact, LineQuantity
from pydantic import BaseModel, Field

AVAILABILITY_STEPS = (0, 10, 100)
"""Available-to-promise is announced when it crosses one of these, and on every receipt or adjustment."""


class Stock(BaseModel):
    """One SKU at one site."""

    sku: str
    site: str
    on_hand: int = 0
    allocated: int = 0

    @property
    def available(self) -> int:
        """Pieces that may still be promised (available-to-promise)."""
        return max(0, self.on_hand - self.allocated)


class Allocation(BaseModel):
    """Stock of one site set aside for an order."""

    allocation_id: str
    site: str
    lines: list[LineQuantity]
    state: Literal["open", "closed"] = "open"


class OrderStock(BaseModel):
    """What an order needs, has, and still waits for."""

    order_id: str
    customer_id: str
    ship_to: Address
    contact: Contact
    service_level: ServiceLevel
    promised_at: datetime
    allocations: list[Allocation] = Field(default_factory=list)
    backordered: list[LineQuantity] = Field(default_factory=list)
    is_cancelled: bool = False

    def allocation(self, allocation_id: str) -> Allocation | None:
        """Return one of the order's allocations."""
        return next((item for item in self.allocations if item.allocation_id == allocation_id), None)


class BackorderQueue(BaseModel):
    """Orders waiting for one SKU, first come first served."""

    orders: list[str] = Field(default_factory=list)


class Split(BaseModel):
    """Where the lines of an order come from, and what nobody has."""

    by_site: dict[str, list[LineQuantity]] = Field(default_factory=dict)
    missing: list[LineQuantity] = Field(default_factory=list)


def stock_key(sku: str, site: str) -> str:
    """Return the key of a stock document."""
    return f"{sku}@{site}"


def part(line: LineQuantity, quantity: int) -> LineQuantity:
    """Return a quantity of a line."""
    return LineQuantity(line_number=line.line_number, sku=line.sku, quantity=quantity)


def split(lines: Iterable[LineQuantity], available: Mapping[tuple[str, str], int], sites: Sequence[str]) -> Split:
    """Choose sites for lines: one site that has everything, else as much as possible from each in order."""
    lines = list(lines)
    left = dict(available)
    need: dict[str, int] = {}
    for line in lines:
        need[line.sku] = need.get(line.sku, 0) + line.quantity
    whole = [site for site in sites if all(left.get((sku, site), 0) >= total for sku, total in need.items())]
    result = Split()
    for line in lines:
        open_quantity = line.quantity
        for site in whole[:1] or sites:
            taken = min(open_quantity, left.get((line.sku, site), 0))
            if taken > 0:
                left[line.sku, site] -= taken
                open_quantity -= taken
                result.by_site.setdefault(site, []).append(part(line, taken))
        if open_quantity:
            result.missing.append(part(line, open_quantity))
    return result


def crosses_step(before: int, after: int) -> bool:
    """Say whether a change of available-to-promise is worth announcing."""
    return any((before <= step) != (after <= step) for step in AVAILABILITY_STEPS)
