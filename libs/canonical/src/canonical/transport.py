"""Events of the transport domain, owned by transport-planner."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from canonical.event import CanonicalEvent
from canonical.ids import CarrierCode, CustomerId, OrderId, ReturnId, ShipmentId, SiteCode, WarehouseOrderId
from canonical.values import SECRET, Address, Contact, Money, Parcel


class TransportEvent(CanonicalEvent):
    """A fact about the transport of one order."""

    owner: ClassVar[str] = "transport-planner"

    order_id: OrderId
    """The order."""
    shipment_id: ShipmentId
    """The shipment."""


class ShipmentPlanned(TransportEvent):
    """Carrier and service are chosen; nothing is booked yet."""

    type: ClassVar[str] = "transport.shipment-planned.v1"

    warehouse_order_id: WarehouseOrderId
    """The warehouse order."""
    site: SiteCode
    """Where it starts."""
    customer_id: CustomerId
    """Who bought."""
    mode: Literal["parcel", "ltl"]
    """Parcel or less-than-truckload."""
    carrier_code: CarrierCode
    """Who is to carry it."""
    service_code: str
    """The carrier's service."""
    ship_from: Address
    """Where it starts."""
    ship_to: Address
    """Where it goes."""
    contact: Contact
    """How the customer is told."""
    parcels: tuple[Parcel, ...]
    """The parcels."""
    planned_pickup_at: AwareDatetime
    """When the carrier is to take it."""
    planned_delivery_at: AwareDatetime
    """When it should arrive."""
    cost: Money = Field(json_schema_extra=SECRET)
    """What the carrier quoted."""


class LoadTendered(TransportEvent):
    """A load was offered to a carrier."""

    type: ClassVar[str] = "transport.load-tendered.v1"

    carrier_code: CarrierCode
    """To whom."""
    respond_by: AwareDatetime
    """Until when the carrier may answer."""


class TenderAccepted(TransportEvent):
    """The carrier took the load."""

    type: ClassVar[str] = "transport.tender-accepted.v1"

    carrier_code: CarrierCode
    """Who took it."""
    reference: str
    """The carrier's number for it."""


class TenderRejected(TransportEvent):
    """The carrier declined the load."""

    type: ClassVar[str] = "transport.tender-rejected.v1"

    carrier_code: CarrierCode
    """Who declined."""
    reason: str
    """Why."""


class AppointmentScheduled(TransportEvent):
    """A time for pickup or delivery was agreed."""

    type: ClassVar[str] = "transport.appointment-scheduled.v1"

    stop: Literal["pickup", "delivery"]
    """Which end."""
    starts_at: AwareDatetime
    """From when."""
    ends_at: AwareDatetime
    """Until when."""
    reference: str
    """Number of the appointment."""


class ReturnShipmentPlanned(TransportEvent):
    """Carrier and service of a return are chosen."""

    type: ClassVar[str] = "transport.return-shipment-planned.v1"

    return_id: ReturnId
    """The return."""
    customer_id: CustomerId
    """Who returns."""
    carrier_code: CarrierCode
    """Who is to carry it."""
    service_code: str
    """The carrier's service."""
    ship_from: Address
    """Where it is picked up."""
    ship_to: Address
    """Where it goes."""
    contact: Contact
    """How the customer is told."""
    site: SiteCode
    """The site it returns to."""


class FreightInvoiceReceived(TransportEvent):
    """The carrier invoiced a shipment."""

    type: ClassVar[str] = "transport.freight-invoice-received.v1"

    carrier_code: CarrierCode
    """Who invoiced."""
    invoice_number: str
    """The carrier's invoice."""
    amount: Money = Field(json_schema_extra=SECRET)
    """What it costs."""
