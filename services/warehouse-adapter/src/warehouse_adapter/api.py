"""Ways in: the WMS' reports, a batch at a time, each accepted on its own; questions about warehouse orders."""

import asyncio
import hashlib
import logging
from typing import Any

import orjson
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field, ValidationError

from chassis import Permanent, Quotas, Service, Temporary

from warehouse_adapter import handlers
from warehouse_adapter.connectors.wms import mapping, wire
from warehouse_adapter.domain import Fact, WarehouseOrder
from warehouse_adapter.store import OrderStore, WarehouseOrderStore

log = logging.getLogger(__name__)

SOURCE = "wms"


class Reports(BaseModel):
    """A batch of reports, each still as it came, so that one bad report spoils no other."""

    events: list[dict[str, Any]] = Field(max_length=1000)


class Refusal(BaseModel):
    """A report that was not taken, and why."""

    event_id: str = Field(serialization_alias="eventId")
    reason: str


class Answer(BaseModel):
    """What became of each report."""

    accepted: int
    duplicates: int
    rejected: list[Refusal]


def router(service: Service, quotas: Quotas) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()

    @routes.post("/wms/events")
    async def reports(batch: Reports) -> Answer:
        """Take reports; a report sent again changes nothing, one that cannot be used becomes a dead letter."""
        quotas.admit(SOURCE, len(batch.events))
        return await take(service, batch.events)

    @routes.get("/warehouse-orders/{warehouse_order_id}")
    async def show(warehouse_order_id: str) -> dict[str, Any]:
        """Return a warehouse order: its stage, what was reported, its booking, and why it waits."""
        async with service.store(WarehouseOrderStore) as store:
            order = await store.read(warehouse_order_id)
        if order is None:
            raise HTTPException(404, f"warehouse order {warehouse_order_id} is not known")
        return shown(order)

    @routes.get("/warehouse-orders")
    async def of_order(order_id: str) -> list[dict[str, Any]]:
        """Return the warehouse orders of an order."""
        async with service.store(OrderStore) as orders:
            index = await orders.read(order_id)
        async with service.store(WarehouseOrderStore) as store:
            found = [await store.read(key) for key in index.warehouse_orders] if index else []
        return [shown(order) for order in found if order]

    @routes.post("/warehouse-orders/{warehouse_order_id}/resend", status_code=202)
    async def resend(warehouse_order_id: str, request_id: str) -> dict[str, bool]:
        """Give a held order to the warehouse again, once per request id."""
        wish = handlers.Resend(warehouse_order_id=warehouse_order_id)
        done = await service.accept(
            "api-resend", request_id, wish, handlers.resend_order, warehouse_orders=WarehouseOrderStore
        )
        return {"duplicate": done is None}

    return routes


async def take(service: Service, events: list[dict[str, Any]]) -> Answer:
    """Accept reports together, in one commit where they can be, and answer for each.

    Raises:
        Temporary: some could not be stored now; the WMS sends the batch again.
    """
    results = await asyncio.gather(*(_accept(service, event) for event in events), return_exceptions=True)
    for result in results:
        if isinstance(result, Temporary) or (isinstance(result, BaseException) and not isinstance(result, Exception)):
            raise result
    refused = [(event, error) for event, error in zip(events, results, strict=True) if isinstance(error, Exception)]
    rejected = await asyncio.gather(*(_refuse(service, event, error) for event, error in refused))
    return Answer(accepted=results.count(True), duplicates=results.count(False), rejected=list(rejected))


async def _accept(service: Service, event: dict[str, Any]) -> bool:
    report = wire.REPORT.validate_python(event)
    message = mapping.reported(report)
    if isinstance(message, Fact):
        done = await service.accept(
            SOURCE, report.event_id, message, handlers.record_fact, warehouse_orders=WarehouseOrderStore
        )
    else:
        done = await service.accept(SOURCE, report.event_id, message, handlers.pass_on)
    return done is not None


async def take_again(service: Service, _: str, body: bytes) -> None:
    """Take in a report that was refused.

    Raises:
        Permanent: it is refused again.
    """
    try:
        await _accept(service, orjson.loads(body))
    except ValidationError as error:
        raise Permanent(reason_of(error), remedy="fix-at-sender") from error


async def _refuse(service: Service, event: dict[str, Any], error: Exception) -> Refusal:
    if not isinstance(error, ValidationError | Permanent):
        log.error("report_failed", exc_info=error, extra={"type": str(event.get("type"))[:40]})
    error = Permanent(reason_of(error), remedy="fix-at-sender") if isinstance(error, ValidationError) else error
    await service.bury(SOURCE, hashlib.sha256(orjson.dumps(event)).hexdigest(), event, error)
    return Refusal(event_id=str(event.get("eventId", ""))[:128], reason=reason_of(error))


def reason_of(error: Exception) -> str:
    """Return why a report was refused, in one line that names the fields at fault."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:3])
    return str(error)[:300] if isinstance(error, Permanent) else "it failed by a fault of ours; it was kept"


def shown(order: WarehouseOrder) -> dict[str, Any]:
    """Return a warehouse order for showing, without personal data."""
    body = order.model_dump(mode="json", exclude={"allocation": {"ship_to", "contact"}})
    return body | {"waits": order.waits()}
