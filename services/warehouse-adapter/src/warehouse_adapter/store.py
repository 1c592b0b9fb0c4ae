"""Warehouse orders and their index by order; a batch is read with one query per table and written with one."""

from collections.abc import Iterable

from pydantic import BaseModel

from chassis import Document, Documents

from warehouse_adapter.domain import OrderIndex, WarehouseOrder, warehouse_order_id


class WarehouseOrderRow(Document, table=True):
    """Table of warehouse orders."""

    __tablename__ = "warehouse_orders"


class OrderRow(Document, table=True):
    """Table of order indexes."""

    __tablename__ = "orders_at_warehouse"


class WarehouseOrderStore(Documents[WarehouseOrder]):
    """Warehouse orders by id."""

    table = WarehouseOrderRow
    model = WarehouseOrder

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the warehouse order of a message."""
        if found := getattr(message, "warehouse_order_id", None):
            return [found]
        allocation_id = getattr(message, "allocation_id", None)
        return [warehouse_order_id(allocation_id)] if allocation_id else []


class OrderStore(Documents[OrderIndex]):
    """Indexes by order id."""

    table = OrderRow
    model = OrderIndex

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the order a message is about."""
        order_id = getattr(message, "order_id", None)
        return [order_id] if order_id else []
