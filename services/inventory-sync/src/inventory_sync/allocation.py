"""Allocation over the documents of one transaction: takes stock, gives it back, keeps the queues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from canonical import CanonicalEvent, derived_id
from canonical.inventory import AllocationFailed, AvailabilityChanged, InventoryAllocated
from canonical.values import LineQuantity

from inventory_sync.domain import Allocation, BackorderQueue, OrderStock, Stock, crosses_step, split, stock_key
from inventory_sync.ports import Backorders, Orders, Stocks


@dataclass(slots=True)
class Shelves:
    """The stock, the orders and the queues that a handler works on, and what it wants to say in the end."""

    stocks: Stocks
    orders: Orders
    backorders: Backorders
    sites: Sequence[str]
    at: datetime
    events: list[CanonicalEvent] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    async def stock(self, sku: str, site: str) -> Stock:
        """Return a stock, a fresh one where there was none."""
        return await self.stocks.get(stock_key(sku, site)) or Stock(sku=sku, site=site)

    async def knows(self, sku: str) -> bool:
        """Whether the SKU was ever received anywhere."""
        return any([await self.stocks.get(stock_key(sku, site)) is not None for site in self.sites])

    async def change(
        self, sku: str, site: str, *, on_hand: int = 0, allocated: int = 0, announce: bool = False
    ) -> Stock:
        """Change a stock; allocation never falls below zero."""
        stock = await self.stock(sku, site)
        key = stock_key(sku, site)
        self.before.setdefault(key, stock.available)
        stock.on_hand += on_hand
        stock.allocated = max(0, stock.allocated + allocated)
        self.stocks.put(key, stock)
        if announce:
            self.told.add(key)
        return stock

    async def serve(self, order: OrderStock, lines: Iterable[LineQuantity], step: str) -> None:
        """Allocate lines to an order as far as stock goes; the rest goes on back-order."""
        lines = list(lines)
        if not lines:
            return
        wanted = {(line.sku, site) for line in lines for site in self.sites}
        available = {(sku, site): (await self.stock(sku, site)).available for sku, site in wanted}
        result = split(lines, available, self.sites)
        for line in result.missing:
            await self._queue(order, line)
        for site, taken in result.by_site.items():
            await self._allocate(order, site, taken, step)
        if not result.by_site:
            self.events.append(
                AllocationFailed(
                    occurred_at=self.at, order_id=order.order_id, lines=tuple(result.missing), reason="out-of-stock"
                )
            )
        self.orders.put(order.order_id, order)

    async def _allocate(self, order: OrderStock, site: str, lines: list[LineQuantity], step: str) -> None:
        allocation_id = f"AL-{derived_id(order.order_id, f'{step}:{site}')[:13]}-{order.order_id}"[:64]
        for line in lines:
            await self.change(line.sku, site, allocated=line.quantity)
        order.allocations.append(Allocation(allocation_id=allocation_id, site=site, lines=lines))
        self.events.append(
            InventoryAllocated(
                occurred_at=self.at,
                allocation_id=allocation_id,
                order_id=order.order_id,
                site=site,
                customer_id=order.customer_id,
                lines=tuple(lines),
                backordered=tuple(order.backordered),
                ship_to=order.ship_to,
                contact=order.contact,
                service_level=order.service_level,
                promised_at=order.promised_at,
            )
        )

    async def _queue(self, order: OrderStock, line: LineQuantity) -> None:
        order.backordered.append(line)
        queue = await self.backorders.get(line.sku) or BackorderQueue()
        if order.order_id not in queue.orders:
            queue.orders.append(order.order_id)
        self.backorders.put(line.sku, queue)

    async def serve_queue(self, sku: str, step: str) -> None:
        """Give stock that became free to the orders waiting for it, oldest first."""
        queue = await self.backorders.get(sku)
        if queue is None or not queue.orders:
            return
        waiting, queue.orders = queue.orders, []
        self.backorders.put(sku, queue)
        for place, order_id in enumerate(waiting):
            if not await self._has(sku):
                queue.orders.extend(o for o in waiting[place:] if o not in queue.orders)
                return
            order = await self.orders.get(order_id)
            if order is None or order.is_cancelled:
                continue
            lines = [line for line in order.backordered if line.sku == sku]
            order.backordered = [line for line in order.backordered if line.sku != sku]
            await self.serve(order, lines, f"{step}:{place}")

    async def _has(self, sku: str) -> bool:
        return any([(await self.stock(sku, site)).available > 0 for site in self.sites])

    async def outcome(self) -> list[CanonicalEvent]:
        """Return what is to be said: the facts, and one AvailabilityChanged per stock whose change matters."""
        for key, before in self.before.items():
            stock = await self.stocks.get(key)
            if stock and (key in self.told or crosses_step(before, stock.available)):
                self.events.append(
                    AvailabilityChanged(
                        occurred_at=self.at,
                        sku=stock.sku,
                        site=stock.site,
                        on_hand=stock.on_hand,
                        allocated=stock.allocated,
                        available_to_promise=stock.available,
                    )
                )
        return self.events
