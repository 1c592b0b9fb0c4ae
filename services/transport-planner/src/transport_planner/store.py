"""Plans, returns and their index by order; a batch is read with one query per table and written with one."""

from collections.abc import Iterable

from pydantic import BaseModel

from chassis import Document, Documents

from transport_planner.domain import OrderIndex, Plan, ReturnPlan, plan_key, plan_of


class PlanRow(Document, table=True):
    """Table of plans."""

    __tablename__ = "shipment_plans"


class ReturnRow(Document, table=True):
    """Table of returns."""

    __tablename__ = "return_plans"


class OrderRow(Document, table=True):
    """Table of order indexes."""

    __tablename__ = "orders_in_transport"


class PlanStore(Documents[Plan]):
    """Plans by the shipment number without its attempt."""

    table = PlanRow
    model = Plan

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the plan of a message."""
        if shipment_id := getattr(message, "shipment_id", None):
            return [plan_of(shipment_id)]
        warehouse_order_id = getattr(message, "warehouse_order_id", None)
        return [plan_key(warehouse_order_id)] if warehouse_order_id else []


class ReturnStore(Documents[ReturnPlan]):
    """Plans of returns by return id."""

    table = ReturnRow
    model = ReturnPlan

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the return a message is about."""
        return_id = getattr(message, "return_id", None)
        return [return_id] if return_id else []


class OrderStore(Documents[OrderIndex]):
    """Indexes by order id."""

    table = OrderRow
    model = OrderIndex

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the order a message is about."""
        order_id = getattr(message, "order_id", None)
        return [order_id] if order_id else []
