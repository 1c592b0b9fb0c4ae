"""Warehouse orders and their index by order."""

from collections.abc import Iterable

from chassis import Document, Documents
from pydantic import BaseModel

from warehouse_adapter.domain import OrderIndex, WarehouseOrder, warehouse_order_id


class WarehouseOrderRow(Document, table=True):
    """Table of warehouse orders."""

    __tablename__ = "warehouse_orders"


class OrderRow(Document, table=True):
    """Table of order indexes."""

    __tablename__ = "orders"


class WarehouseOrderStore(Documents[WarehouseOrder]):
    """Warehouse orders by id."""

    table = WarehouseOrderRow
    model = WarehouseOrder

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the warehouse order of a message."""
        if allocation_id := getattr(message, "allocation_id", None):
            return [warehouse_order_id(allocation_id)]
        found = getattr(message, "warehouse_order_id", None) or getattr(message, "warehouseOrderId", None)
        return [found] if found else []


class OrderStore(Documents[OrderIndex]):
    """Indexes by order id."""

    table = OrderRow
    model = OrderIndex

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the order a message is about."""
        order_id = getattr(message, "order_id", None)
        return [order_id] if order_id else []
