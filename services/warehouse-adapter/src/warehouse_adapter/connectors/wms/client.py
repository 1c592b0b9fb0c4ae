"""Calls to the WMS."""

from pydantic import ValidationError

from chassis import Http, Permanent, Rejected

from warehouse_adapter.connectors.wms.mapping import labels_body, order_body
from warehouse_adapter.connectors.wms.wire import CancelAnswer
from warehouse_adapter.ports import CancelWarehouseOrder, CreateWarehouseOrder, SendLabels

ALREADY_THERE = 409


class WmsClient:
    """The WMS over HTTP."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, order: CreateWarehouseOrder, *, key: str) -> None:
        """Give it an order; one it already has under this id is the same order."""
        try:
            await self._http.request("POST", "/warehouse-orders", json=order_body(order), idempotency_key=key)
        except Rejected as refusal:
            if refusal.status != ALREADY_THERE:
                raise

    async def cancel(self, order: CancelWarehouseOrder, *, key: str) -> bool:
        """Ask it to stop an order."""
        path = f"/warehouse-orders/{order.warehouse_order_id}/cancel"
        answer = await self._http.request("POST", path, json={"reason": order.reason}, idempotency_key=key)
        try:
            return CancelAnswer.model_validate_json(answer.content).cancelled
        except ValidationError as error:
            raise Permanent(f"the WMS' answer cannot be read: {error}", remedy="check-wms-answer") from error

    async def send_labels(self, labels: SendLabels, *, key: str) -> None:
        """Give it labels."""
        path = f"/warehouse-orders/{labels.warehouse_order_id}/labels"
        await self._http.request("POST", path, json=labels_body(labels), idempotency_key=key)
