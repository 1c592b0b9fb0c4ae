"""Reports of carriers: kept until their booking is known, then told once each as milestones."""

from typing import Any

from canonical.carrier import (
    ArrivedAtFacility,
    AvailableForPickup,
    CustomsHold,
    Delivered,
    DeliveryAttempted,
    DeliveryDelayed,
    DeliveryException,
    EtaChanged,
    InTransit,
    Milestone,
    OutForDelivery,
    PickedUp,
    ProofOfDeliveryReceived,
    ReturnInTransit,
)
from chassis import Clock, Outcome, Permanent

from carrier_gateway.domain import Kind, Pointer, Shipment, Told
from carrier_gateway.domain.reports import Report, pointer_key
from carrier_gateway.ports import Desk

PLAIN: dict[Kind, type[Milestone]] = {
    "picked-up": PickedUp,
    "in-transit": InTransit,
    "arrived-at-facility": ArrivedAtFacility,
    "out-for-delivery": OutForDelivery,
}
REASONED: dict[Kind, type[CustomsHold | DeliveryDelayed | DeliveryException | ReturnInTransit]] = {
    "customs-hold": CustomsHold,
    "delivery-delayed": DeliveryDelayed,
    "delivery-exception": DeliveryException,
    "return-in-transit": ReturnInTransit,
}


async def note_report(report: Report, *, desk: Desk, clock: Clock) -> Outcome:
    """Keep what a carrier reported and tell what is new of it; before the booking is recorded it waits."""
    key = pointer_key(report.carrier_code, report.tracking_number)
    pointer = await desk.pointers.get(key) or Pointer()
    if pointer.shipment_id is None:
        pointer.wait(report.fact, clock.now())
        desk.pointers.put(key, pointer)
        return []
    shipment = await desk.shipments.get(pointer.shipment_id)
    if shipment is None:
        raise Permanent(f"shipment {pointer.shipment_id} is not known here", remedy="check-shipment")
    desk.shipments.put(shipment.shipment_id, shipment)
    return [milestone(shipment, told) for told in shipment.note(report.tracking_number, report.fact)]


def milestone(shipment: Shipment, told: Told) -> Milestone:
    """Return the event of a fact; the estimate it tells becomes the one later ones are compared with."""
    fact, about = told.fact, _about(shipment, told)
    if plain := PLAIN.get(told.kind):
        return plain(**about)
    if reasoned := REASONED.get(told.kind):
        return reasoned(**about, reason=fact.reason or fact.text or "unknown")
    match told.kind:
        case "delivery-attempted":
            return DeliveryAttempted(**about, attempt=told.ordinal, reason=fact.reason or fact.text or "unknown")
        case "available-for-pickup":
            return AvailableForPickup(**about, place=fact.place or "unknown")
        case "eta-changed":
            return _eta(shipment, about, told)
        case "delivered":
            return _delivered(shipment, about)
        case _:
            return _proof(shipment, about)


def _about(shipment: Shipment, told: Told) -> dict[str, Any]:
    return {
        "occurred_at": told.fact.at,
        "order_id": shipment.order_id,
        "shipment_id": shipment.shipment_id,
        "carrier_code": shipment.carrier_code,
        "customer_id": shipment.customer_id,
        "tracking_number": told.tracking_number,
        "location": told.fact.place,
        "carrier_status_code": told.fact.code,
        "description": told.fact.text,
        "contact": shipment.contact,
    }


def _eta(shipment: Shipment, about: dict[str, Any], told: Told) -> EtaChanged:
    previous = shipment.told_eta
    shipment.told_eta = told.fact.eta
    return EtaChanged(**about, eta=told.fact.eta or told.fact.at, previous_eta=previous, estimated_by="carrier")


def _delivered(shipment: Shipment, about: dict[str, Any]) -> Delivered:
    delivered_at = shipment.delivered_at() or about["occurred_at"]
    about |= {"occurred_at": delivered_at, "tracking_number": next(iter(shipment.parcels))}
    return Delivered(**about, signed_by=_signature(shipment), parcels_total=len(shipment.parcels))


def _proof(shipment: Shipment, about: dict[str, Any]) -> ProofOfDeliveryReceived:
    number, state = next(iter(shipment.states().items()))
    return ProofOfDeliveryReceived(
        **about | {"tracking_number": number},
        document_ref=state.document_ref or f"{shipment.carrier_code}:{number}",
        signed_by=_signature(shipment),
        delivered_at=shipment.delivered_at() or about["occurred_at"],
    )


def _signature(shipment: Shipment) -> str | None:
    return next((state.signed_by for state in shipment.states().values() if state.signed_by), None)
