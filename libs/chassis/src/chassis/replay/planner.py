"""What a replay would cover, counted in the streams before anything is done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from canonical import topology
from canonical.subjects import ROOT, domain_of
from chassis.clock import Clock
from chassis.consume import Subscription
from chassis.errors import Permanent
from chassis.replay.history import History, Span
from chassis.replay.selection import Plan, Stretch, Wanted
from chassis.settings import Settings

REMEDY = "change-the-request"


@dataclass(frozen=True, slots=True)
class Projection:
    """Tables that follow from events alone."""

    name: str
    tables: tuple[str, ...]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wired:
    """What a service's wiring means for its replays; the mappings fill as the service is wired."""

    service: str
    settings: Settings
    subscriptions: Mapping[str, Subscription]
    projections: Mapping[str, Projection]
    policies: Mapping[str, str]


class Planner:
    """Turns a request into stretches of streams."""

    def __init__(self, wired: Wired, history: History, clock: Clock) -> None:
        self._service, self._region = wired.service, wired.settings.region
        self._subscriptions, self._projections, self._policies = wired.subscriptions, wired.projections, wired.policies
        self._keep = timedelta(days=wired.settings.keep_days - 1)
        self._topology, self._history, self._clock = topology.load(), history, clock

    def subject(self, event_type: str) -> str:
        """Return the stored subjects of an event type."""
        return f"{ROOT}.{self._region}.{event_type}.*.*"

    def ending(self, wanted: Wanted) -> Wanted:
        """Return the request with an end: one that is shown first must cover the same when it is run."""
        if wanted.until or wanted.projection:
            return wanted
        return wanted.model_copy(update={"until": self._clock.now()})

    async def plan(self, wanted: Wanted) -> Plan:
        """Count what a request covers, as the streams are now.

        Raises:
            Permanent: the request names what the service does not have, or a rebuild would lose rows.
            Temporary: the broker does not answer.
        """
        projection = self._projection(wanted)
        types = self._types(wanted, projection)
        found = [stretch for event_type in types if (stretch := await self._stretch(event_type, wanted))]
        total = sum(stretch.count for stretch in found)
        has_start = not projection or all([await self._history.has_start(self._stream(name)) for name in types])
        return Plan(
            service=self._service,
            until=wanted.until,
            types=found,
            total=total,
            seconds=round(total / wanted.rate, 1),
            effects={} if projection else self._policies,
            projection=wanted.projection,
            tables=list(projection.tables) if projection else [],
            has_start=has_start,
        )

    def _projection(self, wanted: Wanted) -> Projection | None:
        if wanted.projection is None:
            return None
        found = self._projections.get(wanted.projection)
        if found is None:
            known = ", ".join(self._projections) or "it has none"
            raise Permanent(f"{self._service} has no projection {wanted.projection}: {known}", remedy=REMEDY)
        if wanted.types or wanted.is_read or wanted.since or wanted.until:
            raise Permanent("a projection is rebuilt from all of its events: give no other criterion", remedy=REMEDY)
        return found

    def _types(self, wanted: Wanted, projection: Projection | None) -> tuple[str, ...]:
        if projection:
            return projection.events
        if unheard := sorted(set(wanted.types) - set(self._subscriptions)):
            known = ", ".join(sorted(self._subscriptions))
            raise Permanent(
                f"{self._service} does not listen to {', '.join(unheard)}: choose from {known}", remedy=REMEDY
            )
        return tuple(sorted(set(wanted.types) or self._subscriptions))

    def _stream(self, event_type: str) -> str:
        return self._topology.stream_of(domain_of(event_type))

    def _since(self, wanted: Wanted) -> datetime | None:
        """Return the start: before it the service no longer knows what it did, save for a rebuild, which needs not."""
        if wanted.projection:
            return None
        known = self._clock.now() - self._keep
        return max(known, wanted.since) if wanted.since else known

    async def _stretch(self, event_type: str, wanted: Wanted) -> Stretch | None:
        stream = self._stream(event_type)
        span = await self._history.span(stream, self.subject(event_type), self._since(wanted), wanted.until)
        if span and wanted.is_read:
            span = await self._narrow(stream, event_type, span, wanted.takes)
        if span is None:
            return None
        repeats = wanted.projection is not None or self._subscriptions[event_type].repeatable
        return Stretch(
            stream=stream,
            next=span.first,
            last=span.last,
            type=event_type,
            count=span.count,
            first_at=span.first_at,
            last_at=span.last_at,
            handled="again" if repeats else "once",
        )

    async def _narrow(self, stream: str, event_type: str, span: Span, takes: Callable[[bytes], bool]) -> Span | None:
        read = self._history.read(stream, self.subject(event_type), span.first, span.last)
        meant = [(stored.sequence, stored.at) async for stored in read if takes(stored.data)]
        if not meant:
            return None
        (first, first_at), (last, last_at) = meant[0], meant[-1]
        return Span(first, last, len(meant), first_at, last_at)
