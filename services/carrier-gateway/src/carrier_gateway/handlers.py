"""What happens to shipments: each function takes a fact and returns the facts and calls that follow."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from canonical import CanonicalEvent
from canonical.carrier import (
    ArrivedAtFacility,
    AvailableForPickup,
    CarrierBooked,
    CustomsHold,
    Delivered,
    DeliveryAttempted,
    DeliveryDelayed,
    DeliveryException,
    EtaChanged,
    InTransit,
    OutForDelivery,
    PickedUp,
    ProofOfDeliveryReceived,
    ReturnInTransit,
)
from canonical.transport import ShipmentPlanned
from chassis import Clock, Outcome, Permanent

from carrier_gateway.domain import ONCE_PER_SHIPMENT, Booked, Kind, Parcel, ParcelState, Scan, Shipment
from carrier_gateway.ports import BookShipment, Carrier, Parcels, Shipments

BOOKING_REJECTED = "booking-rejected"
PLAIN: Mapping[Kind, type[PickedUp | InTransit | ArrivedAtFacility | OutForDelivery]] = {
    "picked-up": PickedUp,
    "in-transit": InTransit,
    "arrived": ArrivedAtFacility,
    "out-for-delivery": OutForDelivery,
}
WITH_REASON: Mapping[Kind, type[CustomsHold | DeliveryDelayed | DeliveryException | ReturnInTransit]] = {
    "customs": CustomsHold,
    "delayed": DeliveryDelayed,
    "exception": DeliveryException,
    "returning": ReturnInTransit,
}


async def book_shipment(event: ShipmentPlanned, *, shipments: Shipments) -> Outcome:
    """Book a planned shipment."""
    if await shipments.get(event.shipment_id):
        return []
    shipments.put(event.shipment_id, Shipment(plan=event))
    return [BookShipment(lane=event.shipment_id, plan=event)]


async def make_booking(effect: BookShipment, *, key: str, carriers: Mapping[str, Carrier]) -> Booked:
    """Call the carrier.

    Raises:
        Permanent: nobody here speaks to that carrier.
    """
    carrier = carriers.get(effect.plan.carrier_code)
    if carrier is None:
        raise Permanent(f"no connector for carrier {effect.plan.carrier_code}", remedy="add-carrier-profile")
    return await carrier.book(effect.plan, key=key)


async def note_booking(
    effect: BookShipment, booked: Booked, *, shipments: Shipments, parcels: Parcels, clock: Clock, eta_threshold: timedelta
) -> Outcome:
    """The carrier accepted: labels exist; scans that came before are taken in now."""
    shipment = await _known(effect.shipment_id, shipments)
    shipment.booking_reference = booked.reference
    shipment.parcels = [ParcelState(tracking_number=p.tracking_number, sscc=p.sscc) for p in booked.parcels]
    shipments.put(effect.shipment_id, shipment)
    outcome: list[CanonicalEvent] = [_booked(shipment, booked, clock)]
    for state in shipment.parcels:
        parcel = await parcels.get(state.tracking_number) or Parcel()
        waiting, parcel.waiting = parcel.waiting, []
        parcel.shipment_id = effect.shipment_id
        parcels.put(state.tracking_number, parcel)
        for scan in waiting:
            outcome += _take_in(shipment, scan, eta_threshold)
    return outcome


async def note_refusal(effect: BookShipment, failure: Permanent, *, shipments: Shipments, clock: Clock) -> Outcome:
    """The carrier refused for good: the planner is to choose another."""
    shipment = await _known(effect.shipment_id, shipments)
    shipment.refused = str(failure)
    shipments.put(effect.shipment_id, shipment)
    plan = shipment.plan
    return [
        DeliveryException(
            occurred_at=clock.now(),
            order_id=plan.order_id,
            shipment_id=plan.shipment_id,
            carrier_code=plan.carrier_code,
            customer_id=plan.customer_id,
            tracking_number=plan.shipment_id,
            carrier_status_code="refused",
            description=str(failure)[:500],
            reason=BOOKING_REJECTED,
        )
    ]


async def take_scan(scan: Scan, *, shipments: Shipments, parcels: Parcels, eta_threshold: timedelta) -> Outcome:
    """Take in what a carrier reported; a tracking number not known yet waits for its booking."""
    parcel = await parcels.get(scan.tracking_number) or Parcel()
    if parcel.shipment_id is None:
        parcel.waiting.append(scan)
        parcels.put(scan.tracking_number, parcel)
        return []
    shipment = await _known(parcel.shipment_id, shipments)
    shipments.put(parcel.shipment_id, shipment)
    return _take_in(shipment, scan, eta_threshold)


async def _known(shipment_id: str, shipments: Shipments) -> Shipment:
    shipment = await shipments.get(shipment_id)
    if shipment is None:
        raise Permanent(f"shipment {shipment_id} is not known here", remedy="check-shipment-source")
    return shipment


def _take_in(shipment: Shipment, scan: Scan, eta_threshold: timedelta) -> list[CanonicalEvent]:
    parcel = shipment.parcel(scan.tracking_number)
    if parcel is None or any(seen.key == scan.key for seen in parcel.scans):
        return []
    parcel.see(scan)
    events = _milestone(shipment, parcel, scan, eta_threshold)
    if shipment.is_delivered and shipment.tell("delivered"):
        events.append(Delivered(**_about(shipment, scan), signed_by=scan.signed_by, parcels_total=len(shipment.parcels)))
    if shipment.is_proven and shipment.tell("proof"):
        proof = {
            "document_ref": shipment.parcels[0].document_ref,
            "signed_by": shipment.parcels[0].signed_by,
            "delivered_at": shipment.delivered_at,
        }
        events.append(ProofOfDeliveryReceived(**_about(shipment, scan), **proof))
    return events


def _milestone(shipment: Shipment, parcel: ParcelState, scan: Scan, eta_threshold: timedelta) -> list[CanonicalEvent]:
    """Return what a scan tells the mesh; arrival and proof are told for the whole shipment elsewhere."""
    fact = scan.kind if scan.kind in ONCE_PER_SHIPMENT else scan.key
    about = _about(shipment, scan)
    reason = scan.reason or scan.description or scan.code
    if scan.kind in {"delivered", "proof", "unmapped"} or not shipment.tell(fact):
        return []
    if scan.kind in PLAIN:
        return [PLAIN[scan.kind](**about)]
    if scan.kind in WITH_REASON:
        return [WITH_REASON[scan.kind](**about, reason=reason)]
    if scan.kind == "attempted":
        attempt = sum(seen.kind == "attempted" for seen in parcel.scans)
        return [DeliveryAttempted(**about, attempt=attempt, reason=reason)]
    if scan.kind == "pickup-point":
        return [AvailableForPickup(**about, place=scan.location or reason)]
    if scan.eta and shipment.moves_eta(scan.eta, eta_threshold):
        previous, shipment.eta = shipment.eta, scan.eta
        return [EtaChanged(**about, eta=scan.eta, previous_eta=previous, estimated_by="carrier")]
    return []


def _about(shipment: Shipment, scan: Scan) -> dict[str, Any]:
    plan = shipment.plan
    return {
        "occurred_at": scan.at,
        "order_id": plan.order_id,
        "shipment_id": plan.shipment_id,
        "carrier_code": plan.carrier_code,
        "customer_id": plan.customer_id,
        "contact": plan.contact,
        "tracking_number": scan.tracking_number,
        "location": scan.location,
        "carrier_status_code": scan.code,
        "description": scan.description,
    }


def _booked(shipment: Shipment, booked: Booked, clock: Clock) -> CarrierBooked:
    plan = shipment.plan
    return CarrierBooked(
        occurred_at=clock.now(),
        order_id=plan.order_id,
        shipment_id=plan.shipment_id,
        carrier_code=plan.carrier_code,
        warehouse_order_id=plan.warehouse_order_id,
        site=plan.site,
        booking_reference=booked.reference,
        parcels=booked.parcels,
    )
