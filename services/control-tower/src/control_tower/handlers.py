"""What control-tower publishes: that a step of a flow is late, or about to be; that metadata changed."""

from collections.abc import Sequence

from canonical import CanonicalEvent
from canonical.ops import SlaAtRisk, SlaBreached
from chassis import Clock

from control_tower.domain.limits import Alarm
from control_tower.domain.metadata import Change, next_of, told
from control_tower.ports import MetadataBook


async def sound(alarm: Alarm) -> Sequence[SlaAtRisk]:
    """Say that a deadline is at risk, or breached."""
    kind = SlaBreached if alarm.breached else SlaAtRisk
    return [
        kind(
            occurred_at=alarm.at,
            order_id=alarm.order_id,
            flow=alarm.flow,
            step=" | ".join(alarm.awaited),
            due_at=alarm.due_at,
            process_domain=alarm.process_domain,
            responsible=alarm.responsible,
        )
    ]


async def change(wish: Change, *, metadata: MetadataBook, clock: Clock) -> Sequence[CanonicalEvent]:
    """Make the next revision of a document, and say so.

    Raises:
        Superseded: the author did not know the present one.
    """
    current = await metadata.get(wish.key)
    document = next_of(current, wish, clock.now())
    metadata.put(wish.key, document)
    return [told(current, document)]
