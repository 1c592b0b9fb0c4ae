"""Events for tests of control-tower."""

from datetime import UTC, datetime, timedelta
from typing import Any

from canonical import Envelope

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def envelope(
    event_type: str, after_seconds: float = 0, *, order: str = "SO-1", start: datetime = NOON, **more: Any
) -> Envelope:
    """Return the envelope of an event of an order."""
    at = start + timedelta(seconds=after_seconds)
    data = {"order_id": order, **more.pop("data", {})}
    values: dict[str, Any] = {
        "id": f"{order}/{event_type}",
        "source": "/eu/order-release",
        "type": event_type,
        "subject": order,
        "time": at,
        "dataschema": f"{event_type}.schema.json",
        "correlationid": order,
        "region": "eu",
        "partitionkey": order,
        "recordedtime": at,
        "data": data,
    }
    return Envelope.model_validate(values | more)
