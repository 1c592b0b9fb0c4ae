"""Every event is named, keyed and owned by the same rules."""

import re

import pytest

from canonical import EVENTS, CanonicalEvent
from canonical.subjects import domain_of

OWNERS = {
    "order": "order-release",
    "warehouse": "warehouse-adapter",
    "inventory": "inventory-sync",
    "transport": "transport-planner",
    "carrier": "carrier-gateway",
    "notification": "notification",
    "b2b": "b2b-gateway",
    "ops": "control-tower",
}
each_event = pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.type)


def concrete(event: type[CanonicalEvent]) -> list[type[CanonicalEvent]]:
    """Return an event class and all below it that have a type of their own."""
    found = [event] if "type" in vars(event) else []
    return found + [each for child in event.__subclasses__() for each in concrete(child)]


def test_every_event_class_of_the_contract_is_in_the_catalogue() -> None:
    defined = [event for event in concrete(CanonicalEvent) if event.__module__.startswith("canonical.")]
    assert sorted(event.type for event in defined) == sorted(EVENTS)


@each_event
def test_a_type_is_domain_fact_and_version(event: type[CanonicalEvent]) -> None:
    assert re.fullmatch(r"[a-z0-9]+\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]*", event.type)


@each_event
def test_a_domain_has_one_owner(event: type[CanonicalEvent]) -> None:
    assert event.owner == OWNERS[domain_of(event.type)]


@each_event
def test_every_event_has_its_key(event: type[CanonicalEvent]) -> None:
    assert event.model_fields[event.key_field].is_required()


@each_event
def test_every_event_and_field_says_what_it_means(event: type[CanonicalEvent]) -> None:
    schema = event.model_json_schema()
    models = [schema, *schema.get("$defs", {}).values()]
    assert [model["title"] for model in models if not model.get("description", "").endswith(".")] == []
    fields = [(name, field) for model in models for name, field in model["properties"].items()]
    assert [name for name, field in fields if not field.get("description", "").endswith(".")] == []
