"""Reports of carriers: kept until their booking is known, then told once each as milestones."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from canonical import CanonicalEvent
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
from chassis import Clock, Effect, Http, Outcome, Permanent

from carrier_gateway.domain import Kind, Pointer, Shipment, Told
from carrier_gateway.domain.reports import Asked, MappedBatch, RawMessage, Report, pointer_key
from carrier_gateway.ports import CallBackCarrier, Desk, Raws

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


async def keep_message(message: RawMessage, *, raws: Raws) -> Outcome:
    """Keep a carrier's message as it came; what it says is found out afterwards."""
    raws.keep(message)
    return []


async def note_messages(batch: MappedBatch, *, desk: Desk, raws: Raws, clock: Clock) -> Outcome:
    """Take what messages were found to say; one that was mapped by another meanwhile says nothing again."""
    fresh = await raws.mark(batch.messages)
    outcome: list[CanonicalEvent | Effect] = []
    for found in batch.messages:
        if found.seq not in fresh:
            continue
        for report in found.reports:
            outcome += await note_report(report, desk=desk, clock=clock)
        if call := found.call_back:
            carrier = found.carrier_code
            outcome.append(CallBackCarrier(lane=carrier, carrier_code=carrier, url=call.url, body=call.body))
    return outcome


async def note_messages_again(batch: MappedBatch, *, desk: Desk, raws: Raws, clock: Clock) -> Outcome:
    """Take what dead messages say now; a fact that is known changes nothing."""
    await raws.reopen([found.seq for found in batch.messages])
    return await note_messages(batch, desk=desk, raws=raws, clock=clock)


async def note_asked(asked: Asked, *, desk: Desk) -> Outcome:
    """Note that a carrier was asked, so that it is not asked again at once."""
    for shipment_id in asked.shipment_ids:
        if shipment := await desk.shipments.get(shipment_id):
            shipment.subscribed_until = asked.subscribed_until or shipment.subscribed_until
            desk.shipments.put(shipment_id, shipment)
    return []


async def call_back(effect: CallBackCarrier, *, key: str, outside: Http) -> None:
    """Make the call a handshake asks for."""
    await outside.request("POST", effect.url, json=effect.body, idempotency_key=key)


async def note_report(report: Report, *, desk: Desk, clock: Clock) -> Sequence[CanonicalEvent]:
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
    now = clock.now()
    return [milestone(shipment, told, now) for told in shipment.note(report.tracking_number, report.fact)]


def milestone(shipment: Shipment, told: Told, now: datetime) -> Milestone:
    """Return the event of a fact; the estimate it tells becomes the one later ones are compared with.

    A moment of unknown zone is never stamped as another: the event happened `now`, and carries the carrier's clock.
    """
    fact, about = told.fact, _about(shipment, told, now)
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
            return _delivered(shipment, about, now)
        case _:
            return _proof(shipment, about, now)


def _when(at: datetime, now: datetime) -> dict[str, Any]:
    return {"occurred_at": at} if at.tzinfo else {"occurred_at": now, "local_time": at.isoformat()}


def _about(shipment: Shipment, told: Told, now: datetime) -> dict[str, Any]:
    return {
        **_when(told.fact.at, now),
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
    eta = told.fact.eta or about["occurred_at"]
    return EtaChanged(**about, eta=eta, previous_eta=previous, estimated_by="carrier")


def _delivered(shipment: Shipment, about: dict[str, Any], now: datetime) -> Delivered:
    about |= _when(shipment.delivered_at() or now, now) | {"tracking_number": next(iter(shipment.parcels))}
    return Delivered(**about, signed_by=_signature(shipment), parcels_total=len(shipment.parcels))


def _proof(shipment: Shipment, about: dict[str, Any], now: datetime) -> ProofOfDeliveryReceived:
    number, state = next(iter(shipment.states().items()))
    return ProofOfDeliveryReceived(
        **about | {"tracking_number": number},
        document_ref=state.document_ref or f"{shipment.carrier_code}:{number}",
        signed_by=_signature(shipment),
        delivered_at=_when(shipment.delivered_at() or now, now)["occurred_at"],
    )


def _signature(shipment: Shipment) -> str | None:
    return next((state.signed_by for state in shipment.states().values() if state.signed_by), None)
