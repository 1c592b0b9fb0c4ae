"""What the handlers of inventory-sync need from outside."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Protocol, Self

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from canonical.ids import OrderId, SiteCode, Sku

from inventory_sync.domain import Demand, Shelf


class Adjustment(BaseModel):
    """A correction of a count by a store, a 3PL or a stocktaking."""

    adjustment_id: str = Field(min_length=1, max_length=64, description="Number of the adjustment at its source.")
    sku: Sku
    site: SiteCode
    delta: int = Field(ge=-1_000_000, le=1_000_000, description="Pieces added, negative when taken away.")
    reason: str = Field(min_length=1, max_length=200, description="Why.")


class Numbered(BaseModel):
    """One adjustment of a store, with its place among all of its edge."""

    number: int = Field(ge=1, description="Place in the edge's sequence, which has no gaps.")
    adjustment_id: str = Field(min_length=1, max_length=64, description="Number of the adjustment at its source.")
    sku: Sku
    delta: int = Field(ge=-1_000_000, le=1_000_000, description="Pieces added, negative when taken away.")
    reason: str = Field(min_length=1, max_length=200, description="Why.")
    occurred_at: AwareDatetime = Field(description="When it was counted or sold; days ago, if the store was offline.")


class StoreAdjustments(BaseModel):
    """Adjustments of one store in their order, as its edge sends them."""

    edge: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")] = Field(
        description="Identity of the edge's sequence."
    )
    site: SiteCode
    adjustments: tuple[Numbered, ...] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _without_gaps(self) -> Self:
        first = self.adjustments[0].number
        if [one.number for one in self.adjustments] != list(range(first, first + len(self.adjustments))):
            raise ValueError("adjustments must be numbered one after the other")
        return self


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


class Edges(Protocol):
    """How far each store's edge has come, kept for good: a repeat is known after months."""

    async def taken(self, edge: str) -> int:
        """Return the number of the last adjustment taken in from an edge; 0 when there is none yet."""
        ...

    async def take(self, edge: str, site: str, number: int, at: datetime) -> None:
        """Note that all up to this number are taken in."""
        ...
