"""The time limits of the flows: what must follow an event, and by when. Data comes from `canonical.flows`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel

from canonical import flows

RISK_SHARE = 0.8
"""The part of its time after which a deadline is at risk."""
ENDS = frozenset({"order.completed.v1", "order.cancelled.v1"})
"""After these nothing more is awaited of an order."""


class Limit(NamedTuple):
    """After one event of a flow, one of the awaited must follow within a time."""

    flow: str
    after: str
    awaited: tuple[str, ...]
    within: timedelta

    def due(self, happened_at: datetime) -> datetime:
        """Return when it is due."""
        return happened_at + self.within

    def at_risk(self, happened_at: datetime) -> datetime:
        """Return when it is at risk."""
        return happened_at + self.within * RISK_SHARE


class Alarm(BaseModel):
    """A deadline that is at risk or breached."""

    correlation_id: str
    """The business transaction."""
    order_id: str
    """The order."""
    flow: str
    """The flow."""
    after: str
    """The event that was followed by nothing."""
    awaited: tuple[str, ...]
    """What should have followed."""
    due_at: AwareDatetime
    """By when."""
    at: AwareDatetime
    """When it came to be at risk, or was breached."""
    breached: bool
    """Whether the time is over."""


@cache
def limits() -> tuple[Limit, ...]:
    """Return every limit; steps that stand for each other (allocated, or not) are awaited together."""
    found: list[Limit] = []
    for flow in flows.load().values():
        for before in flow.steps:
            awaited = [step for step in flow.steps if before.event in step.after and step.within_seconds]
            if awaited:
                longest = max(step.within_seconds or 0 for step in awaited)
                names = tuple(step.event for step in awaited)
                found.append(Limit(flow.name, before.event, names, timedelta(seconds=longest)))
    return tuple(found)


@cache
def opened_by() -> Mapping[str, tuple[Limit, ...]]:
    """Return the limits each event type begins."""
    return MappingProxyType(
        {after: tuple(x for x in limits() if x.after == after) for after in {x.after for x in limits()}}
    )


@cache
def met_by() -> Mapping[str, tuple[Limit, ...]]:
    """Return the limits each event type meets."""
    types = {awaited for limit in limits() for awaited in limit.awaited}
    return MappingProxyType({name: tuple(x for x in limits() if name in x.awaited) for name in types})


def limit_of(flow: str, after: str) -> Limit:
    """Return a limit by its flow and the event it begins with.

    Raises:
        LookupError: the flows have no such limit any more.
    """
    return next(limit for limit in opened_by()[after] if limit.flow == flow)
