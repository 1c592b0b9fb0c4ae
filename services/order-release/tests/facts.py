"""Facts to test with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from canonical.carrier import Delivered, ProofOfDeliveryReceived
from canonical.inventory import AllocationFailed, AllocationReleased, InventoryAllocated
from canonical.orders import OrderCancelled, OrderChanged, OrderReleased, ReturnRequested
from canonical.values import Address, Contact, LineQuantity, Money, OrderLine
from canonical.warehouse import PickCompleted, PickShorted, ReturnReceived, ShipmentDispatched

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADDRESS = Address(name="Ada", street="Dock 1", city="Berlin", postal_code="10115", country="DE")
CONTACT = Contact(email="ada@example.test")
PRICE = Money.model_validate({"amount": "1.00", "currency": "EUR"})
SO: dict[str, Any] = {"occurred_at": NOON, "order_id": "SO-1"}
AT_WORK: dict[str, Any] = SO | {"site": "DC-BER", "warehouse_order_id": "W-1", "allocation_id": "A-1"}
BY_CARRIER: dict[str, Any] = SO | {
    "carrier_code": "swiftparcel",
    "customer_id": "C-1",
    "tracking_number": "T-1",
    "carrier_status_code": "DL",
}


def qty(quantity: int, line_number: int = 10, sku: str = "A") -> LineQuantity:
    return LineQuantity(line_number=line_number, sku=sku, quantity=quantity)


def released(*quantities: int) -> OrderReleased:
    lines = tuple(
        OrderLine(line_number=10 * n, sku="A", quantity=quantity, unit_price=PRICE, unit_weight_grams=100)
        for n, quantity in enumerate(quantities, 1)
    )
    return OrderReleased(
        **SO,
        customer_id="C-1",
        ship_to=ADDRESS,
        contact=CONTACT,
        lines=lines,
        service_level="standard",
        promised_at=NOON + timedelta(days=2),
        total=PRICE,
    )


def allocated(*lines: LineQuantity, backordered: tuple[LineQuantity, ...] = ()) -> InventoryAllocated:
    return InventoryAllocated(
        **SO,
        allocation_id="A-1",
        site="DC-BER",
        customer_id="C-1",
        lines=lines,
        backordered=backordered,
        ship_to=ADDRESS,
        contact=CONTACT,
        service_level="standard",
        promised_at=NOON,
    )


def failed(*lines: LineQuantity, reason: str = "out-of-stock") -> AllocationFailed:
    return AllocationFailed.model_validate(SO | {"lines": lines, "reason": reason})


def given_up(*lines: LineQuantity, reason: str = "cancelled") -> AllocationReleased:
    return AllocationReleased(**SO, lines=lines, reason=reason)


def cancelled() -> OrderCancelled:
    return OrderCancelled(**SO, reason="changed my mind", requested_by="erp")


def changed(**news: Any) -> OrderChanged:
    return OrderChanged(**SO, reason="moved", **news)


def picked(*lines: LineQuantity) -> PickCompleted:
    return PickCompleted(**AT_WORK, lines=lines)


def shorted(*missing: LineQuantity, found: tuple[LineQuantity, ...] = (), reason: str = "short") -> PickShorted:
    return PickShorted(**AT_WORK, lines=found, shorted=missing, reason=reason)


def dispatched(*lines: LineQuantity, shipment_id: str = "S-1") -> ShipmentDispatched:
    return ShipmentDispatched(**AT_WORK, shipment_id=shipment_id, carrier_code="swiftparcel", parcels=(), lines=lines)


def delivered(shipment_id: str = "S-1") -> Delivered:
    return Delivered(**BY_CARRIER, shipment_id=shipment_id, parcels_total=1)


def proven(shipment_id: str = "S-1") -> ProofOfDeliveryReceived:
    return ProofOfDeliveryReceived(**BY_CARRIER, shipment_id=shipment_id, document_ref="pod", delivered_at=NOON)


def sent_back(return_id: str, *lines: LineQuantity) -> ReturnRequested:
    return ReturnRequested(**SO, return_id=return_id, lines=lines, reason="too small")


def back(return_id: str, condition: str = "good") -> ReturnReceived:
    fact = SO | {"site": "DC-BER", "return_id": return_id, "lines": (qty(1),), "condition": condition}
    return ReturnReceived.model_validate(fact)
