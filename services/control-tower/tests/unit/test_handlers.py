"""An alarm becomes the event people and services hear."""

from datetime import timedelta

from canonical.ops import SlaAtRisk, SlaBreached

from control_tower.domain.limits import Alarm
from control_tower.handlers import sound

from ..fakes import NOON


def alarm(*, breached: bool) -> Alarm:
    return Alarm(
        correlation_id="SO-1",
        order_id="SO-1",
        flow="order-to-ship",
        after="order.released.v1",
        awaited=("inventory.allocated.v1", "inventory.allocation-failed.v1"),
        due_at=NOON + timedelta(seconds=5),
        at=NOON + timedelta(seconds=5),
        breached=breached,
        process_domain="inventory",
        responsible="inventory-sync",
    )


async def test_a_breach_is_told_with_the_moment_it_was_due() -> None:
    (event,) = await sound(alarm(breached=True))
    assert type(event) is SlaBreached
    assert event.occurred_at == event.due_at == NOON + timedelta(seconds=5)
    assert (event.process_domain, event.responsible) == ("inventory", "inventory-sync")
    assert event.step == "inventory.allocated.v1 | inventory.allocation-failed.v1"


async def test_a_risk_is_no_breach() -> None:
    (event,) = await sound(alarm(breached=False))
    assert type(event) is SlaAtRisk
