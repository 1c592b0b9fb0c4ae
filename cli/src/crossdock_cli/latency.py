"""Latencies between events, from the streams themselves."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from crossdock_cli.journal import Fact, read_types
from crossdock_cli.layout import Layout

RELEASED, PLANNED, DELIVERED = "order.released.v1", "transport.shipment-planned.v1", "carrier.delivered.v1"
Percentiles = dict[str, float | None]


def percentiles(values: Sequence[float]) -> Percentiles:
    """Return p50 and p99 by nearest rank; None of nothing."""
    ranked = sorted(values)
    if not ranked:
        return {"p50": None, "p99": None}
    return {f"p{p}": round(ranked[max(0, -(-len(ranked) * p // 100) - 1)], 1) for p in (50, 99)}


def between(starts: Iterable[Fact], ends: Iterable[Fact]) -> list[float]:
    """Return milliseconds from each order's first start to its first end, for the orders that have both."""
    first_start, first_end = _first(starts), _first(ends)
    return [
        (first_end[order] - moment).total_seconds() * 1000
        for order, moment in first_start.items()
        if order in first_end and first_end[order] >= moment
    ]


def _first(facts: Iterable[Fact]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for fact in facts:
        if fact.correlation not in found or fact.recorded < found[fact.correlation]:
            found[fact.correlation] = fact.recorded
    return found


async def of_run(layout: Layout, since: datetime) -> dict[str, Percentiles]:
    """Return release → planned and release → delivered of the orders released since a moment."""
    facts = await read_types(layout, (RELEASED, PLANNED, DELIVERED), since)
    by_type = {name: [fact for fact in facts if fact.type == name] for name in (RELEASED, PLANNED, DELIVERED)}
    return {
        "release_to_planned_ms": percentiles(between(by_type[RELEASED], by_type[PLANNED])),
        "release_to_delivered_ms": percentiles(between(by_type[RELEASED], by_type[DELIVERED])),
    }
