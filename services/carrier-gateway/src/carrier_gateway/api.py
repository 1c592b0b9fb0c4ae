"""Ways into carrier-gateway: the carriers' webhooks, questions about shipments and tracking numbers, labels."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import Counter

from chassis import Permanent, Service, Temporary

from carrier_gateway import handlers
from carrier_gateway.domain.reports import Reading, pointer_key
from carrier_gateway.domain.views import shown, shown_parcel, shown_waiting
from carrier_gateway.ports import Carrier, Hook
from carrier_gateway.store import CarrierDesk

log = logging.getLogger(__name__)

UNMAPPED = "map-scan-code"


class Door(NamedTuple):
    """A carrier's way in: its dialect and its live secrets."""

    hook: Hook
    secrets: Callable[[], Sequence[bytes]]


def router(service: Service, carriers: Mapping[str, Carrier], doors: Mapping[str, Door]) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()
    _questions(routes, service, tuple(carriers))
    unmapped = Counter(
        "crossdock_scan_codes_unmapped",
        "Reports whose code is not mapped",
        ["carrier"],
        registry=service.metrics.registry,
    )

    @routes.post("/webhooks/{carrier}")
    async def webhook(carrier: str, request: Request) -> Response:
        """Take a carrier's report: verified, then stored, then answered; one sent again changes nothing."""
        door = doors.get(carrier)
        if door is None:
            raise HTTPException(404, f"carrier {carrier} is not known")
        body = await request.body()
        if not door.hook.is_signed(body, request.headers, secrets=_live(carrier, door), now=service.clock.now()):
            raise HTTPException(401, "the signature does not match the body")
        try:
            readings = door.hook.read(body)
        except ValueError as error:
            raise HTTPException(400, f"the body cannot be read: {str(error)[:300]}") from error
        return JSONResponse(await take(service, carrier, readings, unmapped))

    @routes.get("/shipments/{shipment_id}/label")
    async def label(shipment_id: str, tracking_number: str | None = None) -> Response:
        """Return a parcel's label as the carrier keeps it; the first parcel's when none is named."""
        async with service.store(CarrierDesk) as desk:
            shipment = await desk.shipments.read(shipment_id)
        parcels = shipment.parcels if shipment else {}
        parcel = parcels.get(tracking_number or next(iter(parcels), ""))
        if shipment is None or parcel is None:
            raise HTTPException(404, f"shipment {shipment_id} has no such label")
        content, media_type = await carriers[shipment.carrier_code].label(parcel.label_ref)
        return Response(content, media_type=media_type)

    return routes


async def take(service: Service, carrier: str, readings: Sequence[Reading], unmapped: Counter) -> dict[str, int]:
    """Store each event of a body by itself; only what could not be stored is asked for again.

    Raises:
        Temporary: some could not be stored now; those that were are known when they come again.
    """
    results = await asyncio.gather(
        *(_take_one(service, carrier, reading, unmapped) for reading in readings), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return {word: sum(result == word for result in results) for word in ("accepted", "duplicate", "unusable")}


async def _take_one(service: Service, carrier: str, reading: Reading, unmapped: Counter) -> str:
    source = f"webhook-{carrier}"
    failure: Exception
    if isinstance(reading.report, Permanent):
        failure = reading.report
        if failure.remedy == UNMAPPED:
            unmapped.labels(carrier).inc()
    else:
        try:
            done = await service.accept(
                source, reading.event_id, reading.report, handlers.note_report, desk=CarrierDesk, clock=service.clock
            )
        except Temporary:
            raise
        except Permanent as refusal:
            failure = refusal
        except Exception as fault:
            # a fault of ours is kept, and costs the other events of the body nothing
            log.exception("report_failed", extra={"carrier": carrier, "event_id": reading.event_id})
            failure = fault
        else:
            return "duplicate" if done is None else "accepted"
    await service.bury(source, reading.event_id, reading.raw, failure)
    return "unusable"


def _live(carrier: str, door: Door) -> Sequence[bytes]:
    try:
        secrets = door.secrets()
    except OSError as error:
        raise Temporary(f"the secrets of {carrier} cannot be read") from error
    if not secrets:
        raise Temporary(f"no secret of {carrier} is configured")
    return secrets


def _questions(routes: APIRouter, service: Service, carriers: Sequence[str]) -> None:
    @routes.get("/shipments/{shipment_id}")
    async def show(shipment_id: str) -> dict[str, Any]:
        """Return a shipment: its booking, its parcels, and why it waits."""
        async with service.store(CarrierDesk) as desk:
            shipment = await desk.shipments.read(shipment_id)
        if shipment is None:
            raise HTTPException(404, f"shipment {shipment_id} is not known")
        return shown(shipment)

    @routes.get("/shipments")
    async def of_order(order_id: str) -> list[dict[str, Any]]:
        """Return the shipments of an order."""
        async with service.store(CarrierDesk) as desk:
            index = await desk.orders.read(order_id)
            found = [await desk.shipments.read(key) for key in index.shipments] if index else []
        return [shown(shipment) for shipment in found if shipment]

    @routes.get("/tracking/{tracking_number}")
    async def track(tracking_number: str, carrier: str | None = None) -> dict[str, Any]:
        """Return a parcel: its state, its history, and why it waits; name the carrier where two use one number."""
        async with service.store(CarrierDesk) as desk:
            for code in [carrier] if carrier else carriers:
                if found := await parcel_of(desk, code, tracking_number):
                    return found
        raise HTTPException(404, f"tracking number {tracking_number} is not known")


async def parcel_of(desk: CarrierDesk, carrier: str, tracking_number: str) -> dict[str, Any] | None:
    """Return a parcel of a carrier for showing, None when the number is not known."""
    pointer = await desk.pointers.read(pointer_key(carrier, tracking_number))
    if pointer is None:
        return None
    shipment = await desk.shipments.read(pointer.shipment_id) if pointer.shipment_id else None
    return shown_parcel(shipment, tracking_number) if shipment else shown_waiting(carrier, tracking_number, pointer)
