"""The way in for the WMS: its reports, a batch at a time, each accepted on its own."""

import asyncio
from typing import Any

from canonical.warehouse import (
    PackCompleted,
    PickCompleted,
    PickShorted,
    ShipmentDispatched,
    WarehouseOrderAccepted,
)
from chassis import Outcome, Permanent, Service, Temporary
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from warehouse_adapter.connectors.wms import mapping
from warehouse_adapter.connectors.wms.wire import Notice, Progress, Receipt, Report, ReturnArrival
from warehouse_adapter.domain import WarehouseOrder
from warehouse_adapter.handlers import known
from warehouse_adapter.ports import WarehouseOrders
from warehouse_adapter.store import WarehouseOrderStore

REPORT: TypeAdapter[Report] = TypeAdapter(Report)


class Reports(BaseModel):
    """A batch of reports."""

    events: list[dict[str, Any]] = Field(max_length=1000)


class Answer(BaseModel):
    """What became of each report."""

    accepted: int
    duplicates: int
    rejected: list[dict[str, str]]


def router(service: Service) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()

    @routes.post("/wms/events")
    async def reports(batch: Reports) -> Answer:
        """Take reports; one bad report does not spoil the batch. A report sent again changes nothing."""
        lanes: dict[str, list[dict[str, Any]]] = {}
        for place, event in enumerate(batch.events):
            lanes.setdefault(str(event.get("warehouseOrderId", place)), []).append(event)
        results = await asyncio.gather(*(_take_lane(service, lane) for lane in lanes.values()))
        answers = [answer for lane in results for answer in lane]
        rejected = [answer for answer in answers if isinstance(answer, dict)]
        return Answer(accepted=answers.count(True), duplicates=answers.count(False), rejected=rejected)

    @routes.get("/warehouse-orders/{warehouse_order_id}")
    async def show(warehouse_order_id: str) -> dict[str, Any]:
        """Return a warehouse order: its stage and its booking."""
        async with service.store(WarehouseOrderStore) as store:
            order = await store.read(warehouse_order_id)
        if order is None:
            raise HTTPException(404, f"warehouse order {warehouse_order_id} is not known")
        return order.model_dump(mode="json", exclude={"allocation": {"ship_to", "contact"}})

    return routes


async def _take_lane(service: Service, events: list[dict[str, Any]]) -> list[bool | dict[str, str]]:
    """Take the reports of one warehouse order in their order."""
    return [await _take(service, event) for event in events]


async def _take(service: Service, event: dict[str, Any]) -> bool | dict[str, str]:
    """Return True for taken, False for known, the reason for refused."""
    event_id = str(event.get("eventId", ""))
    try:
        report = REPORT.validate_python(event)
        done = await service.accept("wms", report.eventId, report, publish_report, warehouse_orders=WarehouseOrderStore)
    except (ValidationError, Permanent) as error:
        await service.bury("wms", event_id, event, error)
        return {"eventId": event_id, "reason": str(error)[:300]}
    return done is not None


async def publish_report(report: Report, *, warehouse_orders: WarehouseOrders) -> Outcome:
    """Publish what the WMS reports.

    Raises:
        Permanent: the warehouse order is not ours.
    """
    match report:
        case Receipt():
            return [mapping.goods_received(report)]
        case Notice():
            return [mapping.notice_received(report)]
        case ReturnArrival():
            return [mapping.return_received(report)]
        case Progress():
            order = await known(report.warehouseOrderId, warehouse_orders)
            warehouse_orders.put(order.warehouse_order_id, order)
            return _progress(report, order)


def _progress(report: Progress, order: WarehouseOrder) -> Outcome:
    about: dict[str, Any] = {
        "occurred_at": report.at,
        "site": order.allocation.site,
        "warehouse_order_id": order.warehouse_order_id,
        "allocation_id": order.allocation.allocation_id,
        "order_id": order.allocation.order_id,
    }
    match report.type:
        case "ORDER_ACCEPTED":
            order.reach("accepted")
            return [WarehouseOrderAccepted(**about)]
        case "PICK_CONFIRMED":
            order.reach("picked")
            order.picked = list(mapping.lines(report.lines))
            return [PickCompleted(**about, lines=order.picked)]
        case "PICK_SHORT":
            order.picked = list(mapping.lines(report.lines))
            order.reach("picked" if order.picked else "cancelled")
            shorted = mapping.lines(report.shorted)
            return [PickShorted(**about, lines=order.picked, shorted=shorted, reason=report.reason)]
        case "PACKED":
            order.reach("packed")
            return [_packed(report, order, about)]
        case "SHIPPED":
            order.reach("shipped")
            return [_dispatched(order, about)]
        case "CANCELLED":
            return []


def _packed(report: Progress, order: WarehouseOrder, about: dict[str, Any]) -> PackCompleted:
    allocation = order.allocation
    return PackCompleted(
        **about,
        customer_id=allocation.customer_id,
        ship_to=allocation.ship_to,
        contact=allocation.contact,
        service_level=allocation.service_level,
        promised_at=allocation.promised_at,
        parcels=tuple(mapping.parcel(parcel) for parcel in report.parcels),
    )


def _dispatched(order: WarehouseOrder, about: dict[str, Any]) -> ShipmentDispatched:
    if order.booking is None:
        raise Temporary("the booking of the shipment has not come yet")
    return ShipmentDispatched(
        **about,
        shipment_id=order.booking.shipment_id,
        carrier_code=order.booking.carrier_code,
        parcels=tuple(order.booking.parcels),
        lines=tuple(order.picked or order.allocation.lines),
    )
