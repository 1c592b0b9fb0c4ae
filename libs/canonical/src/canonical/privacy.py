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


def _classified(schema: dict[str, Any]) -> set[str]:
    models = [schema, *schema.get("$defs", {}).values()]
    return {
        name for model in models for name, field in model.get("properties", {}).items() if "classification" in field
    }


def masked(event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return an event's data with the classified fields hidden; all of them where the catalogue lacks the event."""
    if event_type not in EVENTS:
        return dict.fromkeys(data, MASK)
    hidden = private_fields(event_type)
    return {name: MASK if name in hidden else _mask(value, hidden) for name, value in data.items()}


def _mask(value: Any, hidden: frozenset[str]) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        return {name: MASK if name in hidden else _mask(inner, hidden) for name, inner in value.items()}
    if isinstance(value, list):
        return [_mask(inner, hidden) for inner in value]
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
