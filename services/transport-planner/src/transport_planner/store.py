"""Plans as documents."""

from collections.abc import Iterable

from chassis import Document, Documents
from pydantic import BaseModel

from transport_planner.domain import Plan, plan_key, plan_of


class PlanRow(Document, table=True):
    """Table of plans."""

    __tablename__ = "plans"


class PlanStore(Documents[Plan]):
    """Plans by the shipment's base number."""

    table = PlanRow
    model = Plan

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the plan of a message."""
        if shipment_id := getattr(message, "shipment_id", None):
            return [plan_of(shipment_id)]
        if warehouse_order_id := getattr(message, "warehouse_order_id", None):
            return [plan_key(warehouse_order_id)]
        return []
