"""Ways into carrier-gateway: the carriers' webhooks, questions about shipments and tracking numbers, labels."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from canonical import derived_id
from chassis import Service, new_id

from carrier_gateway import handlers
from carrier_gateway.api import desk, messages
from carrier_gateway.directory import Profiles
from carrier_gateway.domain import CloseOutWish, Label
from carrier_gateway.domain.reports import pointer_key
from carrier_gateway.domain.views import shown, shown_parcel, shown_waiting
from carrier_gateway.ingress import Bare, Doors
from carrier_gateway.ports import Carrier
from carrier_gateway.store import CarrierDesk, LabelStore


def router(service: Service, carriers: Mapping[str, Carrier], doors: Doors, profiles: Profiles) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()
    _questions(routes, service, tuple(carriers))
    routes.include_router(messages.router(service, profiles))
    routes.include_router(desk.router(service, profiles))

    bare = APIRouter(route_class=Bare)

    @bare.post("/webhooks/{carrier}")
    async def webhook(carrier: str, request: Request) -> Response:
        """Take a carrier's message: verified, kept as it came, then answered; the same again changes nothing."""
        return await doors.take(carrier, request)

    routes.include_router(bare)

    @routes.api_route("/webhooks/{carrier}", methods=["GET", "HEAD"], include_in_schema=False)
    async def probe(carrier: str) -> dict[str, str]:
        """Say that the address is there, to carriers that look before they send."""
        return {"carrier": carrier}

    _manifests(routes, service, carriers)

    _labels(routes, service, carriers)
    return routes


def _labels(routes: APIRouter, service: Service, carriers: Mapping[str, Carrier]) -> None:
    @routes.get("/shipments/{shipment_id}/label")
    async def label(shipment_id: str, tracking_number: str | None = None) -> Response:
        """Return a parcel's label; the first parcel's when none is named. One not kept yet is fetched, and kept."""
        async with service.store(CarrierDesk) as desk:
            shipment = await desk.shipments.read(shipment_id)
        parcels = shipment.parcels if shipment else {}
        number = tracking_number or next(iter(parcels), "")
        if shipment is None or number not in parcels:
            raise HTTPException(404, f"shipment {shipment_id} has no such label")
        async with service.store(LabelStore) as labels:
            kept = await labels.read(shipment_id, number)
        if kept is None:
            content, media_type = await carriers[shipment.carrier_code].label(parcels[number].label_ref)
            kept = media_type, content
            label = Label(shipment_id=shipment_id, tracking_number=number, media_type=media_type, content=content)
            await service.accept("label", f"{shipment_id}:{number}", label, handlers.keep_label, labels=LabelStore)
        return Response(kept[1], media_type=kept[0])


class ManifestWish(BaseModel):
    """Which carrier collects, and where."""

    carrier_code: str = Field(min_length=1, max_length=64)
    site: str = Field(min_length=1, max_length=64)


def _manifests(routes: APIRouter, service: Service, carriers: Mapping[str, Carrier]) -> None:
    @routes.post("/manifests", status_code=202)
    async def close_out(wish: ManifestWish, idempotency_key: Annotated[str | None, Header()] = None) -> dict[str, str]:
        """Close out what is booked at a carrier for a site; the same Idempotency-Key again changes nothing."""
        if wish.carrier_code not in carriers:
            raise HTTPException(422, f"carrier_code: {wish.carrier_code} cannot be booked here")
        manifest_id = derived_id("manifest", idempotency_key) if idempotency_key else new_id()
        message = CloseOutWish(manifest_id=manifest_id, carrier_code=wish.carrier_code, site=wish.site)
        await service.accept(
            "manifest", manifest_id, message, handlers.close_out, desk=CarrierDesk, clock=service.clock
        )
        return {"manifest_id": manifest_id}

    @routes.get("/manifests/{manifest_id}")
    async def show_manifest(manifest_id: str) -> dict[str, Any]:
        """Return a manifest: its shipments, whether the carrier has it, and the carrier's number."""
        async with service.store(CarrierDesk) as desk:
            manifest = await desk.manifests.read(manifest_id)
        if manifest is None:
            raise HTTPException(404, f"manifest {manifest_id} is not known")
        return manifest.model_dump(mode="json")


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
