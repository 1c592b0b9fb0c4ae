"""Where an order's time went follows from its events: reactions, calls, and the world outside."""

from typing import Any

import pytest

from control_tower.domain.spent import shares_of, steps_of, until_told_ms
from control_tower.domain.story import Told, tell

from ..fakes import envelope


def event(name: str, at: float, cause: str | None = None, **more: Any) -> dict[str, Any]:
    said = envelope(name, at, causationid=f"SO-1/{cause}" if cause else None, **more).model_dump(mode="json")
    return said | {"source": f"/eu/{more.get('service', 'some-service')}"}


def moved(name: str, happened: float, recorded: float) -> dict[str, Any]:
    """Return something of the world that was recorded later than it happened."""
    return event(name, happened) | {"recordedtime": event(name, recorded)["recordedtime"]}


@pytest.fixture
def story() -> list[Told]:
    return tell(
        [
            moved("order.released.v1", 0, 2),
            event("inventory.allocated.v1", 2.5, "order.released.v1"),
            moved("warehouse.warehouse-order-accepted.v1", 12.5, 13),
            event("warehouse.pack-completed.v1", 100),
            event("transport.shipment-planned.v1", 101, "warehouse.pack-completed.v1"),
            event("notification.notification-sent.v1", 110, "inventory.allocated.v1"),
            event("inventory.inventory-adjusted.v1", 111, "yard.truck-arrived.v1"),
        ]
    )


def test_each_step_takes_the_time_since_what_it_follows(story: list[Told]) -> None:
    found = {step.type: (step.after, step.kind, step.ms, step.reported_ms) for step in steps_of(story)}
    assert found["order.released.v1"] == (None, "outside", 2000, 2000)
    assert found["inventory.allocated.v1"] == ("order.released.v1", "reaction", 500, 0)
    accepted = ("inventory.allocated.v1", "outside", 10_500, 500)
    assert found["warehouse.warehouse-order-accepted.v1"] == accepted
    assert found["transport.shipment-planned.v1"] == ("warehouse.pack-completed.v1", "call", 1000, 0)
    assert found["notification.notification-sent.v1"] == ("inventory.allocated.v1", "call", 107_500, 0)


def test_a_step_is_beside_what_its_flow_allows(story: list[Told]) -> None:
    found = {step.type: step.limit_ms for step in steps_of(story)}
    assert found["inventory.allocated.v1"] == 5000
    assert found["order.released.v1"] is None


def test_a_service_has_the_sum_of_its_steps(story: list[Told]) -> None:
    (share,) = shares_of(steps_of(story))
    assert share.steps == len(steps_of(story))
    assert share.reaction_ms == 500
    assert share.call_ms == 108_500
    assert share.reported_ms == 2500 + 0


def test_the_whole_is_from_the_transaction_to_the_message(story: list[Told]) -> None:
    assert until_told_ms(story) == 110_000
    assert until_told_ms(story[:2]) is None
