"""Ports kept in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime

from inventory_sync.domain import Demand, Shelf


class FakeLedger:
    """Keeps shelves and demands in dictionaries."""

    def __init__(self) -> None:
        self.stock: dict[tuple[str, str], Shelf] = {}
        self.orders: dict[str, Demand] = {}

    async def shelves(self, skus: Collection[str]) -> list[Shelf]:
        return [self.stock[key] for key in sorted(self.stock) if key[0] in skus]

    async def shelf(self, sku: str, site: str) -> Shelf:
        return self.stock.setdefault((sku, site), Shelf(sku, site))

    async def demand(self, order_id: str) -> Demand | None:
        return self.orders.get(order_id)

    async def queue(self, sku: str) -> Sequence[Demand]:
        waiting = [demand for demand in self.orders.values() if sku in demand.skus_waited_for()]
        return sorted(waiting, key=lambda demand: (demand.released_at, demand.order_id))

    async def keep(self, demand: Demand) -> None:
        self.orders[demand.order_id] = demand

    async def keep_shelves(self, shelves: Collection[Shelf]) -> None:
        for shelf in shelves:
            self.stock[shelf.sku, shelf.site] = shelf

    async def unknown_since(self, before: datetime) -> Sequence[str]:
        return sorted(d.order_id for d in self.orders.values() if d.unknown and d.released_at < before)


class FakeEdges:
    """Keeps in a dictionary how far each edge has come."""

    def __init__(self) -> None:
        self.marks: dict[str, int] = {}

    async def taken(self, edge: str) -> int:
        return self.marks.get(edge, 0)

    async def take(self, edge: str, site: str, number: int, at: datetime) -> None:
        self.marks[edge] = number
