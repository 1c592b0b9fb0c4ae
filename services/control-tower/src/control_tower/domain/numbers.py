"""The business numbers an event carries, by which people look for it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "order_id": "order",
        "shipment_id": "shipment",
        "warehouse_order_id": "warehouse order",
        "tracking_number": "tracking number",
        "sscc": "SSCC",
        "sku": "SKU",
        "customer_id": "customer",
        "return_id": "return",
        "case_id": "case",
        "notification_id": "notification",
        "allocation_id": "allocation",
        "asn_id": "ASN",
        "receipt_id": "receipt",
        "adjustment_id": "adjustment",
        "document_id": "document",
        "control_number": "interchange",
        "invoice_number": "freight invoice",
        "dead_letter_id": "dead letter",
        "replay_id": "replay",
        "partner": "partner",
        "carrier_code": "carrier",
        "site": "site",
    }
)
"""What each field is called; a number of that name counts wherever it stands in an event."""

MOST = 1000
"""Numbers of one event at most: an order has 500 lines."""


def numbers_of(data: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Return the (kind, value) pairs of an event's data, at most `MOST`."""
    found: set[tuple[str, str]] = set()
    for pair in _walk(data):
        if len(found) >= MOST:
            break
        found.add(pair)
    return frozenset(found)


def _walk(value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  any JSON value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in KINDS and isinstance(inner, str) and inner:
                yield KINDS[name], inner
            elif isinstance(inner, Mapping | list):
                yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
