"""A synthetic past for the archive: lives of orders as the mesh tells them, over days, regions, companies and sites."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

EXAMPLES = Path(__file__).resolve().parents[1] / "libs" / "canonical" / "examples"
COMMON_SKU = "SKU-COMMON"
"""Nine of ten orders carry it."""
DAYS = 7
COHORT = 200
"""Orders that live at the same time: their events interleave, as they do in the streams."""
REGIONS, COMPANIES, SITES = ("eu", "eu", "us"), ("default", "nordhandel", "outdoor"), ("DC-BER", "DC-HAM", "DC-RNO")
HOUR = 3600.0

LIFE: Sequence[tuple[str, int | None, float]] = (
    ("order.released.v1", None, 0.0),
    ("inventory.allocated.v1", 0, 0.1),
    ("inventory.availability-changed.v1", 0, 0.1),
    ("notification.notification-sent.v1", 0, 0.4),
    ("warehouse.warehouse-order-accepted.v1", None, 2.0),
    ("warehouse.pick-completed.v1", None, 0.5 * HOUR),
    ("warehouse.pack-completed.v1", None, 0.7 * HOUR),
    ("transport.shipment-planned.v1", 6, 0.7 * HOUR + 0.2),
    ("carrier.carrier-booked.v1", 7, 0.7 * HOUR + 0.9),
    ("warehouse.shipment-dispatched.v1", None, 3 * HOUR),
    ("notification.notification-sent.v1", 9, 3 * HOUR + 0.3),
    ("notification.notification-sent.v1", 9, 3 * HOUR + 0.4),
    ("carrier.picked-up.v1", None, 4 * HOUR),
    ("carrier.in-transit.v1", None, 8 * HOUR),
    ("carrier.arrived-at-facility.v1", None, 15 * HOUR),
    ("carrier.out-for-delivery.v1", None, 20 * HOUR),
    ("notification.notification-sent.v1", 15, 20 * HOUR + 0.2),
    ("carrier.delivered.v1", None, 24 * HOUR),
    ("notification.notification-sent.v1", 17, 24 * HOUR + 0.2),
    ("notification.notification-sent.v1", 17, 24 * HOUR + 0.3),
    ("carrier.proof-of-delivery-received.v1", None, 24.5 * HOUR),
    ("order.completed.v1", 20, 24.5 * HOUR + 0.2),
)
"""Type, place of the cause, seconds after the release."""
FIELDS = {
    "order_id": "@order@",
    "shipment_id": "SH-@order@-A1-1",
    "warehouse_order_id": "WO-@order@-A1",
    "allocation_id": "@order@-A1",
    "tracking_number": "@tracking@",
    "sscc": "@sscc@",
    "sku": "@sku@",
    "customer_id": "@customer@",
    "notification_id": "N-@order@-@step@",
    "site": "@site@",
}
"""What stands in an example's field of that name."""


def _with_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: FIELDS[name] if name in FIELDS and inner else _with_places(inner) for name, inner in value.items()
        }
    return [_with_places(inner) for inner in value] if isinstance(value, list) else value


def _template(event_type: str, step: int, cause: int | None) -> bytes:
    """Return an event of the catalogue's example with places to fill in, for `%`."""
    envelope = _with_places(orjson.loads((EXAMPLES / f"{event_type}.json").read_bytes()))
    service = envelope["source"].rsplit("/", 1)[-1]
    envelope |= {"id": "@id@", "source": f"/@region@/{service}", "region": "@region@", "company": "@company@"}
    envelope |= {"subject": "@order@", "partitionkey": "@order@", "correlationid": "@order@"}
    envelope |= {"time": "@at@", "recordedtime": "@at@", "sourceref": "@reference@"}
    envelope["data"]["occurred_at"] = "@at@"
    if cause is not None:
        envelope["causationid"] = "@cause@"
    text = orjson.dumps(envelope).decode().replace("%", "%%").replace("@step@", str(step))
    for name in (
        *("id", "order", "region", "company", "at", "reference", "cause", "tracking"),
        *("sscc", "sku", "customer", "site"),
    ):
        text = text.replace(f"@{name}@", f"%({name})s")
    return text.encode()


TEMPLATES = tuple(_template(event_type, step, cause) for step, (event_type, cause, _) in enumerate(LIFE))


def _id(number: int, step: int) -> bytes:
    text = hashlib.md5(b"%d|%d" % (number, step), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-8{text[17:20]}-{text[20:32]}".encode()


def numbers(number: int) -> dict[str, str]:
    """Return what an order is found by."""
    return {
        "order": f"SO-{number:09d}",
        "shipment": f"SH-SO-{number:09d}-A1-1",
        "warehouse order": f"WO-SO-{number:09d}-A1",
        "tracking number": f"SW{number:011d}",
        "SSCC": f"34{number:016d}",
        "SKU": COMMON_SKU if number % 10 else f"SKU-{number % 5000:05d}",
        "customer": f"C-{number * 7919 % 20_000:05d}",
        "reference": f"45{number:08d}",
    }


def events(orders: range, ends_at: datetime, days: int = DAYS) -> Iterator[tuple[str, bytes]]:
    """Yield type and envelope of all events of some orders, in the order they were recorded within a cohort.

    The orders are spread over so many days before `ends_at`; without days all happens then.
    """
    span = timedelta(days=days) / max(len(orders), 1)
    pace = min(days, 1)
    for first in range(orders.start, orders.stop, COHORT):
        cohort = range(first, min(first + COHORT, orders.stop))
        filled = [
            _places(number, ends_at - timedelta(days=days, hours=25 * pace) + span * (number - orders.start))
            for number in cohort
        ]
        for step, (event_type, cause, after) in enumerate(LIFE):
            for number, (start, places) in zip(cohort, filled, strict=True):
                places[b"id"] = _id(number, step)
                places[b"at"] = (start + timedelta(seconds=after * pace)).isoformat().encode()
                if cause is not None:
                    places[b"cause"] = _id(number, cause)
                yield event_type, TEMPLATES[step] % places


def _places(number: int, start: datetime) -> tuple[datetime, dict[bytes, bytes]]:
    found = numbers(number)
    texts = {
        "order": found["order"],
        "region": REGIONS[number % len(REGIONS)],
        "company": COMPANIES[number % len(COMPANIES)],
        "site": SITES[number % len(SITES)],
        "tracking": found["tracking number"],
        "sscc": found["SSCC"],
        "sku": found["SKU"],
        "customer": found["customer"],
        "reference": found["reference"],
    }
    return start.astimezone(UTC), {name.encode(): text.encode() for name, text in texts.items()}
