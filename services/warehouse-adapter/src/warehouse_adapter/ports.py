"""What warehouse-adapter needs from outside."""

from typing import ClassVar, Literal, Protocol

from canonical.values import BookedParcel, LineQuantity
from chassis import Book, Effect

from warehouse_adapter.domain import OrderIndex, WarehouseOrder


class CreateWarehouseOrder(Effect):
    """Give an order to the warehouse."""

    name: ClassVar[str] = "create-warehouse-order"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    warehouse_order_id: str
    order_id: str
    allocation_id: str
    site: str
    service_level: str
    lines: tuple[LineQuantity, ...]


class CancelWarehouseOrder(Effect):
    """Ask the warehouse to stop an order it has."""

    name: ClassVar[str] = "cancel-warehouse-order"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"
    urgent: ClassVar[bool] = True

    warehouse_order_id: str
    reason: str


class SendLabels(Effect):
    """Give the carrier's labels to the warehouse, which then ships."""

    name: ClassVar[str] = "send-labels"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    warehouse_order_id: str
    shipment_id: str
    carrier_code: str
    parcels: tuple[BookedParcel, ...]


WarehouseOrders = Book[WarehouseOrder]
"""Warehouse orders by id."""


Orders = Book[OrderIndex]
"""Warehouse orders of each order."""


class Warehouse(Protocol):
    """The warehouse management system."""

    async def create(self, order: CreateWarehouseOrder, *, key: str) -> None:
        """Give it an order; the same one again changes nothing.

        Raises:
            Temporary: it is away.
            Rejected: it refuses the order.
        """
        ...

    async def cancel(self, order: CancelWarehouseOrder, *, key: str) -> bool:
        """Ask it to stop an order; False when it is too late and the goods go on.

        Raises:
            Temporary: it is away.
            Rejected: it refuses the question.
        """
        ...

    async def send_labels(self, labels: SendLabels, *, key: str) -> None:
        """Give it labels.

        Raises:
            Temporary: it is away.
            Rejected: it refuses the labels.
        """
        ...
