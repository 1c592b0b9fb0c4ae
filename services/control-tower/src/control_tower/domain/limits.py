"""The time limits of the flows: what must follow an event, and by when. Data comes from `canonical.flows`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel

from canonical import flows
from canonical.calendars import Calendar, of_site
from canonical.flows import Step
from canonical.subjects import domain_of

from control_tower.domain.working_time import Hold, after, by_clock

RISK_SHARE = 0.8
"""The part of its time after which a deadline is at risk."""
ENDS = frozenset({"order.completed.v1", "order.cancelled.v1"})
"""After these nothing more is awaited of an order."""


class Opened(NamedTuple):
    """When a limit began, when it is at risk, and when due; never, while its flow stands still."""

    at: datetime
    risk_at: datetime | None
    due_at: datetime | None

    def earliest(self, other: "Opened") -> "Opened":
        """Return the earlier of each moment: what is begun twice is due when the first of them is."""
        return Opened(
            min(self.at, other.at), _earlier(self.risk_at, other.risk_at), _earlier(self.due_at, other.due_at)
        )


class Limit(NamedTuple):
    """After one event of a flow, one of the awaited must follow within a time, or by a time of day."""

    flow: str
    after: str
    awaited: tuple[str, ...]
    step: Step

    @property
    def process_domain(self) -> str:
        """Return the domain that owes the step."""
        return domain_of(self.step.event)

    def agreed(self, within_seconds: float, calendar: str | None) -> "Limit":
        """Return the limit with another time."""
        changed = {"within_seconds": within_seconds, "by": None, "calendar": calendar}
        return self._replace(step=self.step.model_copy(update=changed))

    def calendar(self, site: str | None) -> Calendar | None:
        """Return the calendar whose working time counts at a site; None where all time does."""
        return of_site(self.step.calendar, site) if self.step.calendar else None

    def opened(self, at: datetime, site: str | None = None, holds: Sequence[Hold] = ()) -> Opened:
        """Return the moments of the limit that begins with an event at a site."""
        calendar = self.calendar(site)
        if self.step.by and calendar:
            due = by_clock(at, self.step.by, calendar, holds)
            return Opened(at, at + (due - at) * RISK_SHARE if due else None, due)
        within = timedelta(seconds=self.step.within_seconds or 0)
        return Opened(at, after(at, within * RISK_SHARE, calendar, holds), after(at, within, calendar, holds))


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
    process_domain: str
    """The domain that owes the step."""
    responsible: str
    """The service that owes it."""


@cache
def limits() -> tuple[Limit, ...]:
    """Return every limit; steps that stand for each other (allocated, or not) are awaited together, for the longest."""
    found: list[Limit] = []
    for flow in flows.load().values():
        for before in flow.steps:
            awaited = [step for step in flow.steps if before.event in step.after and step.has_limit]
            if awaited:
                longest = max(awaited, key=lambda step: step.within_seconds or 0)
                found.append(Limit(flow.name, before.event, tuple(step.event for step in awaited), longest))
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


def limit_of(flow: str, begun_by: str) -> Limit:
    """Return a limit by its flow and the event it begins with.

    Raises:
        LookupError: the flows have no such limit any more.
    """
    return next(limit for limit in opened_by()[begun_by] if limit.flow == flow)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment), default=None)
