"""What the handlers of inventory-sync need from outside."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, Field

from canonical.ids import OrderId, SiteCode, Sku

from inventory_sync.domain import Demand, Shelf


class Adjustment(BaseModel):
    """A correction of a count by a store, a 3PL or a stocktaking."""

    adjustment_id: str = Field(min_length=1, max_length=64, description="Number of the adjustment at its source.")
    sku: Sku
    site: SiteCode
    delta: int = Field(ge=-1_000_000, le=1_000_000, description="Pieces added, negative when taken away.")
    reason: str = Field(min_length=1, max_length=200, description="Why.")


class GraceOver(BaseModel):
    """The time an order's unknown SKUs had to become known has passed."""

    order_id: OrderId


class Ledger(Protocol):
    """Shelves and the orders that hold or wait for what is on them, within one transaction."""

    async def shelves(self, skus: Collection[str]) -> list[Shelf]:
        """Return the shelves of these SKUs at every site, locked, by SKU and site."""
        ...

    async def shelf(self, sku: str, site: str) -> Shelf:
        """Return one shelf, an empty new one where there was none."""
        ...

    async def demand(self, order_id: str) -> Demand | None:
        """Return what is known of an order."""
        ...

    async def queue(self, sku: str) -> Sequence[Demand]:
        """Return the orders that wait for an SKU, the longest waiting first."""
        ...

    async def keep(self, demand: Demand) -> None:
        """Keep an order's new state, and its places in the queues."""
        ...

    async def keep_shelves(self, shelves: Collection[Shelf]) -> None:
        """Keep the new counts."""
        ...

    async def unknown_since(self, before: datetime) -> Sequence[str]:
        """Return the orders released before that moment which still wait for an SKU nobody has heard of."""
        ...
