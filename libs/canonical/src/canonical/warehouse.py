"""Events of the warehouse domain, owned by warehouse-adapter."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from canonical.event import CanonicalEvent
from canonical.ids import (
    AllocationId,
    CarrierCode,
    CustomerId,
    OrderId,
    ReturnId,
    ShipmentId,
    SiteCode,
    Sku,
    WarehouseOrderId,
)
from canonical.orders import ServiceLevel
from canonical.values import Address, BookedParcel, Contact, LineQuantity, Parcel, Quantity


class WarehouseEvent(CanonicalEvent):
    """A fact from a warehouse."""

    owner: ClassVar[str] = "warehouse-adapter"

    site: SiteCode
    """The warehouse."""


class WarehouseOrderEvent(WarehouseEvent):
    """A fact about one warehouse order."""

    warehouse_order_id: WarehouseOrderId
    """The warehouse order."""
    allocation_id: AllocationId
    """The allocation it fulfils."""
    order_id: OrderId
    """The order."""


class WarehouseOrderAccepted(WarehouseOrderEvent):
    """The warehouse took the order on."""

    type: ClassVar[str] = "warehouse.warehouse-order-accepted.v1"


class PickCompleted(WarehouseOrderEvent):
    """Everything asked for was picked."""

    type: ClassVar[str] = "warehouse.pick-completed.v1"

    lines: tuple[LineQuantity, ...]
    """What was picked."""


class PickShorted(WarehouseOrderEvent):
    """Less was picked than asked for; with reason `cancelled` the warehouse stopped the order."""

    type: ClassVar[str] = "warehouse.pick-shorted.v1"

    lines: tuple[LineQuantity, ...]
    """What was picked; empty when nothing was."""
    shorted: tuple[LineQuantity, ...]
    """What is missing."""
    reason: str
    """Why: `short` goods not found, `damaged`, or `cancelled`."""


class PackCompleted(WarehouseOrderEvent):
    """The goods are in parcels, ready for a carrier."""

    type: ClassVar[str] = "warehouse.pack-completed.v1"

    customer_id: CustomerId
    """Who bought."""
    ship_to: Address
    """Where the goods go."""
    contact: Contact
    """How the customer is told."""
    service_level: ServiceLevel
    """How fast it was promised."""
    promised_at: AwareDatetime
    """When delivery was promised at the latest."""
    parcels: tuple[Parcel, ...]
    """The parcels."""


class ShipmentDispatched(WarehouseEvent):
    """The parcels left the warehouse with the carrier's label."""

    type: ClassVar[str] = "warehouse.shipment-dispatched.v1"

    shipment_id: ShipmentId
    """The shipment."""
    warehouse_order_id: WarehouseOrderId
    """The warehouse order."""
    allocation_id: AllocationId
    """The allocation it fulfils."""
    order_id: OrderId
    """The order."""
    carrier_code: CarrierCode
    """Who carries it."""
    parcels: tuple[BookedParcel, ...]
    """The parcels with their tracking numbers."""
    lines: tuple[LineQuantity, ...]
    """What left."""


class ShipmentNoticeReceived(WarehouseEvent):
    """A supplier announced a delivery (ASN)."""

    type: ClassVar[str] = "warehouse.shipment-notice-received.v1"
    key_field: ClassVar[str] = "asn_id"

    asn_id: str
    """Number of the advance ship notice."""
    supplier: str
    """Who sends."""
    lines: tuple[LineQuantity, ...]
    """What is announced."""
    expected_at: AwareDatetime
    """When it is expected."""


class GoodsReceived(WarehouseEvent):
    """Goods were put on stock."""

    type: ClassVar[str] = "warehouse.goods-received.v1"
    key_field: ClassVar[str] = "sku"

    receipt_id: str
    """Number of the receipt line at the warehouse."""
    sku: Sku
    """What."""
    quantity: Quantity
    """Pieces."""
    reference: str | None = None
    """Purchase order or advance ship notice."""


class ReturnReceived(WarehouseEvent):
    """Returned goods arrived and were inspected."""

    type: ClassVar[str] = "warehouse.return-received.v1"

    return_id: ReturnId
    """The return."""
    order_id: OrderId
    """The order."""
    lines: tuple[LineQuantity, ...]
    """What arrived."""
    condition: Literal["good", "damaged"]
    """Whether it can be sold again."""
