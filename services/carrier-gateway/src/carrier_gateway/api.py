"""Ways into carrier-gateway: carriers' webhooks, and questions about shipments."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chassis import Permanent, Service
from fastapi import APIRouter, HTTPException, Request
from pydantic import ValidationError

from carrier_gateway.domain import Scan
from carrier_gateway.handlers import take_scan
from carrier_gateway.store import ParcelStore, ShipmentStore


@dataclass(frozen=True, slots=True)
class Webhook:
    """How one carrier's webhooks are checked and read."""

    is_genuine: Callable[[Mapping[str, str], bytes, Sequence[bytes], float, int], bool]
    scans: Callable[[bytes], Sequence[Scan | ValidationError]]
    secrets: tuple[bytes, ...]
    window_seconds: int


def router(service: Service, webhooks: Mapping[str, Webhook], eta_threshold: timedelta) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()

    @routes.post("/webhooks/{carrier}")
    async def receive(carrier: str, request: Request) -> dict[str, int]:
        """Take a carrier's webhook: the signature is checked, every scan is durable before the answer."""
        webhook = webhooks.get(carrier)
        if webhook is None:
            raise HTTPException(404, f"no carrier {carrier}")
        body = await request.body()
        if not webhook.is_genuine(request.headers, body, webhook.secrets, time.time(), webhook.window_seconds):
            raise HTTPException(401, "the signature is missing, wrong or too old")
        results = await asyncio.gather(*(take(carrier, body, scan) for scan in webhook.scans(body)))
        return {"accepted": results.count(True), "known": results.count(False)}

    async def take(carrier: str, body: bytes, scan: Scan | ValidationError) -> bool:
        if isinstance(scan, ValidationError):
            await service.bury(f"webhook-{carrier}", hashlib.sha256(body).hexdigest(), body, scan)
            return True
        done = await service.accept(
            f"webhook-{carrier}",
            scan.scan_id,
            scan,
            take_scan,
            shipments=ShipmentStore,
            parcels=ParcelStore,
            eta_threshold=eta_threshold,
        )
        if done is not None and scan.kind == "unmapped":
            unmapped = Permanent(f"unknown status code {scan.code!r}", remedy="map-scan-code")
            await service.bury(f"unmapped-{carrier}", scan.scan_id, scan.model_dump(mode="json"), unmapped)
        return done is not None

    @routes.get("/tracking/{tracking_number}")
    async def tracking(tracking_number: str) -> dict[str, Any]:
        """Return where a parcel is, how it got there, and why it waits."""
        async with service.store(ParcelStore) as parcels:
            parcel = await parcels.read(tracking_number)
        if parcel is None:
            raise HTTPException(404, f"tracking number {tracking_number} is not known")
        if parcel.shipment_id is None:
            waits = {"reason": "waits for its booking", "scans": len(parcel.waiting), "owner": "carrier-gateway"}
            return {"tracking_number": tracking_number, "waits": waits}
        async with service.store(ShipmentStore) as shipments:
            shipment = await shipments.read(parcel.shipment_id)
        state = shipment.parcel(tracking_number) if shipment else None
        shown = state.model_dump(mode="json") if state else {}
        return shown | {"shipment_id": parcel.shipment_id, "waits": None}

    @routes.get("/shipments/{shipment_id}")
    async def show(shipment_id: str) -> dict[str, Any]:
        """Return a shipment: its booking and its parcels."""
        async with service.store(ShipmentStore) as shipments:
            shipment = await shipments.read(shipment_id)
        if shipment is None:
            raise HTTPException(404, f"shipment {shipment_id} is not known")
        return shipment.model_dump(mode="json", exclude={"plan": {"ship_to", "contact"}})

    return routes
