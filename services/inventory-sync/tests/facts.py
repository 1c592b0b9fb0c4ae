"""Facts to test with."""

from datetime import UTC, datetime, timedelta

from canonical.orders import OrderCancelled, OrderReleased
from canonical.values import Address, Contact, LineQuantity, Money, OrderLine
from canonical.warehouse import GoodsReceived, PickShorted, ReturnReceived, ShipmentDispatched

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADDRESS = Address(name="Ada", street="Dock 1", city="Berlin", postal_code="10115", country="DE")
CONTACT = Contact(email="ada@example.test")


def qty(line_number: int, sku: str, quantity: int) -> LineQuantity:
    return LineQuantity(line_number=line_number, sku=sku, quantity=quantity)


def released(order_id: str, *wanted: tuple[str, int], minute: int = 0) -> OrderReleased:
    price = Money(amount="1.00", currency="EUR")  # type: ignore[arg-type]
    lines = tuple(
        OrderLine(line_number=10 * n, sku=sku, quantity=quantity, unit_price=price, unit_weight_grams=100)
        for n, (sku, quantity) in enumerate(wanted, 1)
    )
    return OrderReleased(
        occurred_at=NOON + timedelta(minutes=minute),
        order_id=order_id,
        customer_id="C-1",
        ship_to=ADDRESS,
        contact=CONTACT,
        lines=lines,
        service_level="standard",
        promised_at=NOON + timedelta(days=2),
        total=price,
    )


def received(sku: str, quantity: int, site: str = "DC-BER") -> GoodsReceived:
    return GoodsReceived(occurred_at=NOON, receipt_id="R", sku=sku, site=site, quantity=quantity)


def cancelled(order_id: str) -> OrderCancelled:
    return OrderCancelled(occurred_at=NOON, order_id=order_id, reason="changed my mind", requested_by="erp")


def shorted(
    order_id: str, allocation_id: str, *missing: LineQuantity, reason: str = "short", site: str = "DC-BER"
) -> PickShorted:
    return PickShorted(
        occurred_at=NOON,
        warehouse_order_id="W",
        allocation_id=allocation_id,
        order_id=order_id,
        site=site,
        lines=(),
        shorted=missing,
        reason=reason,
    )


def dispatched(order_id: str, allocation_id: str, *lines: LineQuantity, site: str = "DC-BER") -> ShipmentDispatched:
    return ShipmentDispatched(
        occurred_at=NOON,
        shipment_id="S",
        warehouse_order_id="W",
        allocation_id=allocation_id,
        order_id=order_id,
        site=site,
        carrier_code="swiftparcel",
        parcels=(),
        lines=lines,
    )


def returned(order_id: str, *lines: LineQuantity, condition: str = "good") -> ReturnReceived:
    return ReturnReceived.model_validate(
        {
            "occurred_at": NOON,
            "return_id": "RT",
            "order_id": order_id,
            "site": "DC-BER",
            "lines": lines,
            "condition": condition,
        }
    )
