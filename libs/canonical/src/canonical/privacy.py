"""Personal data and trade secrets are shown only when asked for; the contract says which fields they are."""

from functools import cache
from typing import Any

from canonical.catalogue import EVENTS

MASK = "•••"
PERSONAL = (
    "name",
    "mail",
    "phone",
    "mobile",
    "street",
    "address",
    "postal",
    "sign",
    "receiver",
    "recipient",
    "consignee",
)
"""Parts of the names of fields in which outside systems keep personal data."""


@cache
def private_fields(event_type: str) -> frozenset[str]:
    """Return the names of fields that an event type's schema classifies."""
    return frozenset(_classified(EVENTS[event_type].model_json_schema()))


@cache
def known_fields(event_type: str) -> frozenset[str]:
    """Return the names of all fields an event type's schema has; what a newer version added may be private."""
    schema = EVENTS[event_type].model_json_schema()
    return frozenset(name for model in _models(schema) for name in model.get("properties", {}))


def _models(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema.get("$defs", {}).values()]


def _classified(schema: dict[str, Any]) -> set[str]:
    return {
        name
        for model in _models(schema)
        for name, field in model.get("properties", {}).items()
        if "classification" in field
    }


def masked(event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return an event's data with the classified fields hidden, and those the catalogue does not know."""
    if event_type not in EVENTS:
        return dict.fromkeys(data, MASK)
    shown = known_fields(event_type) - private_fields(event_type)
    return {name: _mask(value, shown) if name in shown else MASK for name, value in data.items()}


def _mask(value: Any, shown: frozenset[str]) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        return {name: _mask(inner, shown) if name in shown else MASK for name, inner in value.items()}
    if isinstance(value, list):
        return [_mask(inner, shown) for inner in value]
    return value


def masked_by_name(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Return what no schema describes, with every field hidden whose name speaks of a person, however it is spelt."""
    if isinstance(value, dict):
        return {name: MASK if _is_personal(name) and inner else masked_by_name(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked_by_name(inner) for inner in value]
    return value


def _is_personal(name: str) -> bool:
    spelt = name.casefold().replace("_", "").replace("-", "")
    return any(part in spelt for part in PERSONAL)
