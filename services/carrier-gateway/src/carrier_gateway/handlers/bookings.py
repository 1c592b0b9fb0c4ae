"""Bookings: made once per planned shipment, told as facts, taken back when the warehouse stopped the order."""

from collections.abc import Mapping
from datetime import datetime

from canonical import CanonicalEvent
from canonical.carrier import CarrierBooked, DeliveryException
from canonical.transport import ShipmentPlanned
from canonical.warehouse import PickShorted
from chassis import Clock, Effect, Outcome, Permanent

from carrier_gateway.domain import Booking, Label, OrderIndex, Pointer, Shipment
from carrier_gateway.domain.reports import pointer_key
from carrier_gateway.handlers.milestones import milestone
from carrier_gateway.ports import BookingRefused, BookShipment, CancelBooking, Carrier, Desk, Labels

BOOKING_REJECTED = "booking-rejected"
CANCELLED = "cancelled"


ASKED = frozenset({"booking", "held"})
"""Stages in which the carrier was asked, and a person may have it asked again under the same key."""


async def book_shipment(event: ShipmentPlanned, *, desk: Desk) -> Outcome:
    """Book a planned shipment, unless its warehouse order was stopped meanwhile."""
    if await desk.shipments.get(event.shipment_id):
        return []
    index = await desk.orders.get(event.order_id) or OrderIndex()
    index.shipments.append(event.shipment_id)
    desk.orders.put(event.order_id, index)
    shipment = _planned(event)
    desk.shipments.put(event.shipment_id, shipment)
    if event.warehouse_order_id in index.stopped:
        shipment.is_stopped = True
        shipment.reach("cancelled", event.occurred_at, "the warehouse stopped the order before it was booked")
        return []
    return [BookShipment(lane=event.shipment_id, shipment_id=event.shipment_id, plan=event)]


async def make_booking(effect: BookShipment, *, key: str, carriers: Mapping[str, Carrier]) -> Booking:
    """Call the carrier.

    Raises:
        BookingRefused: it will not take the shipment, or we do not know the carrier.
    """
    carrier = carriers.get(effect.plan.carrier_code)
    if carrier is None:
        raise BookingRefused(f"carrier {effect.plan.carrier_code} has no connector here", code="unknown-carrier")
    return await carrier.book(effect.plan, key=key)


async def note_booking(effect: BookShipment, booking: Booking, *, desk: Desk, labels: Labels, clock: Clock) -> Outcome:
    """The carrier has it: tell the mesh, then whatever the carrier reported before we had its answer."""
    shipment = await known(effect.shipment_id, desk)
    if shipment.stage not in ASKED:
        return []
    now = clock.now()
    shipment.book(booking, now)
    for label in shipment.labels(booking):
        labels.keep(label)
    desk.shipments.put(shipment.shipment_id, shipment)
    waiting = await _claim(shipment, desk, now)
    if shipment.is_stopped and not waiting:
        return _cancel(shipment, desk, clock)
    booked = CarrierBooked(
        occurred_at=now,
        order_id=shipment.order_id,
        shipment_id=shipment.shipment_id,
        carrier_code=shipment.carrier_code,
        warehouse_order_id=shipment.warehouse_order_id,
        site=shipment.site,
        booking_reference=booking.reference,
        parcels=booking.parcels,
    )
    return [booked, *waiting]


async def note_booking_failure(effect: BookShipment, failure: Permanent, *, desk: Desk, clock: Clock) -> Outcome:
    """A refusal is told, so that another carrier is chosen; after anything else it may be booked, so it is held."""
    shipment = await known(effect.shipment_id, desk)
    if shipment.stage not in ASKED:
        return []
    now = clock.now()
    desk.shipments.put(shipment.shipment_id, shipment)
    if not isinstance(failure, BookingRefused):
        shipment.reach("held", now, str(failure))
        return []
    if shipment.is_stopped:
        shipment.reach("cancelled", now, "the carrier refused what was to be cancelled anyway")
        return []
    shipment.reach("refused", now, str(failure))
    return [
        DeliveryException(
            occurred_at=now,
            order_id=shipment.order_id,
            shipment_id=shipment.shipment_id,
            carrier_code=shipment.carrier_code,
            customer_id=shipment.customer_id,
            tracking_number=effect.plan.parcels[0].sscc if effect.plan.parcels else shipment.shipment_id,
            carrier_status_code=failure.code,
            description=str(failure)[:500],
            reason=BOOKING_REJECTED,
        )
    ]


async def keep_label(label: Label, *, labels: Labels) -> Outcome:
    """Keep a label that did not come with the booking."""
    labels.keep(label)
    return []


async def stop_shipments(event: PickShorted, *, desk: Desk, clock: Clock) -> Outcome:
    """The warehouse confirmed that nothing leaves: take back the bookings of which the carrier has nothing yet."""
    if event.reason != CANCELLED or event.lines:
        return []
    index = await desk.orders.get(event.order_id) or OrderIndex()
    if event.warehouse_order_id not in index.stopped:
        index.stopped.append(event.warehouse_order_id)
        desk.orders.put(event.order_id, index)
    outcome: list[CanonicalEvent | Effect] = []
    for shipment_id in index.shipments:
        shipment = await known(shipment_id, desk)
        if shipment.warehouse_order_id == event.warehouse_order_id and not shipment.is_stopped:
            shipment.is_stopped = True
            desk.shipments.put(shipment_id, shipment)
            outcome.extend(_cancel(shipment, desk, clock))
    return outcome


async def make_cancel(effect: CancelBooking, *, key: str, carriers: Mapping[str, Carrier]) -> None:
    """Call the carrier."""
    await carriers[effect.carrier_code].cancel(effect.booking_reference, key=key)


async def note_cancel(effect: CancelBooking, nothing: None, *, desk: Desk, clock: Clock) -> Outcome:
    """The booking is gone."""
    del nothing
    shipment = await known(effect.shipment_id, desk)
    shipment.reach("cancelled", clock.now())
    desk.shipments.put(shipment.shipment_id, shipment)
    return []


async def note_cancel_failure(effect: CancelBooking, failure: Permanent, *, desk: Desk, clock: Clock) -> Outcome:
    """The carrier keeps the booking: it stays booked, and says why; the dead letter is for a person."""
    shipment = await known(effect.shipment_id, desk)
    shipment.reach("booked", clock.now(), f"not cancelled: {failure}")
    desk.shipments.put(shipment.shipment_id, shipment)
    return []


async def known(shipment_id: str, desk: Desk) -> Shipment:
    """Return a shipment.

    Raises:
        Permanent: there is none.
    """
    shipment = await desk.shipments.get(shipment_id)
    if shipment is None:
        raise Permanent(f"shipment {shipment_id} is not known here", remedy="check-shipment")
    return shipment


async def _claim(shipment: Shipment, desk: Desk, now: datetime) -> list[CanonicalEvent]:
    """Point the tracking numbers here and take up the facts that waited for it."""
    keys = {number: pointer_key(shipment.carrier_code, number) for number in shipment.parcels}
    await desk.pointers.load(keys.values())
    events: list[CanonicalEvent] = []
    for number, key in keys.items():
        pointer = await desk.pointers.get(key) or Pointer()
        for item in pointer.waiting:
            events.extend(milestone(shipment, told, now) for told in shipment.note(number, item.fact))
        desk.pointers.put(key, Pointer(shipment_id=shipment.shipment_id))
    return events


def _cancel(shipment: Shipment, desk: Desk, clock: Clock) -> Outcome:
    if shipment.stage != "booked" or shipment.has_left() or shipment.booking_reference is None:
        return []
    shipment.reach("cancelling", clock.now())
    desk.shipments.put(shipment.shipment_id, shipment)
    return [
        CancelBooking(
            lane=shipment.shipment_id,
            shipment_id=shipment.shipment_id,
            carrier_code=shipment.carrier_code,
            booking_reference=shipment.booking_reference,
        )
    ]


def _planned(event: ShipmentPlanned) -> Shipment:
    return Shipment(
        shipment_id=event.shipment_id,
        order_id=event.order_id,
        warehouse_order_id=event.warehouse_order_id,
        site=event.site,
        customer_id=event.customer_id,
        contact=event.contact,
        carrier_code=event.carrier_code,
        service_code=event.service_code,
        planned_delivery_at=event.planned_delivery_at,
        destination=event.ship_to.country,
        stage="booking",
        since=event.occurred_at,
    )
