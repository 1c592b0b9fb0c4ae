"""Orders for tests of the chassis."""

from datetime import UTC, datetime
from decimal import Decimal

from canonical.orders import OrderReleased
from canonical.values import Address, Contact, Money, OrderLine

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PRICE = Money(amount=Decimal(5), currency="EUR")


def released(order_id: str) -> OrderReleased:
    """Return the release of an order of one line."""
    return OrderReleased(
        occurred_at=NOON,
        order_id=order_id,
        customer_id="C-1",
        ship_to=Address(name="Ada", street="Weg 1", city="Berlin", postal_code="10115", country="DE"),
        contact=Contact(email="ada@example.com"),
        lines=(OrderLine(line_number=10, sku="SKU-1", quantity=1, unit_price=PRICE, unit_weight_grams=100),),
        service_level="standard",
        promised_at=NOON,
        total=PRICE,
    )
