"""Write the golden JSON Schema and a scrubbed example of every event; `--check` only says which are stale."""

import argparse
import json
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from canonical import EVENTS, CanonicalEvent, seal
from canonical.catalogue import schema_of

CANONICAL = Path(__file__).parent.parent / "libs" / "canonical"
SUFFIXES = {"schemas": ".schema.json", "examples": ".json"}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAMESPACE = uuid.UUID("4a0d3b5e-0c1d-5f6a-8b7c-1d2e3f405162")

# Fictional people and firms, `example.com`, and times around one noon: examples hold nothing of anybody.
SAMPLES: dict[str, Any] = {
    "acknowledge_by": NOON + DAY,
    "action": "replayed",
    "actor": "ada.berg",
    "adjustment_id": "ADJ-310",
    "allocated": 2,
    "allocation_id": "SO-1001-A1",
    "asn_id": "ASN-900",
    "attempt": 1,
    "available_to_promise": 38,
    "booking_reference": "SWB-55001",
    "carrier_code": "swiftparcel",
    "carrier_status_code": "IT",
    "case_id": "CASE-12",
    "city": "Hamburg",
    "control_number": "000000117",
    "cost": {"amount": "6.90", "currency": "EUR"},
    "country": "DE",
    "currency": "EUR",
    "customer_id": "C-0042",
    "dead_letter_id": "DL-71",
    "delivered": 250,
    "delta": -2,
    "description": "Parcel has left the depot",
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "document_id": "DOC-4001",
    "document_ref": "pod/SW00000000170.pdf",
    "document_type": "x12-850",
    "due_at": NOON + HOUR,
    "email": "ada.berg@example.com",
    "ends_at": NOON + DAY + HOUR,
    "eta": NOON + 2 * DAY,
    "event_type": "order.released.v1",
    "events": 250,
    "expected_at": NOON + 3 * DAY,
    "flow": "order-to-ship",
    "height_mm": 200,
    "invoice_number": "INV-2026-0815",
    "kind": "brand",
    "label_ref": "labels/SW00000000170.zpl",
    "language": "de",
    "length_mm": 400,
    "line_number": 10,
    "location": "Hamburg depot",
    "name": "Ada Berg",
    "notification_id": "N-5001",
    "on_hand": 40,
    "order_id": "SO-1001",
    "parcels_total": 1,
    "partner": "nordhandel",
    "phone": "+49 40 5550100",
    "place": "Parcel shop Marktstraße 9, Hamburg",
    "planned_delivery_at": NOON + 2 * DAY,
    "planned_pickup_at": NOON + 4 * HOUR,
    "postal_code": "20095",
    "previous_eta": NOON + DAY,
    "process_domain": "warehouse",
    "promised_at": NOON + 3 * DAY,
    "quantity": 2,
    "receipt_id": "GR-2201",
    "recipient": "ada.berg@example.com",
    "reference": "PO-7001",
    "region": "HH",
    "replay_id": "RP-3",
    "requested_by": "erp",
    "resolution": "Delivered on the second attempt",
    "respond_by": NOON + 2 * HOUR,
    "responsible": "warehouse-adapter",
    "return_id": "RMA-77",
    "return_site": "DC-BER",
    "revision": 4,
    "service_code": "NEXT-DAY",
    "services": "inventory-sync",
    "shipment_id": "SH-SO-1001-A1-1",
    "signed_by": "A. Berg",
    "site": "DC-BER",
    "sku": "SKU-0007",
    "sscc": "340123450000000017",
    "starts_at": NOON + DAY,
    "step": "warehouse.pick-completed.v1",
    "street": "Marktstraße 1",
    "supplier": "Kontor Lindqvist",
    "template": "order-delivered",
    "total": {"amount": "25.00", "currency": "EUR"},
    "tracking_number": "SW00000000170",
    "unit_weight_grams": 450,
    "warehouse_order_id": "WO-SO-1001-A1",
    "weight_grams": 1100,
    "width_mm": 300,
}
WAREHOUSE = {
    "name": "Crossdock Berlin",
    "street": "Hafenweg 5",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}
ONE_PIECE = ({"line_number": 10, "sku": "SKU-0007", "quantity": 1},)
# What one event says otherwise than the table above.
OVERRIDES: dict[str, dict[str, Any]] = {
    "b2b.document-received.v1": {"reference": "documents/DOC-4001.edi"},
    "b2b.document-rejected.v1": {"reason": "unknown item number in line 3"},
    "carrier.customs-hold.v1": {"carrier_status_code": "CU", "reason": "commercial invoice missing"},
    "carrier.delivered.v1": {"carrier_status_code": "DL", "description": "Handed over"},
    "carrier.delivery-attempted.v1": {"carrier_status_code": "NH", "reason": "nobody at home"},
    "carrier.delivery-delayed.v1": {"carrier_status_code": "DY", "reason": "weather"},
    "carrier.delivery-exception.v1": {"carrier_status_code": "EX", "reason": "address not found"},
    "carrier.return-in-transit.v1": {"carrier_status_code": "RS", "reason": "refused by the recipient"},
    "inventory.allocated.v1": {"backordered": ()},
    "inventory.allocation-released.v1": {"reason": "cancelled"},
    "inventory.inventory-adjusted.v1": {"reason": "cycle count"},
    "notification.case-opened.v1": {"reason": "address not found"},
    "notification.notification-failed.v1": {"reason": "mailbox does not exist"},
    "ops.metadata-changed.v1": {"name": "nordhandel", "reason": "new sender address"},
    "ops.partner-profile-changed.v1": {"reason": "new endpoint"},
    "ops.remediation-performed.v1": {"reason": "address corrected at the sender"},
    "order.cancelled.v1": {"reason": "customer changed their mind"},
    "order.changed.v1": {"reason": "new delivery date agreed"},
    "order.completed.v1": {"cancelled_lines": ()},
    "order.return-requested.v1": {"reason": "wrong size"},
    "transport.appointment-scheduled.v1": {"reference": "DOCK-3-0800"},
    "transport.freight-invoice-received.v1": {"amount": {"amount": "6.90", "currency": "EUR"}},
    "transport.return-shipment-planned.v1": {"ship_to": WAREHOUSE},
    "transport.shipment-planned.v1": {"ship_from": WAREHOUSE},
    "transport.tender-accepted.v1": {"reference": "SWT-8801"},
    "transport.tender-rejected.v1": {"reason": "no capacity"},
    "warehouse.pick-shorted.v1": {"lines": ONE_PIECE, "shorted": ONE_PIECE, "reason": "short"},
}
TYPES: dict[Any, Any] = {int: 2, bool: True, float: 1.5, Decimal: Decimal("12.50"), AwareDatetime: NOON, datetime: NOON}


def sample(name: str, annotation: Any) -> Any:  # noqa: ANN401  any annotation, any value
    """Return a value for a field: by its type where that has parts, else by its name."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        return (sample(name, arguments[0]),)
    if origin in (Union, UnionType):
        return sample(name, next(part for part in arguments if part is not type(None)))
    if origin is Annotated:
        return sample(name, arguments[0])
    return plain(name, annotation)


def plain(name: str, kind: Any) -> Any:  # noqa: ANN401
    """Return a value of a type without parts."""
    if name in SAMPLES and isinstance(SAMPLES[name], dict) == _is_model(kind):
        return SAMPLES[name]
    if _is_model(kind):
        return filled(kind)
    if kind is str:
        return name.replace("_", "-")
    if kind in TYPES:
        return TYPES[kind]
    raise TypeError(f"no sample for {name}: {kind!r}")


def _is_model(kind: Any) -> bool:  # noqa: ANN401
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def filled(model: type[BaseModel], special: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Return a value for every field of a model, some of them given."""
    fields = model.model_fields.items()
    return {name: special[name] if name in special else sample(name, field.annotation) for name, field in fields}


def example(event: type[CanonicalEvent]) -> CanonicalEvent:
    """Return an event filled with samples."""
    return event.model_validate(filled(event, OVERRIDES.get(event.type, {})))


def sealed(event: type[CanonicalEvent]) -> dict[str, Any]:
    """Return the example of an event in its envelope, as it travels."""
    made = example(event)
    envelope = seal(
        made,
        event_id=str(uuid.uuid5(NAMESPACE, event.type)),
        source=f"/eu/{event.owner}",
        correlation_id=str(getattr(made, "order_id", made.key)),
        causation_id=None,
        region="eu",
        recorded_at=NOON,
    )
    return envelope.model_dump(mode="json", exclude_none=True)


def files() -> Iterator[tuple[Path, str]]:
    """Yield every golden file and what it should hold."""
    for _, event in sorted(EVENTS.items()):
        for folder, content in (("schemas", schema_of(event)), ("examples", sealed(event))):
            yield CANONICAL / folder / (event.type + SUFFIXES[folder]), text(content)


def text(value: dict[str, Any]) -> str:
    """Return JSON the way it is kept."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def stale() -> list[Path]:
    """Return the golden files that are not as the models want them, and those of events that are gone."""
    wanted = dict(files())
    differ = [
        path for path, content in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != content
    ]
    return differ + [path for path in _kept() if path not in wanted]


def _kept() -> list[Path]:
    return [path for folder in ("schemas", "examples") for path in sorted((CANONICAL / folder).glob("*.json"))]


def write() -> list[Path]:
    """Bring the golden files up to date; returns those that changed."""
    wanted, changed = dict(files()), stale()
    for path in changed:
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, or only check; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file is stale")
    check = parser.parse_args(arguments).check
    changed = stale() if check else write()
    for path in changed:
        sys.stdout.write(f"{'stale' if check else 'wrote'} {path.relative_to(CANONICAL)}\n")
    if check and changed:
        sys.stderr.write("run `make schemas` and commit what it writes\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
