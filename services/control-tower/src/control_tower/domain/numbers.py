"""The business numbers an event carries, by which people look for it."""

from collections.abc import Mapping
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
        "purchase_order": "purchase order",
        "reference": "reference",
        "booking_reference": "booking",
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
    _walk(data, found)
    return frozenset(found)


def _walk(value: Any, found: set[tuple[str, str]]) -> None:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                if inner and name in KINDS and len(found) < MOST:
                    found.add((KINDS[name], inner))
            elif isinstance(inner, dict | list):
                _walk(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, found)
