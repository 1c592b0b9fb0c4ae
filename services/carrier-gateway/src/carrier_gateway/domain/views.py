"""Shipments and parcels as they are shown to those who ask."""

from typing import Any

from carrier_gateway.domain.facts import Fact
from carrier_gateway.domain.shipment import Pointer, Shipment


def shown(shipment: Shipment) -> dict[str, Any]:
    """Return a shipment for showing, without personal data."""
    hidden = {"contact", "parcels", "told", "told_eta", "why"}
    return {
        **shipment.model_dump(mode="json", exclude=hidden),
        "status": shipment.status(),
        "eta": shipment.eta(),
        "delivered_at": shipment.delivered_at(),
        "parcels": [shown_parcel(shipment, number) for number in shipment.parcels],
        "waits": shipment.waits(),
    }


def shown_parcel(shipment: Shipment, tracking_number: str) -> dict[str, Any]:
    """Return a parcel for showing."""
    parcel = shipment.parcels[tracking_number]
    state = parcel.state()
    return {
        "carrier_code": shipment.carrier_code,
        "tracking_number": tracking_number,
        "sscc": parcel.sscc,
        "shipment_id": shipment.shipment_id,
        "order_id": shipment.order_id,
        "state": state.state,
        "since": state.since or shipment.since,
        "delivered_at": state.delivered_at,
        "eta": shipment.eta(),
        "history": [shown_fact(fact) for fact in sorted(parcel.facts.values(), key=lambda fact: fact.order)],
        "waits": shipment.waits(),
    }


def shown_waiting(carrier: str, tracking_number: str, pointer: Pointer) -> dict[str, Any]:
    """Return a tracking number of which no booking is recorded yet."""
    return {
        "carrier_code": carrier,
        "tracking_number": tracking_number,
        "state": "waiting",
        "since": min(item.since for item in pointer.waiting),
        "history": [shown_fact(item.fact) for item in pointer.waiting],
        "waits": "no booking with this tracking number is recorded yet; its milestones are kept until one is",
    }


def shown_fact(fact: Fact) -> dict[str, Any]:
    """Return a fact for showing, without who signed."""
    return fact.model_dump(mode="json", exclude={"signed_by"}, exclude_none=True)
