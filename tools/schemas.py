"""Write the golden JSON Schema and a scrubbed example of every event; `--check` only says which are stale."""

import argparse
import json
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from canonical import EVENTS, CanonicalEvent, seal
from canonical.topology import load

CANONICAL = Path(__file__).parent.parent / "libs" / "canonical"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAMESPACE = uuid.UUID("4a0d3b5e-0c1d-5f6a-8b7c-1d2e3f405162")
SAMPLES: dict[str, Any] = {
    "order_id": "SO-1001",
    "customer_id": "C-0042",
    "shipment_id": "SH-SO-1001-A1-1",
    "warehouse_order_id": "WO-SO-1001-A1",
    "allocation_id": "SO-1001-A1",
    "return_id": "RMA-77",
    "carrier_code": "swiftparcel",
    "service_code": "NEXT-DAY",
    "tracking_number": "SW00000000170",
    "sscc": "340123450000000018",
    "sku": "SKU-0007",
    "site": "DC-BER",
    "return_site": "DC-BER",
    "name": "Ada Berg",
    "street": "Marktstraße 1",
    "city": "Hamburg",
    "postal_code": "20095",
    "country": "DE",
    "email": "ada.berg@example.com",
    "phone": "+49 40 5550100",
    "language": "de",
    "currency": "EUR",
    "line_number": 10,
    "parcels_total": 1,
    "attempt": 1,
    "weight_grams": 900,
    "unit_weight_grams": 450,
    "length_mm": 400,
    "width_mm": 300,
    "height_mm": 200,
    "region": "HH",
    "recipient": "ada.berg@example.com",
    "signed_by": "A. Berg",
}
TYPES: dict[Any, Any] = {int: 2, bool: True, float: 1.5, Decimal: Decimal("12.50"), AwareDatetime: NOON}


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
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return example(kind)
    if name in SAMPLES:
        return SAMPLES[name]
    if kind is str:
        return name.replace("_", "-")
    if kind in TYPES:
        return TYPES[kind]
    raise TypeError(f"no sample for {name}: {kind!r}")


def example(model: type[BaseModel]) -> BaseModel:
    """Return a model filled with samples."""
    return model(**{name: sample(name, field.annotation) for name, field in model.model_fields.items()})


def publisher(event: type[CanonicalEvent]) -> str:
    """Return the service that publishes an event: the one that owns its domain, else the domain itself."""
    domain = event.type.split(".", 1)[0]
    return next((name for name, service in load().services.items() if service.domain == domain), domain)


def sealed(event: type[CanonicalEvent]) -> dict[str, Any]:
    """Return the example of an event in its envelope."""
    made = event.model_validate(example(event).model_dump())
    envelope = seal(
        made,
        event_id=str(uuid.uuid5(NAMESPACE, event.type)),
        source=f"/eu/{publisher(event)}",
        correlation_id=str(getattr(made, "order_id", made.key)),
        causation_id=None,
        region="eu",
        recorded_at=NOON,
    )
    return envelope.model_dump(mode="json", exclude_none=True)


def files() -> Iterator[tuple[Path, str]]:
    """Yield every golden file and what it should hold."""
    for name, event in sorted(EVENTS.items()):
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name}.json"}
        yield CANONICAL / "schemas" / f"{name}.json", text({**schema, **event.model_json_schema()})
        yield CANONICAL / "examples" / f"{name}.json", text(sealed(event))


def text(value: dict[str, Any]) -> str:
    """Return JSON the way it is kept."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def stale() -> list[Path]:
    """Return the golden files that are not as the models want them, and those of events that are gone."""
    wanted = dict(files())
    differ = [path for path, content in wanted.items() if not path.is_file() or path.read_text() != content]
    return differ + [path for path in _kept() if path not in wanted]


def _kept() -> list[Path]:
    return [path for folder in ("schemas", "examples") for path in sorted((CANONICAL / folder).glob("*.json"))]


def write() -> list[Path]:
    """Bring the golden files up to date; returns those that changed."""
    wanted, changed = dict(files()), stale()
    for path in changed:
        if path in wanted:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path])
        else:
            path.unlink()
    return changed


def main() -> int:
    """Write, or only check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file is stale")
    check = parser.parse_args().check
    changed = stale() if check else write()
    for path in changed:
        sys.stdout.write(f"{'stale' if check else 'wrote'} {path.relative_to(CANONICAL)}\n")
    if check and changed:
        sys.stderr.write("run `make schemas` and commit what it writes\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
