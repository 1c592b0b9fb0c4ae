"""Ports kept in memory, and samples."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from canonical.inventory import InventoryAllocated
from canonical.values import Address, BookedParcel, Contact, LineQuantity, Parcel
from chassis.testing import FakeBook

from warehouse_adapter.domain import Fact, Kind, OrderIndex, WarehouseOrder

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 13, tzinfo=UTC)
WO = "WO-1-SO-1"
SSCC = "340000000000000017"
LINES = (LineQuantity(line_number=10, sku="SKU-1", quantity=2), LineQuantity(line_number=20, sku="SKU-2", quantity=1))
BOOKED = (BookedParcel(sscc=SSCC, tracking_number="T-1", label_ref="labels/T-1"),)


class FakeHttp:
    """Answers calls by a function and remembers them."""

    def __init__(self, answer: Callable[[], httpx.Response]) -> None:
        self.calls: list[tuple[str, str, Any, str | None]] = []
        self._answer = answer

    async def request(
        self, method: str, path: str, *, json: Any = None, idempotency_key: str | None = None
    ) -> httpx.Response:
        self.calls.append((method, path, json, idempotency_key))
        return self._answer()


class FakeService:
    """Takes messages the way the chassis does: once per id, each on its own."""

    def __init__(self, orders: FakeBook[WarehouseOrder]) -> None:
        self.orders = orders
        self.seen: set[tuple[str, str]] = set()
        self.published: list[Any] = []
        self.buried: list[tuple[str, Any, Exception]] = []

    async def accept(
        self, source: str, message_id: str, message: Any, handler: Any, **deps: Any
    ) -> Sequence[Any] | None:
        if (source, message_id) in self.seen:
            return None
        known = {"warehouse_orders": self.orders} if "warehouse_orders" in deps else {}
        outcome = await handler(message, **known)
        self.seen.add((source, message_id))
        self.published.extend(outcome)
        return list(outcome)

    async def bury(self, source: str, message_id: str, body: Any, error: Exception) -> None:
        del message_id
        self.buried.append((source, body, error))


def allocated(lines: Iterable[LineQuantity] = LINES) -> InventoryAllocated:
    return InventoryAllocated(
        occurred_at=NOON,
        allocation_id="AL-1-SO-1",
        order_id="SO-1",
        site="DC-BER",
        customer_id="C-1",
        lines=tuple(lines),
        ship_to=Address(name="A. Sample", street="Main St 1", city="Paris", postal_code="75001", country="FR"),
        contact=Contact(email="a@example.com"),
        service_level="standard",
        promised_at=LATER,
    )


def warehouse_order(**changes: Any) -> WarehouseOrder:
    values = {"warehouse_order_id": WO, "allocation": allocated(), "since": NOON, "is_at_warehouse": True}
    return WarehouseOrder(**(values | changes))


def orders_with(order: WarehouseOrder) -> FakeBook[WarehouseOrder]:
    return FakeBook({order.warehouse_order_id: order})


def index_of(*keys: str, cancel_reason: str | None = None) -> FakeBook[OrderIndex]:
    return FakeBook({"SO-1": OrderIndex(warehouse_orders=list(keys), cancel_reason=cancel_reason)})


def parcel(lines: Iterable[LineQuantity] = LINES) -> Parcel:
    return Parcel(sscc=SSCC, weight_grams=900, length_mm=300, width_mm=200, height_mm=100, contents=tuple(lines))


def fact(kind: Kind, at: datetime = LATER, **changes: Any) -> Fact:
    return Fact(kind=kind, warehouse_order_id=WO, at=at, **changes)
