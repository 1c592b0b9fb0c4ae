"""What control-tower publishes: that a step of a flow is late, or about to be."""

from collections.abc import Sequence

from canonical.ops import SlaAtRisk, SlaBreached

from control_tower.domain.limits import Alarm


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
