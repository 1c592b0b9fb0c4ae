"""Cases in the CRM's words; pure."""

from notification.ports import OpenCase


def case(opened: OpenCase, key: str) -> dict[str, str]:
    """Return the body of a case."""
    return {
        "externalId": key,
        "orderId": opened.order_id,
        "shipmentId": opened.shipment_id,
        "reason": opened.reason,
        "text": opened.text,
    }
