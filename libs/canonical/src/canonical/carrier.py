"""Events of the carrier domain, owned by carrier-gateway: booking and milestones."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from canonical.event import CanonicalEvent
from canonical.ids import CarrierCode, CustomerId, OrderId, ShipmentId, SiteCode, TrackingNumber, WarehouseOrderId
from canonical.values import PII, BookedParcel, Contact


class CarrierEvent(CanonicalEvent):
    """A fact about one shipment in a carrier's hands."""

    owner: ClassVar[str] = "carrier-gateway"

    order_id: OrderId
    """The order."""
    shipment_id: ShipmentId
    """The shipment."""
    carrier_code: CarrierCode
    """Who carries it."""


class CarrierBooked(CarrierEvent):
    """The carrier accepted the booking; labels exist, nothing has moved."""

    type: ClassVar[str] = "carrier.carrier-booked.v1"

    warehouse_order_id: WarehouseOrderId
    """The warehouse order."""
    site: SiteCode
    """Where it starts."""
    booking_reference: str
    """The carrier's number of the booking."""
    parcels: tuple[BookedParcel, ...]
    """The parcels with their tracking numbers."""


class Milestone(CarrierEvent):
    """Something the carrier reported about a parcel."""

    customer_id: CustomerId
    """Who bought."""
    tracking_number: TrackingNumber
    """The parcel; of a fact about the whole shipment, its first."""
    location: str | None = None
    """Where, as the carrier says it."""
    local_time: str | None = None
    """The carrier's own clock where it names no zone, ISO 8601; `occurred_at` is then when the mesh heard of it."""
    carrier_status_code: str
    """The carrier's own code."""
    description: str = ""
    """The carrier's own words."""
    contact: Contact | None = None
    """How the customer is told."""


class PickedUp(Milestone):
    """The carrier has the parcel."""

    type: ClassVar[str] = "carrier.picked-up.v1"


class InTransit(Milestone):
    """The parcel is on its way."""

    type: ClassVar[str] = "carrier.in-transit.v1"


class ArrivedAtFacility(Milestone):
    """The parcel reached a depot."""

    type: ClassVar[str] = "carrier.arrived-at-facility.v1"


class CustomsHold(Milestone):
    """Customs keeps the parcel."""

    type: ClassVar[str] = "carrier.customs-hold.v1"

    reason: str
    """Why."""


class OutForDelivery(Milestone):
    """The parcel is on the delivery tour."""

    type: ClassVar[str] = "carrier.out-for-delivery.v1"


class EtaChanged(Milestone):
    """The expected delivery moved past the threshold."""

    type: ClassVar[str] = "carrier.eta-changed.v1"

    eta: AwareDatetime
    """When it is expected now."""
    previous_eta: AwareDatetime | None = None
    """When it was expected before."""
    estimated_by: Literal["carrier", "crossdock"]
    """Whose estimate it is."""


class DeliveryDelayed(Milestone):
    """The carrier says it will be late."""

    type: ClassVar[str] = "carrier.delivery-delayed.v1"

    reason: str
    """Why."""


class DeliveryAttempted(Milestone):
    """The carrier was there and could not deliver."""

    type: ClassVar[str] = "carrier.delivery-attempted.v1"

    attempt: int = Field(ge=1)
    """Which attempt, from 1."""
    reason: str
    """Why it failed."""


class DeliveryException(Milestone):
    """Something is wrong that a person should look at; `booking-rejected` when the carrier refused the booking."""

    type: ClassVar[str] = "carrier.delivery-exception.v1"

    reason: str
    """What."""


class AvailableForPickup(Milestone):
    """The parcel waits for the customer at a shop or locker."""

    type: ClassVar[str] = "carrier.available-for-pickup.v1"

    place: str
    """Where."""


class Delivered(Milestone):
    """All parcels of the shipment were handed over."""

    type: ClassVar[str] = "carrier.delivered.v1"

    signed_by: str | None = Field(default=None, json_schema_extra=PII)
    """Who took it."""
    parcels_total: int = Field(ge=1)
    """How many parcels the shipment has."""


class ProofOfDeliveryReceived(Milestone):
    """The carrier's proof of delivery for the shipment is there."""

    type: ClassVar[str] = "carrier.proof-of-delivery-received.v1"

    document_ref: str
    """Where the document is found."""
    signed_by: str | None = Field(default=None, json_schema_extra=PII)
    """Who signed."""
    delivered_at: AwareDatetime
    """When it was handed over."""


class ReturnInTransit(Milestone):
    """The parcel goes back to the sender."""

    type: ClassVar[str] = "carrier.return-in-transit.v1"

    reason: str
    """Why."""
