"""What a customer may see of one shipment: no prices, goods, streets or names, and nothing of other shipments."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from canonical import Envelope

from control_tower.domain.corrections import standing
from control_tower.domain.zones import zone_of

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "order.released": "ordered",
        "transport.shipment-planned": "prepared",
        "carrier.carrier-booked": "announced",
        "warehouse.shipment-dispatched": "left",
        "carrier.picked-up": "collected",
        "carrier.in-transit": "travelling",
        "carrier.arrived-at-facility": "depot",
        "carrier.customs-hold": "customs",
        "carrier.delivery-delayed": "delayed",
        "carrier.delivery-exception": "problem",
        "carrier.out-for-delivery": "tour",
        "carrier.delivery-attempted": "attempted",
        "carrier.available-for-pickup": "pickup",
        "carrier.return-in-transit": "returning",
        "carrier.delivered": "delivered",
        "carrier.proof-of-delivery-received": "delivered",
    }
)
"""What each event is to a customer; of several at one moment the later in this list is told."""
RANKS = {step: rank for rank, step in enumerate(STEPS.values())}
FINAL = ("delivered", "returning")
"""What no later report takes back, the stronger first."""
BOOKING_REJECTED = "booking-rejected"
UNCANCELLED = frozenset({"left", "collected", "travelling", "depot", "tour", "delivered", "returning"})


class Step(NamedTuple):
    """Something that happened to the shipment."""

    name: str
    at: datetime
    place: str | None
    clock: str | None
    """The carrier's own clock, where it names no zone."""


class Parcel(NamedTuple):
    """One parcel and how far it is."""

    tracking_number: str
    step: str


class Tracked(NamedTuple):
    """A shipment as its customer sees it."""

    company: str
    order_id: str
    shipment_id: str
    carrier: str | None
    status: str
    promised_at: datetime | None
    expected_at: datetime | None
    steps: Sequence[Step]
    parcels: Sequence[Parcel]
    place: str | None
    delivered_at: datetime | None
    signed_by: str | None
    zone: str


def track(shipment_id: str, envelopes: Iterable[Envelope]) -> Tracked | None:
    """Return what is known of a shipment from its order's events; None when nothing is."""
    stand = standing(envelopes)
    own = sorted((one for one in stand if one.data.get("shipment_id") == shipment_id), key=_when)
    if not own:
        return None
    order = sorted((one for one in stand if "shipment_id" not in one.data), key=_when)
    steps = _steps([one for one in order if one.type.startswith("order.released.")] + own)
    return Tracked(
        company=own[-1].company,
        order_id=str(own[-1].data.get("order_id", own[-1].correlationid)),
        shipment_id=shipment_id,
        carrier=_last(own, "carrier_code"),
        status=_status(steps, order),
        promised_at=_moment(_last(order, "promised_at")),
        expected_at=_moment(_last(own, "eta") or _last(own, "planned_delivery_at")),
        steps=steps,
        parcels=_parcels(own),
        place=next((step.place for step in reversed(steps) if step.place), None),
        delivered_at=_delivered_at(own),
        signed_by=masked_name(_last(own, "signed_by")),
        zone=_zone([*order, *own]),
    )


def town(location: str | None) -> str | None:
    """Return the town of a place as a carrier writes it: whatever stands beside a number is left out."""
    parts = [part.strip() for part in re.split(r"[,;\n]", location or "")]
    return ", ".join(part for part in parts if part and not any(c.isdigit() for c in part)) or None


def masked_name(name: str | None) -> str | None:
    """Return a name's initials."""
    return " ".join(f"{part[0].upper()}•••" for part in name.replace(".", " ").split()) or None if name else None


def _when(envelope: Envelope) -> tuple[datetime, int, str]:
    return envelope.time, RANKS.get(STEPS.get(_base(envelope), ""), -1), envelope.id


def _base(envelope: Envelope) -> str:
    return envelope.type.rsplit(".", 1)[0]


def _steps(envelopes: Iterable[Envelope]) -> list[Step]:
    found: dict[tuple[str, datetime], Step] = {}
    for one in envelopes:
        name = STEPS.get(_base(one))
        if name is None or one.data.get("reason") == BOOKING_REJECTED:
            continue
        at = _moment(one.data.get("delivered_at")) or one.time
        found.setdefault((name, at), Step(name, at, town(one.data.get("location")), one.data.get("local_time")))
    proven = [key for key in found if key[0] == "delivered"]
    for key in proven[1:]:  # the proof tells the delivery again
        del found[key]
    return list(found.values())


def _status(steps: Sequence[Step], order: Iterable[Envelope]) -> str:
    names = {step.name for step in steps}
    for name in FINAL:
        if name in names:
            return name
    is_cancelled = any(_base(one) == "order.completed" and one.data.get("outcome") == "cancelled" for one in order)
    if is_cancelled and not names & UNCANCELLED:
        return "cancelled"
    return steps[-1].name if steps else "prepared"


def _parcels(own: Sequence[Envelope]) -> list[Parcel]:
    numbers: list[str] = []
    reached: dict[str, str] = {}
    for one in own:
        if isinstance(listed := one.data.get("parcels"), list):
            numbers = [str(parcel["tracking_number"]) for parcel in listed if "tracking_number" in parcel] or numbers
        if (number := one.data.get("tracking_number")) and (name := STEPS.get(_base(one))):
            reached[str(number)] = name
    furthest = next((name for name in reached.values() if name == "delivered"), None)
    return [Parcel(number, furthest or reached.get(number, "announced")) for number in numbers]


def _delivered_at(own: Iterable[Envelope]) -> datetime | None:
    moments = [_moment(one.data.get("delivered_at")) or one.time for one in own if STEPS.get(_base(one)) == "delivered"]
    return min(moments, default=None)


def _zone(envelopes: Sequence[Envelope]) -> str:
    """Return the customer's zone, else the site's."""
    for field in ("ship_to", "ship_from"):
        for one in reversed(envelopes):
            address: Mapping[str, Any] = one.data.get(field) or {}
            if found := zone_of(address.get("country", ""), address.get("postal_code", "")):
                return found
    return "UTC"


def _last(envelopes: Sequence[Envelope], field: str) -> str | None:
    return next((value for one in reversed(envelopes) if (value := one.data.get(field))), None)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
